/* SPDX-License-Identifier: GPL-2.0-only WITH Linux-syscall-note */
/*
 * The ioctls of scullc, scullp and scullv, for the modules and for programs.
 *
 * Each parameter has the six verbs of the book:
 *
 *   S  Set through a pointer
 *   T  Tell: the argument is the value
 *   G  Get through a pointer
 *   Q  Query: the value is returned
 *   X  eXchange through a pointer: G and S in one step
 *   H  sHift: Q and T in one step
 *
 * They act on the parameters of the module. A device adopts new values when it is
 * next trimmed. S, T, X, H and RESET need CAP_SYS_ADMIN.
 *
 * Errors: EPERM without the capability, EINVAL for a value out of range,
 * EFAULT for a bad pointer (nothing is changed), ENOTTY for an unknown command
 * and for ORDER on scullc.
 */
#ifndef SCULL_IOCTL_H
#define SCULL_IOCTL_H

#include <linux/ioctl.h>

#define SCULL_IOC_MAGIC		'K'

/* Reset quantum and qset to the built-in values. */
#define SCULL_IOCRESET		_IO(SCULL_IOC_MAGIC, 0)

/* Bytes in a quantum. */
#define SCULL_IOCSQUANTUM	_IOW(SCULL_IOC_MAGIC, 1, int)
#define SCULL_IOCTQUANTUM	_IO(SCULL_IOC_MAGIC, 2)
#define SCULL_IOCGQUANTUM	_IOR(SCULL_IOC_MAGIC, 3, int)
#define SCULL_IOCQQUANTUM	_IO(SCULL_IOC_MAGIC, 4)
#define SCULL_IOCXQUANTUM	_IOWR(SCULL_IOC_MAGIC, 5, int)
#define SCULL_IOCHQUANTUM	_IO(SCULL_IOC_MAGIC, 6)

/* Quanta in a qset. */
#define SCULL_IOCSQSET		_IOW(SCULL_IOC_MAGIC, 7, int)
#define SCULL_IOCTQSET		_IO(SCULL_IOC_MAGIC, 8)
#define SCULL_IOCGQSET		_IOR(SCULL_IOC_MAGIC, 9, int)
#define SCULL_IOCQQSET		_IO(SCULL_IOC_MAGIC, 10)
#define SCULL_IOCXQSET		_IOWR(SCULL_IOC_MAGIC, 11, int)
#define SCULL_IOCHQSET		_IO(SCULL_IOC_MAGIC, 12)

/* The quantum as PAGE_SIZE << order: scullp and scullv only. */
#define SCULL_IOCSORDER		_IOW(SCULL_IOC_MAGIC, 13, int)
#define SCULL_IOCTORDER		_IO(SCULL_IOC_MAGIC, 14)
#define SCULL_IOCGORDER		_IOR(SCULL_IOC_MAGIC, 15, int)
#define SCULL_IOCQORDER		_IO(SCULL_IOC_MAGIC, 16)
#define SCULL_IOCXORDER		_IOWR(SCULL_IOC_MAGIC, 17, int)
#define SCULL_IOCHORDER		_IO(SCULL_IOC_MAGIC, 18)

#endif
