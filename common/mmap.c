// SPDX-License-Identifier: GPL-2.0-only
/*
 * mmap() of a device, for backends whose pages can be mapped.
 *
 * While a VMA maps the device, scull_trim() fails, so its store stays. A page fault
 * needs neither a lock of ours nor a reference. It must not take scull_dev.lock: a
 * write holds that while it faults in user memory, which may be a mapping of the same
 * device.
 *
 * A page can still have references after the last unmap, from vmsplice() or direct
 * I/O. They keep the page when its quantum is freed.
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

/*
 * Fault-around, as for the page cache: a fault also maps the pages before and after it,
 * up to a hole, in the aligned 64 KiB. If the last fault stopped where this one begins,
 * it maps up to 256 KiB ahead. So a sequential reader faults once for 64 pages of 4 KiB,
 * and takes a fifth less time.
 */
#define AROUND_PAGES DIV_ROUND_UP(SZ_64K, PAGE_SIZE)
#define AROUND_BYTES (AROUND_PAGES * PAGE_SIZE)
#define AHEAD_BYTES (4 * AROUND_BYTES)

static struct page *mapped_page(void *quantum, unsigned int offset)
{
	struct page *page = scull_backend.page(quantum + offset);

	/*
	 * A program can give the page away with vmsplice(SPLICE_F_GIFT). If FUSE took
	 * it after a trim, it would be page cache that is on no LRU list. FUSE copies a
	 * dirty page instead.
	 */
	if (!PageDirty(page))
		set_page_dirty(page);
	return page;
}

/*
 * Look up the pages from @pos to @end, up to the first hole or hardware-poisoned page.
 * Returns how many.
 */
static unsigned long pages_find(struct scull_store *s, u64 pos, u64 end,
				struct page **pages)
{
	struct scull_item *item = NULL;
	struct scull_place at;
	unsigned long n = 0;

	scull_place_find(s, pos, &at);
	while (pos < end) {
		void *quantum;

		if (!item)
			item = scull_store_item(s, at.item);
		quantum = scull_item_quantum(item, at.index);
		if (!quantum)
			break;
		for (; at.offset < s->allocator.bytes && pos < end; pos += PAGE_SIZE) {
			pages[n] = mapped_page(quantum, at.offset);
			if (PageHWPoison(pages[n]))
				return n;
			n++;
			at.offset += PAGE_SIZE;
		}
		at.offset = 0;
		if (++at.index == s->qset) {
			at.index = 0;
			at.item++;
			item = NULL;
		}
	}
	return n;
}

/*
 * Map the existing pages from @start to @end that are contiguous with the page at @pos,
 * which exists. Returns whether the page at @pos was mapped here. If not (a concurrent
 * fault mapped it, a userfaultfd marker, no memory for a page table, a hardware-poisoned
 * page), the caller returns the page to the kernel, which handles these cases.
 */
static bool map_around(struct vm_fault *vmf, struct scull_store *s, u64 start,
		       u64 pos, u64 end)
{
	unsigned long address = vmf->address & PAGE_MASK;
	struct page *pages[AROUND_PAGES];
	unsigned long n, skip, left;
	u64 stop;

	stop = min_t(u64, end, round_up(pos + 1, AROUND_BYTES));
	for (;;) {
		n = pages_find(s, start, stop, pages);
		if (start + n * PAGE_SIZE > pos)
			break;
		start += (n + 1) * PAGE_SIZE;
		if (start > pos)
			return false;
	}

	left = n;
	vm_insert_pages(vmf->vma, address - (pos - start), pages, &left);
	/* vm_insert_pages() stops at a page that is mapped already: continue at @pos. */
	skip = (pos - start) / PAGE_SIZE;
	if (n - left <= skip) {
		if (!skip)
			return false;
		left = n - skip;
		vm_insert_pages(vmf->vma, address, pages + skip, &left);
		if (left == n - skip)
			return false;
	}

	for (start += n * PAGE_SIZE; !left && start == stop && start < end;
	     start += n * PAGE_SIZE) {
		stop = min_t(u64, end, start + AROUND_BYTES);
		n = pages_find(s, start, stop, pages);
		left = n;
		if (n)
			vm_insert_pages(vmf->vma, address + (start - pos), pages,
					&left);
	}
	WRITE_ONCE(vmf->vma->vm_file->f_ra.prev_pos, start);
	return true;
}

/*
 * If a hole cannot be filled, the task gets SIGBUS, as on a full file system.
 * VM_FAULT_OOM would invoke the OOM killer, or retry for ever.
 */
static vm_fault_t scull_vma_fault(struct vm_fault *vmf)
{
	struct vm_area_struct *vma = vmf->vma;
	struct scull_store *s = vma->vm_private_data;
	u64 pos = (u64)vmf->pgoff << PAGE_SHIFT;	/* mmap() allows any */
	u64 size = scull_store_size(s);
	u64 start, end, ahead;
	struct scull_place at;
	void *quantum;

	if (pos >= size)
		return VM_FAULT_SIGBUS;

	start = max_t(u64, round_down(pos, AROUND_BYTES),
		      (u64)vma->vm_pgoff << PAGE_SHIFT);
	ahead = READ_ONCE(vma->vm_file->f_ra.prev_pos) == pos ? AHEAD_BYTES :
								AROUND_BYTES;
	end = min3(round_down(pos, AROUND_BYTES) + ahead, size,
		   pos + (vma->vm_end - (vmf->address & PAGE_MASK)));
	scull_place_find(s, pos, &at);
	quantum = scull_item_quantum(scull_store_item(s, at.item), at.index);
	if (!quantum) {
		quantum = scull_store_fill(s, pos, &at.offset);
		if (IS_ERR(quantum))
			return VM_FAULT_SIGBUS;
		/* The other pages around are probably holes, or mapped. */
		start = max_t(u64, start, pos - at.offset);
		end = min_t(u64, end, pos - at.offset + s->allocator.bytes);
	}
	/* On a write to a private mapping the kernel copies the page. */
	if (end - start > PAGE_SIZE &&
	    (!(vmf->flags & FAULT_FLAG_WRITE) || vma->vm_flags & VM_SHARED) &&
	    map_around(vmf, s, start, pos, end))
		return VM_FAULT_NOPAGE;

	vmf->page = mapped_page(quantum, at.offset);
	get_page(vmf->page);
	WRITE_ONCE(vma->vm_file->f_ra.prev_pos, pos + PAGE_SIZE);
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
 * @vma: the VMA
 *
 * Context: Process context. Caller holds mmap_lock. Takes and releases
 * scull_dev.map_lock.
 * Return: 0, -ENODEV if the backend's memory cannot be mapped, -EINVAL if the
 * device's quanta are not whole pages.
 */
int scull_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct scull_dev *dev = file->private_data;
	struct scull_store *s;
	int err = 0;

	if (!scull_backend.mappable)
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
	 * vm_insert_pages() requires VM_MIXEDMAP. All pages are ordinary ones, but the
	 * flag makes the VMA special: no NUMA balancing; mlock() populates it without
	 * accounting; fork() copies its page tables; it is never merged; madvise() cannot
	 * undo MADV_DONTDUMP nor, on newer kernels, MADV_DONTFORK. mremap() grows a VMA
	 * by merging: from 6.1 on that would fail where there is room to grow, even with
	 * MREMAP_MAYMOVE. VM_DONTEXPAND makes it fail always, and on all kernels.
	 */
	vm_flags_set(vma, VM_MIXEDMAP | VM_DONTEXPAND);
	vma->vm_private_data = s;
	vma->vm_ops = &scull_vm_ops;
	return 0;
}
