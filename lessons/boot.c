// SPDX-License-Identifier: GPL-2.0-only
/*
 * boot: memory that was reserved at boot. at=ADDRESS uses memory that memmap=SIZE$ADDRESS
 * reserved. Then allocates a block so large that, with pages of 4 KiB, it has to come
 * from CMA, cma=SIZE.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/dma-mapping.h>
#include <linux/init.h>
#include <linux/io.h>
#include <linux/ioport.h>
#include <linux/module.h>
#include <linux/platform_device.h>
#include <linux/sizes.h>

static unsigned long at;
module_param(at, ulong, 0);
MODULE_PARM_DESC(at, "physical address of 1 MiB that memmap= has reserved");

static void __init take(void)
{
	u32 *memory;

	if (region_intersects(at, SZ_1M, IORESOURCE_SYSTEM_RAM, IORES_DESC_NONE) !=
	    REGION_DISJOINT) {
		pr_info("at %#lx: System RAM, the kernel uses it\n", at);
		return;
	}
	if (!request_mem_region(at, SZ_1M, "lesson")) {
		pr_info("at %#lx: requested by another driver\n", at);
		return;
	}
	memory = memremap(at, SZ_1M, MEMREMAP_WB);
	if (memory) {
		WRITE_ONCE(memory[SZ_1M / sizeof(*memory) - 1], 0x5c011);
		pr_info("at %#lx: 1 MiB is ours, its last word %#x\n", at,
			READ_ONCE(memory[SZ_1M / sizeof(*memory) - 1]));
		memunmap(memory);
	}
	release_mem_region(at, SZ_1M);
}

static void __init contiguous(struct device *dev)
{
	dma_addr_t bus;
	void *memory;

	dev->dma_mask = &dev->coherent_dma_mask;
	dma_set_mask_and_coherent(dev, DMA_BIT_MASK(32));
	memory = dma_alloc_coherent(dev, SZ_16M, &bus, GFP_KERNEL | __GFP_NOWARN);
	if (!memory) {
		pr_info("16 MiB in one piece: refused\n");
		return;
	}
	pr_info("16 MiB in one piece: at %pad\n", &bus);
	dma_free_coherent(dev, SZ_16M, memory, bus);
}

static int __init boot_init(void)
{
	struct platform_device *device;

	device = platform_device_register_simple("lesson", PLATFORM_DEVID_NONE, NULL, 0);
	if (IS_ERR(device))
		return PTR_ERR(device);
	if (at)
		take();
	contiguous(&device->dev);
	platform_device_unregister(device);
	return -ENODEV;
}

module_init(boot_init);

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Lesson: memory reserved at boot");

/* Question: leave out the first test of take(). What else protects System RAM? */
