// SPDX-License-Identifier: GPL-2.0-only
/*
 * gfp: the mask of an allocation says what the kernel may do to get the memory.
 * Decodes the common masks, then allocates where the task must not sleep.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/gfp.h>
#include <linux/init.h>
#include <linux/module.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>
#include <linux/spinlock.h>

static bool wrong;
module_param(wrong, bool, 0);
MODULE_PARM_DESC(wrong, "use GFP_KERNEL under the spinlock");

static DEFINE_SPINLOCK(lock);

static void __init decode(const char *name, gfp_t gfp)
{
	pr_info("%-18s %-6s %-7s %-4s %-4s %-8s %s\n", name,
		gfp & __GFP_DIRECT_RECLAIM ? "sleep" : "-",
		gfp & __GFP_KSWAPD_RECLAIM ? "kswapd" : "-",
		gfp & __GFP_IO ? "io" : "-",
		gfp & __GFP_FS ? "fs" : "-",
		gfp & __GFP_HIGH ? "reserves" : "-",
		gfp & __GFP_ACCOUNT ? "account" : "-");
}

#define DECODE(gfp) decode(#gfp, gfp)

static int __init gfp_init(void)
{
	gfp_t gfp = wrong ? GFP_KERNEL : GFP_ATOMIC;
	unsigned int scope;
	void *memory;

	DECODE(GFP_KERNEL);
	DECODE(GFP_KERNEL_ACCOUNT);
	DECODE(GFP_NOFS);
	DECODE(GFP_NOIO);
	DECODE(GFP_NOWAIT);
	DECODE(GFP_ATOMIC);

	/* The scope also applies to functions that are called inside it. */
	scope = memalloc_noio_save();
	decode("in a noio scope", current_gfp_context(GFP_KERNEL));
	memalloc_noio_restore(scope);

	/* A task that holds a spinlock must not sleep. */
	spin_lock(&lock);
	memory = kmalloc(64, gfp);
	spin_unlock(&lock);
	pr_info("under a spinlock with %pGg: %s\n", &gfp,
		memory ? "allocated" : "refused");
	kfree(memory);
	return -ENODEV;
}

module_init(gfp_init);

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Lesson: what GFP flags allow");

/*
 * Question: replace the two memalloc_noio_ by memalloc_nofs_. Which column comes
 * back, and why is this scope enough for a file system, but not for a block driver?
 */
