// SPDX-License-Identifier: GPL-2.0-only
/*
 * zones: the nodes and zones of this machine, and which zone serves which request.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/gfp.h>
#include <linux/init.h>
#include <linux/io.h>
#include <linux/mm.h>
#include <linux/mmzone.h>
#include <linux/module.h>
#include <linux/nodemask.h>
#include <linux/pfn.h>

static void __init tell(int node, struct zone *zone)
{
	phys_addr_t first = PFN_PHYS(zone->zone_start_pfn);
	phys_addr_t last = PFN_PHYS(zone_end_pfn(zone)) - 1;

	pr_info("node %d zone %-7s from %pa to %pa: %lu pages\n", node, zone->name,
		&first, &last, zone_managed_pages(zone));
}

static void __init request(const char *name, gfp_t gfp)
{
	struct page *page = alloc_page(gfp | __GFP_NOWARN);
	phys_addr_t address;

	if (!page) {
		pr_info("%-12s refused\n", name);
		return;
	}
	address = page_to_phys(page);
	pr_info("%-12s node %d zone %-7s page at %pa%s\n", name, page_to_nid(page),
		page_zone(page)->name, &address,
		PageHighMem(page) ? ", without a kernel address" : "");
	__free_page(page);
}

static int __init zones_init(void)
{
	struct zone *zone;
	int node, i;

	for_each_online_node(node) {
		for (i = 0; i < MAX_NR_ZONES; i++) {
			zone = &NODE_DATA(node)->node_zones[i];
			if (populated_zone(zone))
				tell(node, zone);
		}
	}
	request("GFP_DMA", GFP_KERNEL | GFP_DMA);
	request("GFP_DMA32", GFP_KERNEL | GFP_DMA32);
	request("GFP_KERNEL", GFP_KERNEL);
	request("GFP_HIGHUSER", GFP_HIGHUSER);
	return -ENODEV;
}

module_init(zones_init);

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Lesson: zones and nodes");

/*
 * Question: request GFP_HIGHUSER_MOVABLE, too, in a VM started with movablecore=64M.
 * Which zone serves it, and why not the others?
 */
