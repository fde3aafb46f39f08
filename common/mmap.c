// SPDX-License-Identifier: GPL-2.0-only
/*
 * Mapping a device, for backends whose pages may be mapped.
 *
 * While a VMA maps the device its store stays (scull_trim() sees ->mapped), so a
 * fault needs neither a lock of ours nor a reference. It must not take the device's
 * lock: a write holds that while it faults in user memory, which may be a mapping of
 * this very device.
 *
 * A page that somebody still holds after the last unmap, by vmsplice() or direct
 * I/O, is kept by its reference count when its quantum is freed.
 */

#include <linux/fs.h>
#include <linux/mm.h>
#include <linux/sizes.h>

#include "scull.h"

static void scull_vma_open(struct vm_area_struct *vma)
{
	struct scull_dev *dev = vma->vm_file->private_data;

	spin_lock(&dev->map_lock);
	dev->mapped++;
	spin_unlock(&dev->map_lock);
}

static void scull_vma_close(struct vm_area_struct *vma)
{
	struct scull_dev *dev = vma->vm_file->private_data;

	spin_lock(&dev->map_lock);
	dev->mapped--;
	spin_unlock(&dev->map_lock);
}

/* A fault maps what is there in the aligned 64 KiB around it, as page cache does. */
#define AROUND_BYTES (PAGE_SIZE > SZ_64K ? PAGE_SIZE : SZ_64K)
#define AROUND_PAGES (AROUND_BYTES / PAGE_SIZE)

static struct page *mapped_page(void *quantum, unsigned int offset)
{
	struct page *page = scull_backend.page(quantum, offset);

	/*
	 * A program may give the page away, by vmsplice(SPLICE_F_GIFT). If FUSE took
	 * it after a trim, it would be page cache that no LRU list has. A dirty page
	 * is copied.
	 */
	if (!PageDirty(page))
		set_page_dirty(page);
	return page;
}

/*
 * Map the pages from @start to @end that are there, without a gap around @pos, which
 * is. Returns whether the page at @pos was mapped here. If not, the caller leaves it
 * to the kernel, with whatever stands in its way: another fault that was faster, a
 * marker of userfaultfd, no memory for a page table.
 */
static bool map_around(struct vm_fault *vmf, struct scull_store *s, u64 start,
		       u64 pos, u64 end)
{
	unsigned long address = vmf->address & PAGE_MASK;
	struct page *pages[AROUND_PAGES];
	unsigned long n = 0, before = 0, left;
	struct scull_place at;

	scull_place_find(s, start, &at);
	for (; start < end; start += PAGE_SIZE) {
		void *quantum = scull_item_quantum(scull_store_item(s, at.item),
						   at.quantum);

		if (quantum) {
			if (start == pos)
				before = n;
			pages[n++] = mapped_page(quantum, at.offset);
		} else if (start < pos) {
			n = 0;
		} else {
			break;
		}
		scull_place_advance(s, &at, PAGE_SIZE);
	}

	left = n;
	vm_insert_pages(vmf->vma, address - before * PAGE_SIZE, pages, &left);
	if (before < n - left)
		return true;
	if (!before)
		return false;
	/* It stops at the first that is mapped already: begin after those. */
	left = n - before;
	vm_insert_pages(vmf->vma, address, pages + before, &left);
	return left < n - before;
}

/*
 * A hole without memory to fill it is SIGBUS, as on any full file system:
 * VM_FAULT_OOM would call the OOM killer, or try again for ever.
 */
static vm_fault_t scull_vma_fault(struct vm_fault *vmf)
{
	struct vm_area_struct *vma = vmf->vma;
	struct scull_store *s = vma->vm_private_data;
	u64 pos = (u64)vmf->pgoff << PAGE_SHIFT;	/* mmap() takes any */
	u64 size = scull_store_size(s);
	u64 start, end;
	struct scull_place at;
	void *quantum;

	if (pos >= size)
		return VM_FAULT_SIGBUS;

	start = max_t(u64, round_down(pos, AROUND_BYTES),
		      (u64)vma->vm_pgoff << PAGE_SHIFT);
	end = min3(round_down(pos, AROUND_BYTES) + AROUND_BYTES, size,
		   pos + (vma->vm_end - (vmf->address & PAGE_MASK)));
	scull_place_find(s, pos, &at);
	quantum = scull_item_quantum(scull_store_item(s, at.item), at.quantum);
	if (!quantum) {
		quantum = scull_store_fill(s, pos, &at.offset);
		if (IS_ERR(quantum))
			return VM_FAULT_SIGBUS;
		/* The neighbours of a hole are likely to be holes, or mapped. */
		start = max_t(u64, start, pos - at.offset);
		end = min_t(u64, end, pos - at.offset + s->pool.quantum);
	}
	/* A private mapping that is written to gets a copy, which the kernel makes. */
	if (end - start > PAGE_SIZE &&
	    (!(vmf->flags & FAULT_FLAG_WRITE) || vma->vm_flags & VM_SHARED) &&
	    map_around(vmf, s, start, pos, end))
		return VM_FAULT_NOPAGE;

	vmf->page = mapped_page(quantum, at.offset);
	get_page(vmf->page);
	return 0;
}

static const struct vm_operations_struct scull_vm_ops = {
	.open = scull_vma_open,
	.close = scull_vma_close,
	.fault = scull_vma_fault,
};

/**
 * scull_mmap() - map a device
 * @file: the open device
 * @vma: where
 *
 * Context: Process context. Caller holds mmap_lock. Takes and releases the device's
 * map_lock.
 * Return: 0, -ENODEV if the backend's memory cannot be mapped, -EINVAL if the
 * device's quanta are not whole pages.
 */
int scull_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct scull_dev *dev = file->private_data;
	struct scull_store *s;
	int err = 0;

	if (!scull_backend.page)
		return -ENODEV;

	spin_lock(&dev->map_lock);
	s = rcu_dereference_protected(dev->store, lockdep_is_held(&dev->map_lock));
	if (!scull_store_mappable(s)) {
		err = -EINVAL;
	} else {
		dev->mapped++;
		WRITE_ONCE(s->mapped, true);
	}
	spin_unlock(&dev->map_lock);
	if (err)
		return err;

	/*
	 * vm_insert_pages() asks for VM_MIXEDMAP. All the pages are ordinary ones, but
	 * it makes the VMA a special one: NUMA balancing leaves it alone, mlock() fills
	 * it without counting it, fork() copies its page table, and it is never merged
	 * with a neighbour. mremap() grows a VMA by a merge, so from 6.1 on that would
	 * fail where there is room. VM_DONTEXPAND makes it fail everywhere.
	 */
	vm_flags_set(vma, VM_MIXEDMAP | VM_DONTEXPAND);
	vma->vm_private_data = s;
	vma->vm_ops = &scull_vm_ops;
	return 0;
}
