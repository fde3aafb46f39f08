// SPDX-License-Identifier: GPL-2.0-only
/*
 * A module with one defect, how=NAME. The harness must report each of them:
 * tests/programs/harness.t loads the module and checks that.
 */
#include <linux/init.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/vmalloc.h>

static char *how = "none";
module_param(how, charp, 0444);
MODULE_PARM_DESC(how, "none, warn, oops, taint, busy, cache, slab, pages, vmalloc or hang");

static int count = 1;
module_param(count, int, 0444);
MODULE_PARM_DESC(count, "of pages or, for slab, objects of that size");

static int __init broken_init(void)
{
	int i;

	if (!strcmp(how, "warn")) {
		WARN_ON(1);
	} else if (!strcmp(how, "oops")) {
		WRITE_ONCE(*(int *)8, 0);
	} else if (!strcmp(how, "taint")) {
		add_taint(TAINT_USER, LOCKDEP_STILL_OK);
	} else if (!strcmp(how, "busy")) {
		__module_get(THIS_MODULE);
	} else if (!strcmp(how, "cache")) {
		/* A cache with a usercopy region is not merged with others. */
		if (!kmem_cache_create_usercopy("scull_broken", 100, 0, 0, 0, 100, NULL))
			return -ENOMEM;
	} else if (!strcmp(how, "pages")) {
		for (i = 0; i < count; i++)
			if (!alloc_page(GFP_KERNEL))
				return -ENOMEM;
	} else if (!strcmp(how, "slab")) {
		for (i = 0; i < count; i++)
			if (!kmalloc(PAGE_SIZE, GFP_KERNEL))
				return -ENOMEM;
	} else if (!strcmp(how, "vmalloc")) {
		if (!vmalloc(PAGE_SIZE))
			return -ENOMEM;
	} else if (!strcmp(how, "hang")) {
		for (;;)
			cpu_relax();
	} else if (strcmp(how, "none")) {
		return -EINVAL;
	}
	return 0;
}

static void __exit broken_exit(void)
{
}

module_init(broken_init);
module_exit(broken_exit);
MODULE_DESCRIPTION("Deliberately broken, to test the test harness");
MODULE_LICENSE("GPL");
