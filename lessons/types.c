// SPDX-License-Identifier: GPL-2.0-only
/*
 * types: the padding of a struct, and how to print types whose size depends on the
 * machine. kdatasize.c and kdataalign.c print the sizes of the basic types.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/init.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/sched.h>
#include <linux/stddef.h>
#include <linux/types.h>

/* The same members: unsorted, the largest first, and without padding. */
struct loose {
	u8 flag;
	u64 address;
	u16 length;
};

struct sorted {
	u64 address;
	u16 length;
	u8 flag;
};

struct packed {
	u8 flag;
	u64 address;
	u16 length;
} __packed;

#define TELL(type)                                                            \
	pr_info("%-13s %2zu bytes, aligned to %zu: flag at %zu, address at %zu, length at %zu\n", \
		#type, sizeof(type), __alignof__(type), offsetof(type, flag), \
		offsetof(type, address), offsetof(type, length))

static int __init types_init(void)
{
	u64 wide = 1ULL << 40;
	size_t size = sizeof(struct loose);
	ptrdiff_t difference = -1;
	loff_t offset = 1LL << 40;
	sector_t sector = 8;
	dma_addr_t bus = 0x1000;
	phys_addr_t physical = 0x2000;

	TELL(struct loose);
	TELL(struct sorted);
	TELL(struct packed);

	pr_info("u64 %%llu: %llu, size_t %%zu: %zu, ptrdiff_t %%td: %td\n", wide, size,
		difference);
	pr_info("loff_t %%lld: %lld, sector_t %%llu: %llu, pid_t %%d: %d\n", offset,
		(unsigned long long)sector, task_pid_nr(current));
	pr_info("dma_addr_t %%pad: %pad, phys_addr_t %%pa: %pa\n", &bus, &physical);
	pr_info("PAGE_SIZE %lu is 1 << PAGE_SHIFT %d; 10000 bytes are %lu pages, order %d\n",
		PAGE_SIZE, PAGE_SHIFT, PFN_UP(10000UL), get_order(10000));
	return -ENODEV;
}

module_init(types_init);

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Lesson: sizes and alignment of types");

/*
 * Question: move flag of struct loose to its end. How many bytes does it have now, and
 * why not 11?
 */
