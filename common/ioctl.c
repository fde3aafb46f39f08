// SPDX-License-Identifier: GPL-2.0-only
/*
 * The ioctls: three values, and for each the six verbs of scull_ioctl.h.
 */

#include <linux/capability.h>
#include <linux/compat.h>
#include <linux/fs.h>
#include <linux/lockdep.h>
#include <linux/mm.h>
#include <linux/uaccess.h>

#include "scull.h"
#include "scull_ioctl.h"

enum value { QUANTUM, QSET, ORDER };
enum verb { SET, TELL, GET, QUERY, EXCHANGE, SHIFT };

static const unsigned int commands[][SHIFT + 1] = {
	[QUANTUM] = {
		SCULL_IOCSQUANTUM, SCULL_IOCTQUANTUM, SCULL_IOCGQUANTUM,
		SCULL_IOCQQUANTUM, SCULL_IOCXQUANTUM, SCULL_IOCHQUANTUM,
	},
	[QSET] = {
		SCULL_IOCSQSET, SCULL_IOCTQSET, SCULL_IOCGQSET,
		SCULL_IOCQQSET, SCULL_IOCXQSET, SCULL_IOCHQSET,
	},
	[ORDER] = {
		SCULL_IOCSORDER, SCULL_IOCTORDER, SCULL_IOCGORDER,
		SCULL_IOCQORDER, SCULL_IOCXORDER, SCULL_IOCHORDER,
	},
};

static bool value_valid(enum value which, unsigned long value)
{
	switch (which) {
	case QUANTUM:
		return scull_param_valid(&scull_quantum, value);
	case QSET:
		return scull_param_valid(&scull_qset, value);
	default:
		return value <= get_order(scull_backend.quantum_max);
	}
}

static int value_get(enum value which)
{
	switch (which) {
	case QUANTUM:
		return READ_ONCE(scull_quantum.value);
	case QSET:
		return READ_ONCE(scull_qset.value);
	default:
		return get_order(READ_ONCE(scull_quantum.value));
	}
}

/* The caller has checked the value. */
static void value_set(enum value which, unsigned int value)
{
	lockdep_assert_held(&scull_param_lock);
	switch (which) {
	case QUANTUM:
		WRITE_ONCE(scull_quantum.value, value);
		break;
	case QSET:
		WRITE_ONCE(scull_qset.value, value);
		break;
	default:
		WRITE_ONCE(scull_quantum.value, PAGE_SIZE << value);
	}
}

/* Set a value if it is still @old. Returns whether it was. */
static bool value_replace(enum value which, int old, unsigned int new)
{
	bool same;

	mutex_lock(&scull_param_lock);
	same = value_get(which) == old;
	if (same)
		value_set(which, new);
	mutex_unlock(&scull_param_lock);
	return same;
}

static long value_ioctl(enum value which, enum verb verb, unsigned long arg)
{
	bool sets = verb != GET && verb != QUERY;
	int __user *ptr = (int __user *)arg;
	unsigned long new = arg;
	int old;

	if (sets && !capable(CAP_SYS_ADMIN))
		return -EPERM;
	if (verb == SET || verb == EXCHANGE) {
		if (get_user(old, ptr))
			return -EFAULT;
		new = old;
	}
	if (sets && !value_valid(which, new))
		return -EINVAL;

	/*
	 * Copy out first, so that an error changes nothing; unlocked, because
	 * put_user() may sleep. Retry if the value changed meanwhile.
	 */
	do {
		old = value_get(which);
		if ((verb == GET || verb == EXCHANGE) && put_user(old, ptr))
			return -EFAULT;
	} while (sets && !value_replace(which, old, new));

	return verb == QUERY || verb == SHIFT ? old : 0;
}

static long values_reset(void)
{
	if (!capable(CAP_SYS_ADMIN))
		return -EPERM;

	mutex_lock(&scull_param_lock);
	value_set(QUANTUM, scull_quantum.builtin);
	value_set(QSET, scull_qset.builtin);
	mutex_unlock(&scull_param_lock);
	return 0;
}

/**
 * scull_ioctl() - the ioctls of scull_ioctl.h
 * @file: any device: the values belong to the module
 * @cmd: value and verb
 * @arg: depending on the verb, a value or a pointer to an int
 *
 * Context: Process context. Faults user pages in. Takes and releases
 * scull_param_lock.
 * Return: 0, the value for Query and sHift, or -EPERM, -EINVAL, -EFAULT, -ENOTTY.
 */
long scull_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	enum value which, values = scull_backend.has_order ? ORDER : QSET;
	enum verb verb;

	if (cmd == SCULL_IOCRESET)
		return values_reset();

	for (which = QUANTUM; which <= values; which++)
		for (verb = SET; verb <= SHIFT; verb++)
			if (commands[which][verb] == cmd)
				return value_ioctl(which, verb, arg);
	return -ENOTTY;
}

#ifdef CONFIG_COMPAT
/**
 * scull_compat_ioctl() - scull_ioctl() for a 32-bit program
 * @file: as for scull_ioctl()
 * @cmd: as for scull_ioctl(); an int has the same size in both
 * @arg: a 32-bit pointer, or a value, which must not be converted
 *
 * Context: Process context, as scull_ioctl().
 * Return: as scull_ioctl().
 */
long scull_compat_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	if (_IOC_DIR(cmd) != _IOC_NONE)
		arg = (unsigned long)compat_ptr(arg);
	return scull_ioctl(file, cmd, arg);
}
#endif
