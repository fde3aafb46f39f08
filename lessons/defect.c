// SPDX-License-Identifier: GPL-2.0-only
/*
 * defect: makes one mistake, how=NAME, for a tool that finds it. Chapter 8 of the course
 * shows the reports. Only for a VM, because some mistakes break the kernel.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/init.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/slab.h>
#include <linux/string.h>

static char *how = "";
module_param(how, charp, 0);
MODULE_PARM_DESC(how, "oops, overflow, freed, leak or order");

static DEFINE_MUTEX(first);
static DEFINE_MUTEX(second);

struct record {
	char name[16];
	int value;
};

/* Called with NULL, as after a failed lookup whose result is not checked. */
static noinline __noclone void __init set_value(struct record *record)
{
	WRITE_ONCE(record->value, 1);
}

/* Writes one byte. The offset is the caller's mistake. */
static noinline void __init overflow(char *text, size_t size)
{
	WRITE_ONCE(text[size], '!');
}

static noinline void __init in_order(struct mutex *outer, struct mutex *inner)
{
	mutex_lock(outer);
	mutex_lock(inner);
	mutex_unlock(inner);
	mutex_unlock(outer);
}

static int __init defect_init(void)
{
	char *text = kmalloc(60, GFP_KERNEL);
	int i;

	if (!text)
		return -ENOMEM;
	/* Many, because stale pointers to the last objects hide these from kmemleak. */
	for (i = 0; i < 2000 && !strcmp(how, "leak"); i++)
		kstrdup("what was lost", GFP_KERNEL);
	if (!strcmp(how, "overflow"))
		overflow(text, 60);
	kfree(text);
	/* Not the first bytes: there the allocator and KASAN keep pointers. */
	if (!strcmp(how, "freed"))
		overflow(text, 59);
	if (!strcmp(how, "oops"))
		set_value(NULL);
	if (!strcmp(how, "order")) {
		in_order(&first, &second);
		in_order(&second, &first);
	}
	return -ENODEV;
}

module_init(defect_init);

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Lesson: one mistake of a driver");

/*
 * Question: let overflow() write two bytes past the end of an object of 16, with
 * kmalloc(14). What notices it on a kernel without KASAN, and when?
 */
