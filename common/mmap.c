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

/*
 * A fault maps what is there in the aligned 64 KiB around it, as page cache does, and
 * four times that ahead if it is where the fault before has stopped. So a sequential
 * reader has a fault for each 64 pages, and costs a fifth less.
 */
#define AROUND_PAGES DIV_ROUND_UP(SZ_64K, PAGE_SIZE)
#define AROUND_BYTES (AROUND_PAGES * PAGE_SIZE)
#define AHEAD_BYTES (4 * AROUND_BYTES)

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
 * The pages from @pos to @end, up to the first hole or hardware-poisoned page. Returns
 * how many.
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
		quantum = scull_item_quantum(item, at.quantum);
		if (!quantum)
			break;
		for (; at.offset < s->pool.quantum && pos < end; pos += PAGE_SIZE) {
			pages[n] = mapped_page(quantum, at.offset);
			if (PageHWPoison(pages[n]))
				return n;
			n++;
			at.offset += PAGE_SIZE;
		}
		at.offset = 0;
		if (++at.quantum == s->qset) {
			at.quantum = 0;
			at.item++;
			item = NULL;
		}
	}
	return n;
}

/*
 * Map what is there from @start to @end, without a gap around @pos, which is. Returns
 * whether the page at @pos was mapped here. If not, the caller leaves it to the kernel,
 * whatever the reason: another fault was faster, a marker of userfaultfd, no memory for
 * a page table, a hardware-poisoned page.
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
	/* It stops at a page that is mapped already. Go on from @pos after that. */
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
 * A hole without memory to fill it is SIGBUS, as on any full file system:
 * VM_FAULT_OOM would call the OOM killer, or try again for ever.
 */
static vm_fault_t scull_vma_fault(struct vm_fault *vmf)
{
	struct vm_area_struct *vma = vmf->vma;
	struct scull_store *s = vma->vm_private_data;
	u64 pos = (u64)vmf->pgoff << PAGE_SHIFT;	/* mmap() takes any */
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
	 * it without counting it, fork() copies its page table, it is never merged with
	 * a neighbour, and madvise() cannot undo MADV_DONTDUMP and, on newer kernels,
	 * MADV_DONTFORK. mremap() grows a VMA by a merge, so from 6.1 on that would fail
	 * where there is room. VM_DONTEXPAND makes it fail everywhere.
	 */
	vm_flags_set(vma, VM_MIXEDMAP | VM_DONTEXPAND);
	vma->vm_private_data = s;
	vma->vm_ops = &scull_vm_ops;
	return 0;
}
