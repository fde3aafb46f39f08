// SPDX-License-Identifier: GPL-2.0-only
/*
 * record: a sample as bytes.
 */
#include <linux/fs.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/types.h>
#include <linux/uaccess.h>

struct sample {
	u8 kind;
	u64 stamp;
	u16 count;
};

static DEFINE_MUTEX(sample_lock);	/* guards sample */
static struct sample sample = {
	.kind = 1, .stamp = 0x1122334455667788, .count = 2,
};

static ssize_t record_read(struct file *file, char __user *buf, size_t count,
			   loff_t *pos)
{
	ssize_t ret;

	mutex_lock(&sample_lock);
	ret = simple_read_from_buffer(buf, count, pos, &sample, sizeof(sample));
	mutex_unlock(&sample_lock);
	return ret;
}

static ssize_t record_write(struct file *file, const char __user *buf,
			    size_t count, loff_t *pos)
{
	struct sample new;

	if (count != sizeof(new))
		return -EINVAL;
	if (copy_from_user(&new, buf, sizeof(new)))
		return -EFAULT;
	mutex_lock(&sample_lock);
	sample = new;
	pr_info("kind %u, stamp 0x%llx, count %u\n", sample.kind, sample.stamp,
		sample.count);
	mutex_unlock(&sample_lock);
	return count;
}

static const struct file_operations record_fops = {
	.owner = THIS_MODULE,
	.read = record_read,
	.write = record_write,
};

static struct miscdevice record_device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "record",
	.fops = &record_fops,
};
module_misc_device(record_device);

MODULE_DESCRIPTION("A sample as bytes");
MODULE_LICENSE("GPL");
