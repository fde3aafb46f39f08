// SPDX-License-Identifier: GPL-2.0-only
/*
 * The numbers a user may set, with their ranges: at load, by root under
 * /sys/module, and for the geometry by ioctl.
 */

#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/highmem.h>
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/string.h>
#include <linux/sysfs.h>
#include <linux/vmalloc.h>

#include "scull.h"

static const unsigned int major_max = 511;
static const unsigned int ndevs_max = 1024;
static const unsigned int qset_max = 1 << 20;
static const unsigned int limit_max =
	BITS_PER_LONG == 64 ? UINT_MAX : (unsigned int)(ULONG_MAX >> 20);

/* Makes a change of quantum and qset one step, and an exchange of one of them. */
DEFINE_MUTEX(scull_param_lock);

struct scull_param scull_major = {
	.name = "major", .unit = "(0 to have one chosen)", .max = &major_max,
};

struct scull_param scull_ndevs = {
	.name = "devs", .unit = "devices", .value = 4, .min = 1, .max = &ndevs_max,
};

struct scull_param scull_quantum = {
	.name = "quantum", .unit = "bytes", .value = 4000, .builtin = 4000,
	.min = 1, .max = &scull_backend.quantum_max,
};

struct scull_param scull_qset = {
	.name = "qset", .unit = "quanta", .value = 1000, .builtin = 1000,
	.min = 1, .max = &qset_max,
};

struct scull_param scull_limit = {
	.name = "limit", .unit = "MiB (0 for none)", .max = &limit_max,
};

struct scull_param scull_headroom = {
	.name = "headroom", .unit = "MiB (0 for none)", .max = &limit_max,
};

bool scull_raw_addresses;
int scull_order = -1;

/**
 * scull_param_valid() - is a value within a parameter's range?
 * @p: the parameter
 * @value: the value
 *
 * Context: Any context.
 * Return: whether it is.
 */
bool scull_param_valid(const struct scull_param *p, unsigned long value)
{
	return value >= p->min && value <= *p->max;
}

/*
 * Half of the memory that quanta can be had from. A 32-bit kernel has addresses for
 * a part of RAM only, and in its vmalloc area a gap follows each page.
 */
static unsigned long default_limit_pages(void)
{
	if (!scull_backend.vmalloced)
		return (totalram_pages() - totalhigh_pages()) / 2;
	if (BITS_PER_LONG == 64)
		return totalram_pages() / 2;
	return min_t(unsigned long, totalram_pages() / 2,
		     VMALLOC_TOTAL / 4 >> PAGE_SHIFT);
}

/**
 * scull_param_init() - settle what depends on the machine or on two parameters
 *
 * Context: Process context. Module init, after the parameters were parsed.
 * Return: 0, or -EINVAL if both order and quantum were given.
 */
int scull_param_init(void)
{
	if (scull_order >= 0 && scull_quantum.given) {
		pr_err("order=%d and quantum=%u both give the size of a quantum, choose one\n",
		       scull_order, scull_quantum.value);
		return -EINVAL;
	}
	if (scull_order >= 0)
		scull_quantum.value = PAGE_SIZE << scull_order;
	if (!scull_limit.given)
		scull_limit.value = min_t(unsigned long, limit_max,
					  default_limit_pages() >> (20 - PAGE_SHIFT));
	if (!scull_headroom.given)
		scull_headroom.value = min_t(unsigned long, limit_max,
					     totalram_pages() / 16 >> (20 - PAGE_SHIFT));
	return 0;
}

/**
 * scull_limit_bytes() - how much the module may hold
 *
 * Context: Any context.
 * Return: bytes, ULONG_MAX for no limit.
 */
unsigned long scull_limit_bytes(void)
{
	unsigned long limit = READ_ONCE(scull_limit.value);

	return limit ? limit << 20 : ULONG_MAX;
}

static int param_set(const char *val, const struct kernel_param *kp)
{
	struct scull_param *p = kp->arg;
	unsigned int value;

	if (kstrtouint(val, 0, &value) || !scull_param_valid(p, value)) {
		pr_err("%s=%.*s is not a number from %u to %u %s\n", p->name,
		       (int)strcspn(val, "\n"), val, p->min, *p->max, p->unit);
		return -EINVAL;
	}
	mutex_lock(&scull_param_lock);
	WRITE_ONCE(p->value, value);
	p->given = true;
	mutex_unlock(&scull_param_lock);
	return 0;
}

static int param_get(char *buf, const struct kernel_param *kp)
{
	const struct scull_param *p = kp->arg;

	return sysfs_emit(buf, "%u\n", READ_ONCE(p->value));
}

const struct kernel_param_ops scull_param_ops = {
	.set = param_set,
	.get = param_get,
};

module_param_cb(major, &scull_param_ops, &scull_major, 0444);
MODULE_PARM_DESC(major, "major number, 0 to 511 (default 0: one is chosen)");
module_param_cb(devs, &scull_param_ops, &scull_ndevs, 0444);
MODULE_PARM_DESC(devs, "number of devices, 1 to 1024 (default 4)");
module_param_cb(quantum, &scull_param_ops, &scull_quantum, 0644);
MODULE_PARM_DESC(quantum, "bytes in a quantum (default 4000)");
module_param_cb(qset, &scull_param_ops, &scull_qset, 0644);
MODULE_PARM_DESC(qset, "quanta in a qset, 1 to 1048576 (default 1000)");
module_param_cb(limit, &scull_param_ops, &scull_limit, 0644);
MODULE_PARM_DESC(limit, "MiB that all devices together may hold, 0 for no limit (default half of RAM)");
module_param_cb(headroom, &scull_param_ops, &scull_headroom, 0644);
MODULE_PARM_DESC(headroom, "MiB that the machine is to keep available, 0 for none (default a sixteenth of RAM)");
module_param_named(raw_addresses, scull_raw_addresses, bool, 0444);
MODULE_PARM_DESC(raw_addresses, "show real addresses in /proc to a reader with CAP_SYSLOG (default N)");
