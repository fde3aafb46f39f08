// SPDX-License-Identifier: GPL-2.0-only
/*
 * The alignments that types have in the kernel of this machine, as the book
 * prints them. Says so in the log and refuses to stay.
 *
 * _Alignof tells what a member of a structure gets, which on some machines is
 * less than what __alignof__ recommends.
 */

#include <linux/errno.h>
#include <linux/init.h>
#include <linux/module.h>
#include <linux/printk.h>
#include <linux/types.h>
#include <linux/utsname.h>

static int __init kdataalign_init(void)
{
	pr_info("arch  Align:  char  short  int  long   ptr long-long  u8 u16 u32 u64\n");
	pr_info("%-12s  %3zu   %3zu   %3zu   %3zu   %3zu   %3zu      %3zu %3zu %3zu %3zu\n",
		utsname()->machine, _Alignof(char), _Alignof(short),
		_Alignof(int), _Alignof(long), _Alignof(void *),
		_Alignof(long long), _Alignof(u8), _Alignof(u16), _Alignof(u32),
		_Alignof(u64));
	return -ENODEV;
}

module_init(kdataalign_init);

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Prints the alignments of types in the kernel");
