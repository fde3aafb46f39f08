// SPDX-License-Identifier: GPL-2.0-only
/*
 * Prints the sizes that types have in a program on this machine, as the book's program
 * does. kdatasize.c does the same in the kernel.
 */

#include <stdint.h>
#include <stdio.h>
#include <sys/utsname.h>

int main(void)
{
	struct utsname name;

	if (uname(&name)) {
		perror("datasize: uname");
		return 1;
	}
	printf("arch   Size:  char  short  int  long   ptr long-long  u8 u16 u32 u64\n");
	printf("%-12s  %3zu   %3zu   %3zu   %3zu   %3zu   %3zu      %3zu %3zu %3zu %3zu\n",
	       name.machine, sizeof(char), sizeof(short), sizeof(int),
	       sizeof(long), sizeof(void *), sizeof(long long), sizeof(uint8_t),
	       sizeof(uint16_t), sizeof(uint32_t), sizeof(uint64_t));
	return 0;
}
