/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Differences between kernel versions that the lessons meet, as in common/compat.h.
 */
#ifndef LESSONS_COMPAT_H
#define LESSONS_COMPAT_H

/* 6.12: 5f60d5f6bbc1 */
#ifdef HAVE_LINUX_UNALIGNED_H
#include <linux/unaligned.h>
#else
#include <asm/unaligned.h>
#endif

#endif
