// SPDX-License-Identifier: GPL-2.0-only
/*
 * note: a character device that keeps one line of text. Each write replaces it.
 */
#include <linux/fs.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/uaccess.h>

static DEFINE_MUTEX(note_lock);	/* guards note */
static char *note;

static ssize_t note_read(struct file *file, char __user *buf, size_t count,
			 loff_t *pos)
{
	ssize_t ret;

	mutex_lock(&note_lock);
	ret = simple_read_from_buffer(buf, count, pos, note, strlen(note));
	mutex_unlock(&note_lock);
	return ret;
}

static ssize_t note_write(struct file *file, const char __user *buf,
			  size_t count, loff_t *pos)
{
	char *text = NULL;

	if (count > PAGE_SIZE)
		return -EINVAL;
	/* An empty line clears the note. */
	if (count > 1) {
		text = memdup_user_nul(buf, count);
		if (IS_ERR(text))
			return PTR_ERR(text);
	}
	mutex_lock(&note_lock);
	swap(note, text);
	mutex_unlock(&note_lock);
	kfree(text);
	return count;
}

static const struct file_operations note_fops = {
	.owner = THIS_MODULE,
	.read = note_read,
	.write = note_write,
};

static struct miscdevice note_device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "note",
	.fops = &note_fops,
};

static int __init note_init(void)
{
	return misc_register(&note_device);
}

static void __exit note_exit(void)
{
	misc_deregister(&note_device);
	kfree(note);
}

module_init(note_init);
module_exit(note_exit);
MODULE_DESCRIPTION("Keeps a line of text");
MODULE_LICENSE("GPL");
