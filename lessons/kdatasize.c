// SPDX-License-Identifier: GPL-2.0-only
/*
 * Logs the sizes that types have in the kernel of this machine, as the book's module
 * does, and then fails to load.
 */

#include <linux/errno.h>
#include <linux/init.h>
#include <linux/module.h>
#include <linux/printk.h>
#include <linux/types.h>
#include <linux/utsname.h>

static int __init kdatasize_init(void)
{
	pr_info("arch   Size:  char  short  int  long   ptr long-long  u8 u16 u32 u64\n");
	pr_info("%-12s  %3zu   %3zu   %3zu   %3zu   %3zu   %3zu      %3zu %3zu %3zu %3zu\n",
		utsname()->machine, sizeof(char), sizeof(short), sizeof(int),
		sizeof(long), sizeof(void *), sizeof(long long), sizeof(u8),
		sizeof(u16), sizeof(u32), sizeof(u64));
	return -ENODEV;
}

module_init(kdatasize_init);

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Prints the sizes of types in the kernel");
