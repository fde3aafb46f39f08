/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Every difference between kernel versions, and nothing else. The code is
 * written for the newest kernel; an entry here supplies what an older one lacks,
 * under the newer name. HAVE_* are probed in core.kbuild, because distributions
 * backport and a version number would lie.
 *
 * Each begins with the version and the commit that made it superfluous, and goes
 * when Kbuild accepts nothing older than that.
 */
#ifndef SCULL_COMPAT_H
#define SCULL_COMPAT_H

#include <linux/fs.h>
#include <linux/gfp.h>
#include <linux/slab.h>
#include <linux/uio.h>

/*
 * 7.1: 3caedb3b99ea. From 6.19 on (07003531e03c) vmalloc warned of
 * __GFP_RETRY_MAYFAIL and went on without it, so that a failure invoked the OOM killer.
 */
#ifdef HAVE_VMALLOC_MAYFAIL
#define __GFP_VMALLOC_MAYFAIL __GFP_RETRY_MAYFAIL
#else
#define __GFP_VMALLOC_MAYFAIL __GFP_NORETRY
#endif

/* 6.5: 69df79a45111 */
#ifndef HAVE_COPY_SPLICE_READ
#define copy_splice_read generic_file_splice_read
#endif

/*
 * 6.5: d0bf7d5759c1. Below that a usercopy region prevents merging. From 6.2 on it does
 * so only with CONFIG_HARDENED_USERCOPY; without that the cache can be merged.
 */
#ifndef SLAB_NO_MERGE
#define SLAB_NO_MERGE 0
#endif

/* 6.3: bc292ab00f6c */
#ifndef HAVE_VM_FLAGS_SET
#define vm_flags_set(vma, flags) ((vma)->vm_flags |= (flags))
#endif

/* 6.2: 23680f0b7d7f, the type of the argument of class.dev_uevent */
#ifdef HAVE_CONST_UEVENT
#define SCULL_UEVENT_DEVICE const struct device
#else
#define SCULL_UEVENT_DEVICE struct device
#endif

/* 6.2: de4eda9de2d9 */
#ifndef ITER_DEST
#define ITER_DEST READ
#define ITER_SOURCE WRITE
#endif

/* 6.0: fcb14cb1bdac */
#ifndef HAVE_IOV_ITER_UBUF
#define user_backed_iter iter_is_iovec
#endif

/*
 * 6.0: fcb14cb1bdac. The compound literal lives until the end of the caller's block. Its
 * length can exceed @count.
 */
#ifndef HAVE_IOV_ITER_UBUF
#define iov_iter_ubuf(iter, direction, buf, count)			\
	iov_iter_init(iter, direction,					\
		      &(struct iovec){ (buf), MAX_RW_COUNT }, 1, count)
#endif

/* 5.12: 0ce20dd84089 */
#ifdef HAVE_KFENCE
#include <linux/kfence.h>
#else
static inline bool is_kfence_address(const void *address)
{
	return false;
}
#endif

/*
 * 5.11: 18b2db3b0385. Below that the page type of an accounted page shares a field with
 * the map count, so pages that can be mapped cannot be accounted.
 */
#ifdef HAVE_PG_KMEMCG
#define __GFP_ACCOUNT_MAPPED 0
#else
#define __GFP_ACCOUNT_MAPPED __GFP_ACCOUNT
#endif

#endif
