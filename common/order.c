// SPDX-License-Identifier: GPL-2.0-only
/*
 * The parameter order, for the modules whose quantum can be whole pages: the
 * quantum given as PAGE_SIZE << order. It is read at load only, and shows the order
 * that a quantum takes now.
 */

#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/moduleparam.h>
#include <linux/string.h>
#include <linux/sysfs.h>

#include "scull.h"

static int order_set(const char *val, const struct kernel_param *kp)
{
	unsigned int order, max = get_order(scull_backend.quantum_max);

	if (kstrtouint(val, 0, &order) || order > max) {
		pr_err("order=%.*s is not a number from 0 to %u\n",
		       (int)strcspn(val, "\n"), val, max);
		return -EINVAL;
	}
	scull_order = order;
	return 0;
}

static int order_get(char *buf, const struct kernel_param *kp)
{
	return sysfs_emit(buf, "%u\n", get_order(READ_ONCE(scull_quantum.value)));
}

static const struct kernel_param_ops order_ops = {
	.set = order_set,
	.get = order_get,
};

module_param_cb(order, &order_ops, NULL, 0444);
MODULE_PARM_DESC(order, "a quantum of PAGE_SIZE << order bytes, instead of quantum");
