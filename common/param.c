// SPDX-License-Identifier: GPL-2.0-only
/*
 * The module's parameters, with their ranges. All are set when the module is loaded;
 * quantum, qset, limit and headroom also by root under /sys/module, and the first two
 * by ioctl.
 */

#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/highmem.h>
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/string.h>
#include <linux/sysfs.h>

#include "scull.h"

static const unsigned int major_max = 511;
static const unsigned int ndevs_max = 1024;
static const unsigned int qset_max = 1 << 20;
static const unsigned int limit_max =
	BITS_PER_LONG == 64 ? UINT_MAX : (unsigned int)(ULONG_MAX >> 20);

/* See param.h. */
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

/**
 * scull_param_valid() - check a value against a parameter's range
 * @p: the parameter
 * @value: the value
 *
 * Context: Any context.
 * Return: true if it is in the range.
 */
bool scull_param_valid(const struct scull_param *p, unsigned long value)
{
	return value >= p->min && value <= *p->max;
}

/* Pages of the memory that quanta can come from */
static unsigned long memory_pages(void)
{
	if (scull_backend.memory_pages)
		return scull_backend.memory_pages();
	/* A 32-bit kernel maps only a part of RAM directly. */
	return totalram_pages() - totalhigh_pages();
}

/* Set a parameter that was not given to the size of @pages, in MiB. */
static void set_default(struct scull_param *p, unsigned long pages)
{
	if (!p->given)
		WRITE_ONCE(p->value, min_t(unsigned long, limit_max,
					   pages >> (20 - PAGE_SHIFT)));
}

/**
 * scull_param_init() - check parameters together, and set defaults
 *
 * Context: Process context. Module init, after each parameter was parsed. Root can
 * already write those under /sys/module. Takes and releases scull_param_lock.
 * Return: 0, or the error of the backend's init.
 */
int scull_param_init(void)
{
	int err = 0;

	mutex_lock(&scull_param_lock);
	if (scull_backend.init)
		err = scull_backend.init();
	if (!err) {
		set_default(&scull_limit, memory_pages() / 2);
		set_default(&scull_headroom, totalram_pages() / 16);
	}
	mutex_unlock(&scull_param_lock);
	return err;
}

/**
 * scull_param_geometry() - the present geometry of the module
 * @bytes: set to the length of a quantum
 * @qset: set to the length of a qset, which belongs to @bytes
 *
 * Context: Process context. Takes and releases scull_param_lock.
 */
void scull_param_geometry(unsigned int *bytes, unsigned int *qset)
{
	mutex_lock(&scull_param_lock);
	*bytes = scull_quantum.value;
	*qset = scull_qset.value;
	mutex_unlock(&scull_param_lock);
}

/**
 * scull_limit_bytes() - the limit of the module
 *
 * Context: Any context.
 * Return: the limit in bytes, ULONG_MAX for none.
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

static const struct kernel_param_ops param_ops = {
	.set = param_set,
	.get = param_get,
};

module_param_cb(major, &param_ops, &scull_major, 0444);
MODULE_PARM_DESC(major, "major number, 0 to 511 (default 0: one is chosen)");
module_param_cb(devs, &param_ops, &scull_ndevs, 0444);
MODULE_PARM_DESC(devs, "number of devices, 1 to 1024 (default 4)");
module_param_cb(quantum, &param_ops, &scull_quantum, 0644);
MODULE_PARM_DESC(quantum, "bytes in a quantum (default 4000)");
module_param_cb(qset, &param_ops, &scull_qset, 0644);
MODULE_PARM_DESC(qset, "quanta in a qset, 1 to 1048576 (default 1000)");
module_param_cb(limit, &param_ops, &scull_limit, 0644);
MODULE_PARM_DESC(limit, "MiB that all devices together may hold, 0 for no limit (default half of RAM)");
module_param_cb(headroom, &param_ops, &scull_headroom, 0644);
MODULE_PARM_DESC(headroom, "MiB that the machine is to keep available, 0 for none (default a sixteenth of RAM)");
module_param_named(raw_addresses, scull_raw_addresses, bool, 0444);
MODULE_PARM_DESC(raw_addresses, "show real addresses in /proc to a reader with CAP_SYSLOG (default N)");
