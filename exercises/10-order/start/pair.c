// SPDX-License-Identifier: GPL-2.0-only
/*
 * pair: two accounts, and money that is moved from one to the other.
 */
#include <linux/delay.h>
#include <linux/fs.h>
#include <linux/kernel.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/string.h>
#include <linux/uaccess.h>

static DEFINE_MUTEX(first_lock);
static DEFINE_MUTEX(second_lock);

static struct account {
	struct mutex *lock;	/* guards balance */
	int balance;
} accounts[] = {
	{ &first_lock, 100 },
	{ &second_lock, 100 },
};

static void move(struct account *from, struct account *to, int amount)
{
	mutex_lock(from->lock);
	mutex_lock(to->lock);
	from->balance -= amount;
	msleep(20);
	to->balance += amount;
	mutex_unlock(to->lock);
	mutex_unlock(from->lock);
}

static ssize_t pair_write(struct file *file, const char __user *buf,
			  size_t count, loff_t *pos)
{
	unsigned int from, to;
	char line[32] = "";
	int amount;

	if (count >= sizeof(line))
		return -EINVAL;
	if (copy_from_user(line, buf, count))
		return -EFAULT;
	if (sscanf(line, "%u %u %d", &from, &to, &amount) != 3 ||
	    from > 1 || to > 1 || from == to)
		return -EINVAL;
	move(&accounts[from], &accounts[to], amount);
	return count;
}

static ssize_t pair_read(struct file *file, char __user *buf, size_t count,
			 loff_t *pos)
{
	char line[32];

	mutex_lock(&first_lock);
	mutex_lock(&second_lock);
	scnprintf(line, sizeof(line), "%d %d\n", accounts[0].balance,
		  accounts[1].balance);
	mutex_unlock(&second_lock);
	mutex_unlock(&first_lock);
	return simple_read_from_buffer(buf, count, pos, line, strlen(line));
}

static const struct file_operations pair_fops = {
	.owner = THIS_MODULE,
	.read = pair_read,
	.write = pair_write,
};

static struct miscdevice pair_device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "pair",
	.fops = &pair_fops,
};
module_misc_device(pair_device);

MODULE_DESCRIPTION("Two accounts");
MODULE_LICENSE("GPL");
