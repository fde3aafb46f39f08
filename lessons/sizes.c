// SPDX-License-Identifier: GPL-2.0-only
/*
 * sizes: the size of the object that kmalloc() returns for a request, its maximum, and
 * kvmalloc() for more than that.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/init.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/slab.h>

/* The size of the object that kmalloc() returns for @bytes, 0 if it fails. */
static size_t __init got(size_t bytes)
{
	void *object = kmalloc(bytes, GFP_KERNEL | __GFP_NOWARN);
	size_t size = object ? ksize(object) : 0;

	kfree(object);
	return size;
}

static int __init sizes_init(void)
{
	size_t first = 1, most = KMALLOC_MAX_SIZE, size;
	void *memory;

	/* Go on with the smallest size that does not fit into this object. */
	while (first <= most) {
		size = got(first);
		if (!size) {
			pr_info("%zu bytes: no contiguous memory now\n", first);
			break;
		}
		pr_info("%8zu to %8zu bytes: %8zu, kmalloc_size_roundup() says %zu\n",
			first, size, size, kmalloc_size_roundup(first));
		first = size + 1;
	}

	pr_info("KMALLOC_MAX_CACHE_SIZE is %lu, KMALLOC_MAX_SIZE %zu\n",
		KMALLOC_MAX_CACHE_SIZE, most);
	pr_info("kmalloc() of %zu: %s\n", most + 1, got(most + 1) ? "given" : "refused");
	/* With 64 KiB pages this is half a GiB: it must not invoke the OOM killer. */
	memory = kvmalloc(most + 1, GFP_KERNEL | __GFP_NORETRY | __GFP_NOWARN);
	pr_info("kvmalloc() of %zu: %s\n", most + 1,
		!memory ? "refused" : is_vmalloc_addr(memory) ? "vmalloc" : "kmalloc");
	kvfree(memory);
	return -ENODEV;
}

module_init(sizes_init);

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Lesson: the sizes of kmalloc");

/*
 * Question: add __GFP_ACCOUNT to the flags in got(). Do the sizes change, and which
 * rows of /proc/slabinfo serve them now?
 */
