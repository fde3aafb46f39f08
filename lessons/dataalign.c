// SPDX-License-Identifier: GPL-2.0-only
/*
 * Prints the alignments that types have in a program on this machine, as the book's
 * program does. kdataalign.c does the same in the kernel.
 */

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/utsname.h>

/* The alignment of a member; __alignof__ gives a larger, preferred one on some machines. */
#define ALIGNMENT(type)              \
	offsetof(                    \
		struct {             \
			char first;  \
			type second; \
		},                   \
		second)

int main(void)
{
	struct utsname name;

	if (uname(&name)) {
		perror("dataalign: uname");
		return 1;
	}
	printf("arch  Align:  char  short  int  long   ptr long-long  u8 u16 u32 u64\n");
	printf("%-12s  %3zu   %3zu   %3zu   %3zu   %3zu   %3zu      %3zu %3zu %3zu %3zu\n",
	       name.machine, ALIGNMENT(char), ALIGNMENT(short), ALIGNMENT(int),
	       ALIGNMENT(long), ALIGNMENT(void *), ALIGNMENT(long long),
	       ALIGNMENT(uint8_t), ALIGNMENT(uint16_t), ALIGNMENT(uint32_t),
	       ALIGNMENT(uint64_t));
	return 0;
}
