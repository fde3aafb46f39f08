// SPDX-License-Identifier: GPL-2.0-only
/*
 * old: a character device that stores a name, written for Linux 6.1.
 */
#include <linux/cdev.h>
#include <linux/device.h>
#include <linux/fs.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/string.h>
#include <linux/uaccess.h>

static DEFINE_MUTEX(old_lock);	/* guards old_name */
static char old_name[32] = "nobody";
static struct class *old_class;
static struct cdev old_cdev;
static dev_t old_devt;

static ssize_t old_read(struct file *file, char __user *buf, size_t count,
			loff_t *pos)
{
	ssize_t ret;

	mutex_lock(&old_lock);
	ret = simple_read_from_buffer(buf, count, pos, old_name, strlen(old_name));
	mutex_unlock(&old_lock);
	return ret;
}

static ssize_t old_write(struct file *file, const char __user *buf,
			 size_t count, loff_t *pos)
{
	char text[100] = "";
	size_t len;

	if (count >= sizeof(text))
		return -EINVAL;
	if (copy_from_user(text, buf, count))
		return -EFAULT;
	mutex_lock(&old_lock);
	len = strlcpy(old_name, strim(text), sizeof(old_name));
	mutex_unlock(&old_lock);
	if (len >= sizeof(old_name))
		pr_info("the name is cut, it had %zu bytes\n", len);
	return count;
}

static const struct file_operations old_fops = {
	.owner = THIS_MODULE,
	.read = old_read,
	.write = old_write,
	.llseek = no_llseek,
};

static char *old_devnode(struct device *dev, umode_t *mode)
{
	if (mode)
		*mode = 0666;
	return NULL;
}

static int __init old_init(void)
{
	struct device *node;
	int err;

	err = alloc_chrdev_region(&old_devt, 0, 1, "old");
	if (err)
		return err;
	old_class = class_create(THIS_MODULE, "old");
	if (IS_ERR(old_class)) {
		err = PTR_ERR(old_class);
		goto unregister_region;
	}
	old_class->devnode = old_devnode;
	cdev_init(&old_cdev, &old_fops);
	old_cdev.owner = THIS_MODULE;
	err = cdev_add(&old_cdev, old_devt, 1);
	if (err)
		goto destroy_class;
	node = device_create(old_class, NULL, old_devt, NULL, "old0");
	if (IS_ERR(node)) {
		err = PTR_ERR(node);
		goto delete_cdev;
	}
	return 0;

delete_cdev:
	cdev_del(&old_cdev);
destroy_class:
	class_destroy(old_class);
unregister_region:
	unregister_chrdev_region(old_devt, 1);
	return err;
}

static void __exit old_exit(void)
{
	device_destroy(old_class, old_devt);
	cdev_del(&old_cdev);
	class_destroy(old_class);
	unregister_chrdev_region(old_devt, 1);
}

module_init(old_init);
module_exit(old_exit);
MODULE_DESCRIPTION("Keeps a name");
MODULE_LICENSE("GPL");
