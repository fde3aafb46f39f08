// SPDX-License-Identifier: GPL-2.0-only
/*
 * Logs the alignments that types have in the kernel of this machine, as the book's module
 * does, and then fails to load.
 */

#include <linux/errno.h>
#include <linux/init.h>
#include <linux/module.h>
#include <linux/printk.h>
#include <linux/stddef.h>
#include <linux/types.h>
#include <linux/utsname.h>

/* The alignment of a member; __alignof__ gives a larger, preferred one on some machines. */
#define ALIGNMENT(type)              \
	offsetof(                    \
		struct {             \
			char first;  \
			type second; \
		},                   \
		second)

static int __init kdataalign_init(void)
{
	pr_info("arch  Align:  char  short  int  long   ptr long-long  u8 u16 u32 u64\n");
	pr_info("%-12s  %3zu   %3zu   %3zu   %3zu   %3zu   %3zu      %3zu %3zu %3zu %3zu\n",
		utsname()->machine, ALIGNMENT(char), ALIGNMENT(short),
		ALIGNMENT(int), ALIGNMENT(long), ALIGNMENT(void *),
		ALIGNMENT(long long), ALIGNMENT(u8), ALIGNMENT(u16),
		ALIGNMENT(u32), ALIGNMENT(u64));
	return -ENODEV;
}

module_init(kdataalign_init);

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Prints the alignments of types in the kernel");
