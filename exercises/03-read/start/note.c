// SPDX-License-Identifier: GPL-2.0-only
/*
 * note: a character device that stores a page of text.
 */
#include <linux/fs.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/uaccess.h>

static DEFINE_MUTEX(note_lock);	/* guards note and note_size */
static char note[4096];
static size_t note_size;

static ssize_t note_read(struct file *file, char __user *buf, size_t count,
			 loff_t *pos)
{
	/* Yours */
	return 0;
}

static ssize_t note_write(struct file *file, const char __user *buf,
			  size_t count, loff_t *pos)
{
	size_t left;

	if (*pos >= sizeof(note))
		return -ENOSPC;
	count = min_t(size_t, count, sizeof(note) - *pos);

	mutex_lock(&note_lock);
	left = copy_from_user(note + *pos, buf, count);
	count -= left;
	*pos += count;
	note_size = max_t(size_t, note_size, *pos);
	mutex_unlock(&note_lock);
	return count ?: left ? -EFAULT : 0;
}

static const struct file_operations note_fops = {
	.owner = THIS_MODULE,
	.read = note_read,
	.write = note_write,
	.llseek = default_llseek,
};

static struct miscdevice note_device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "note",
	.fops = &note_fops,
};
module_misc_device(note_device);

MODULE_DESCRIPTION("Keeps a page of text");
MODULE_LICENSE("GPL");
