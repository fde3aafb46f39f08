// SPDX-License-Identifier: GPL-2.0-only
/*
 * bytes: the byte order of a number in memory, and numbers at addresses that are not a
 * multiple of their size.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/init.h>
#include <linux/kconfig.h>
#include <linux/module.h>
#include <linux/types.h>

#include "compat.h"

static int __init bytes_init(void)
{
	/* With the types __le32 and __be32, sparse reports a missing conversion. */
	u32 number = 0x01020304;
	__le32 little = cpu_to_le32(number);
	__be32 big = cpu_to_be32(number);
	u8 message[] = { 0xff, 0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x08 };

	pr_info("this CPU is %s-endian\n",
		IS_ENABLED(CONFIG_CPU_BIG_ENDIAN) ? "big" : "little");
	pr_info("0x01020304 in memory: %*ph, little-endian %*ph, big-endian %*ph\n",
		4, &number, 4, &little, 4, &big);
	pr_info("and back: %#010x %#010x, with the wrong macro %#010x\n",
		le32_to_cpu(little), be32_to_cpu(big), swab32(number));

	/* A plain load of message + 1 would be undefined in C, and fault on some CPUs. */
	pr_info("at an odd address: get_unaligned_le32() %#010x, get_unaligned_be32() %#010x\n",
		get_unaligned_le32(message + 1), get_unaligned_be32(message + 1));
	pr_info("get_unaligned() as this CPU has it: %#llx\n",
		get_unaligned((u64 *)(message + 1)));
	put_unaligned_be16(0xabcd, message + 1);
	pr_info("after put_unaligned_be16(): %*ph\n", (int)sizeof(message), message);
	pr_info("the CPU itself loads unaligned words fast: %s\n",
		IS_ENABLED(CONFIG_HAVE_EFFICIENT_UNALIGNED_ACCESS) ? "yes" : "no");
	return -ENODEV;
}

module_init(bytes_init);

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Lesson: byte order and unaligned access");

/*
 * Question: assign cpu_to_be32() to little. The compiler accepts it; what does
 * `make C=2 CF=-D__CHECK_ENDIAN__` say?
 */
