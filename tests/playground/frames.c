// SPDX-License-Identifier: GPL-2.0-only
/*
 * Prints what each page frame of the machine is used for, from /proc/kpageflags, as
 * runs of a letter and a length: f free, s slab, u of user space or the page cache,
 * r reserved or no memory, k anything else that the kernel allocated.
 */

#include <fcntl.h>
#include <linux/kernel-page-flags.h>
#include <stdint.h>
#include <stdio.h>
#include <unistd.h>

#define BIT(nr) (1ULL << (nr))
/* Only the kernel's own copy of the header has it. */
#define KPF_RESERVED 32

static char use(uint64_t flags)
{
	if (flags & (BIT(KPF_NOPAGE) | BIT(KPF_RESERVED) | BIT(KPF_HWPOISON)))
		return 'r';
	if (flags & BIT(KPF_BUDDY))
		return 'f';
	if (flags & BIT(KPF_SLAB))
		return 's';
	if (flags & (BIT(KPF_LRU) | BIT(KPF_MMAP) | BIT(KPF_ANON)))
		return 'u';
	return 'k';
}

int main(void)
{
	static uint64_t flags[8192];
	int fd = open("/proc/kpageflags", O_RDONLY);
	unsigned long length = 0;
	char last = 0;
	ssize_t got;

	while ((got = read(fd, flags, sizeof(flags))) > 0) {
		for (size_t i = 0; i < got / sizeof(*flags); i++) {
			char now = use(flags[i]);

			if (now != last && length) {
				printf("%c%lu", last, length);
				length = 0;
			}
			last = now;
			length++;
		}
	}
	printf("%c%lu\n", last, length);
	return got < 0;
}
