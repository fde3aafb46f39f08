// SPDX-License-Identifier: GPL-2.0-only
/* dma: memory for a device, its addresses for the CPU and for the device, and the mask. */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/dma-mapping.h>
#include <linux/dmapool.h>
#include <linux/init.h>
#include <linux/io.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/platform_device.h>
#include <linux/slab.h>

#define SIZE 1000
#define GFP (GFP_KERNEL | __GFP_NOWARN)

static void __init tell(const char *what, void *cpu, dma_addr_t bus)
{
	struct page *page = is_vmalloc_addr(cpu) ? vmalloc_to_page(cpu) : virt_to_page(cpu);
	phys_addr_t at = page_to_phys(page) + offset_in_page(cpu);

	pr_info("%-9s CPU: physical %pa, device: bus %pad\n", what, &at, &bus);
}

static void __init coherent(struct device *dev, unsigned int bits)
{
	int refused = dma_set_mask_and_coherent(dev, DMA_BIT_MASK(bits));
	dma_addr_t bus;
	void *cpu = refused ? NULL : dma_alloc_coherent(dev, SIZE, &bus, GFP);

	pr_info("mask of %u bits: %s\n", bits, refused ? "refused" : "accepted");
	if (!cpu)
		return;
	tell("coherent", cpu, bus);
	dma_free_coherent(dev, SIZE, cpu, bus);
}

static void __init transfers(struct device *dev)
{
	struct dma_pool *pool = dma_pool_create("lesson", dev, 64, 64, 0);
	void *buffer = kmalloc(SIZE, GFP_KERNEL), *cpu;
	dma_addr_t bus;

	cpu = pool ? dma_pool_alloc(pool, GFP, &bus) : NULL;
	if (cpu) {
		tell("pool", cpu, bus);
		dma_pool_free(pool, cpu, bus);
	}
	dma_pool_destroy(pool);
	/* The device owns the buffer until it is unmapped. */
	bus = buffer ? dma_map_single(dev, buffer, SIZE, DMA_TO_DEVICE) : 0;
	if (buffer && !dma_mapping_error(dev, bus)) {
		tell("streaming", buffer, bus);
		dma_unmap_single(dev, bus, SIZE, DMA_TO_DEVICE);
	}
	kfree(buffer);
}

static int __init dma_init(void)
{
	struct platform_device *device = platform_device_register_simple("lesson", -1, NULL, 0);

	if (IS_ERR(device))
		return PTR_ERR(device);
	device->dev.dma_mask = &device->dev.coherent_dma_mask;
	coherent(&device->dev, 24);
	coherent(&device->dev, 32);
	coherent(&device->dev, 64);
	transfers(&device->dev);
	platform_device_unregister(device);
	return -ENODEV;
}

module_init(dma_init);

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Lesson: DMA");

/* Question: set the mask to 24 bits before transfers(). Which address has the mapping? */
