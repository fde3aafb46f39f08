// SPDX-License-Identifier: GPL-2.0-only
/*
 * The parameter order, for backends whose quantum can be whole pages: the length of a
 * quantum as PAGE_SIZE << order. It is set only when the module is loaded. Under
 * /sys/module it shows the order of the present quantum.
 */

#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/kernel.h>
#include <linux/lockdep.h>
#include <linux/mm.h>
#include <linux/moduleparam.h>
#include <linux/string.h>
#include <linux/sysfs.h>

#include "scull.h"

/* The order given at load, -1 if none */
static int given_order = -1;

static int order_set(const char *val, const struct kernel_param *kp)
{
	unsigned int order, max = get_order(scull_backend.quantum_max);

	if (kstrtouint(val, 0, &order) || order > max) {
		pr_err("order=%.*s is not a number from 0 to %u\n",
		       (int)strcspn(val, "\n"), val, max);
		return -EINVAL;
	}
	given_order = order;
	return 0;
}

static int order_get(char *buf, const struct kernel_param *kp)
{
	return sysfs_emit(buf, "%u\n", get_order(READ_ONCE(scull_quantum.value)));
}

/**
 * scull_order_init() - set the quantum by the order, if it was given
 *
 * Context: Process context. Module init. Caller holds scull_param_lock.
 * Return: 0, or -EINVAL if the quantum was given, too.
 */
int scull_order_init(void)
{
	lockdep_assert_held(&scull_param_lock);
	if (given_order < 0)
		return 0;
	if (scull_quantum.given) {
		pr_err("order=%d and quantum=%u both give the size of a quantum, choose one\n",
		       given_order, scull_quantum.value);
		return -EINVAL;
	}
	WRITE_ONCE(scull_quantum.value, PAGE_SIZE << given_order);
	return 0;
}

static const struct kernel_param_ops order_ops = {
	.set = order_set,
	.get = order_get,
};

module_param_cb(order, &order_ops, NULL, 0444);
MODULE_PARM_DESC(order, "a quantum of PAGE_SIZE << order bytes, instead of quantum");
