// SPDX-License-Identifier: GPL-2.0-only
/*
 * pages: blocks of 2^order pages from the buddy allocator. One is split and freed page
 * by page, to show how the lists of free blocks change.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/gfp.h>
#include <linux/init.h>
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/mmzone.h>
#include <linux/module.h>
#include <linux/string.h>

#define ORDER 9
#define GFP (GFP_KERNEL | __GFP_NOWARN)

/* Free blocks of each order in @zone, as in /proc/buddyinfo. */
static void __init free_lists(const char *when, struct zone *zone)
{
	char line[128] = "";
	int order, length = 0;

	for (order = 0; order < ARRAY_SIZE(zone->free_area); order++)
		length += scnprintf(line + length, sizeof(line) - length, " %lu",
				    READ_ONCE(zone->free_area[order].nr_free));
	pr_info("%-9s zone %s free:%s\n", when, zone->name, line);
}

static int __init pages_init(void)
{
	unsigned long zeroed = get_zeroed_page(GFP);
	struct page *block, *local;
	struct zone *zone;
	int order, i;

	if (zeroed)
		pr_info("get_zeroed_page(): %s\n",
			memchr_inv((void *)zeroed, 0, PAGE_SIZE) ? "dirty" : "zeroed");
	free_page(zeroed);

	local = alloc_pages_node(numa_node_id(), GFP, 0);
	if (local) {
		pr_info("alloc_pages_node(%d): a page of node %d\n", numa_node_id(),
			page_to_nid(local));
		__free_page(local);
	}
	for (order = 0; order <= 12; order += 4) {
		block = alloc_pages(GFP, order);
		pr_info("order %2d: %s\n", order, !block ? "refused" :
			page_to_pfn(block) % (1 << order) ? "crooked" : "aligned to its size");
		if (block)
			__free_pages(block, order);
	}

	block = alloc_pages(GFP, ORDER);
	if (!block)
		return -ENOMEM;
	zone = page_zone(block);
	free_lists("taken", zone);
	/* From here on the block is single pages. */
	split_page(block, ORDER);
	for (i = 1; i < 1 << ORDER; i += 2)
		__free_page(block + i);
	free_lists("odd freed", zone);
	for (i = 0; i < 1 << ORDER; i += 2)
		__free_page(block + i);
	free_lists("all freed", zone);
	return -ENODEV;
}

module_init(pages_init);

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Lesson: pages and orders");

/* Question: set ORDER to 3. The lists do not change; where are the pages? */
