// SPDX-License-Identifier: GPL-2.0-only
/*
 * vmap: the pages of a vmalloc area, which the page table makes contiguous, the guard
 * page after them, and with io=ADDRESS a register of a device.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/init.h>
#include <linux/io.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/uaccess.h>
#include <linux/vmalloc.h>

#define PAGES 4

static unsigned long io;
module_param(io, ulong, 0);
MODULE_PARM_DESC(io, "physical address of a register of 32 bits, see /proc/iomem");

static void __init touch(const char *what, const char *address)
{
	char byte;

	pr_info("%s: %s\n", what,
		copy_from_kernel_nofault(&byte, address, 1) ? "fault" : "readable");
}

static void __init read_register(void)
{
	void __iomem *mapped = ioremap(io, 4);

	if (!mapped)
		return;
	pr_info("register at %#lx, mapped by ioremap(): %#010x\n", io, readl(mapped));
	iounmap(mapped);
}

static int __init vmap_init(void)
{
	char *area = vzalloc(PAGES * PAGE_SIZE);
	int i, contiguous = 0;
	unsigned long pfn, last = 0;

	if (!area)
		return -ENOMEM;
	for (i = 0; i < PAGES; i++) {
		pfn = page_to_pfn(vmalloc_to_page(area + i * PAGE_SIZE));
		pr_info("page %d of the area: page frame %#lx\n", i, pfn);
		contiguous += i && pfn == last + 1;
		last = pfn;
	}
	pr_info("frames that follow the one before: %d of %d\n", contiguous, PAGES - 1);
	touch("last byte", area + PAGES * PAGE_SIZE - 1);
	touch("guard page", area + PAGES * PAGE_SIZE);
	vfree(area);
	if (io)
		read_register();
	return -ENODEV;
}

module_init(vmap_init);

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Lesson: vmalloc and ioremap");

/* Question: touch area + (PAGES + 1) * PAGE_SIZE. Why is it sometimes readable? */
