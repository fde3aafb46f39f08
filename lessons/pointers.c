// SPDX-License-Identifier: GPL-2.0-only
/*
 * pointers: error pointers, and lists whose links are members of the objects.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/err.h>
#include <linux/init.h>
#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/slab.h>

struct note {
	int number;
	struct list_head link;
};

/* A function that returns a pointer can return an error number in it. */
static struct note *__init note_create(int number)
{
	struct note *note;

	if (number < 0)
		return ERR_PTR(-EINVAL);
	note = kzalloc(sizeof(*note), GFP_KERNEL);
	if (!note)
		return ERR_PTR(-ENOMEM);
	note->number = number;
	return note;
}

static int __init pointers_init(void)
{
	struct note *note = note_create(-1), *next;
	LIST_HEAD(notes);
	int i;

	pr_info("ERR_PTR(-EINVAL) as a number: %ld, as %%pe: %pe\n", PTR_ERR(note), note);
	pr_info("IS_ERR() %d, IS_ERR_OR_NULL() %d; of NULL %d, %d\n", IS_ERR(note),
		IS_ERR_OR_NULL(note), IS_ERR(NULL), IS_ERR_OR_NULL(NULL));

	for (i = 1; i <= 3; i++) {
		note = note_create(i);
		if (IS_ERR(note))
			break;
		list_add_tail(&note->link, &notes);
	}
	list_for_each_entry(note, &notes, link)
		pr_info("note %d, its link %td bytes further\n", note->number,
			(char *)&note->link - (char *)note);

	if (!list_empty(&notes)) {
		note = container_of(notes.prev, struct note, link);
		pr_info("container_of() the last link: note %d\n", note->number);
	}
	/* _safe, because it loads the next entry before this one is freed. */
	list_for_each_entry_safe(note, next, &notes, link) {
		list_del(&note->link);
		kfree(note);
	}
	pr_info("the list is %s\n", list_empty(&notes) ? "empty" : "not empty");
	return -ENODEV;
}

module_init(pointers_init);

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Lesson: error pointers and lists");

/*
 * Question: replace list_add_tail() by list_add(). In which order do the notes come
 * now, and which of the two makes a stack?
 */
