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
 * A hole without memory to fill it is SIGBUS, as on any full file system:
 * VM_FAULT_OOM would call the OOM killer, or try again for ever.
 */
static vm_fault_t scull_vma_fault(struct vm_fault *vmf)
{
	struct scull_store *s = vmf->vma->vm_private_data;
	u64 pos = (u64)vmf->pgoff << PAGE_SHIFT;	/* mmap() takes any */
	unsigned int offset;
	void *quantum;

	if (pos >= (u64)scull_store_size(s))
		return VM_FAULT_SIGBUS;
	quantum = scull_store_fill(s, pos, &offset);
	if (IS_ERR(quantum))
		return VM_FAULT_SIGBUS;

	vmf->page = scull_backend.page(quantum, offset);
	get_page(vmf->page);
	/*
	 * A program may give the page away, by vmsplice(SPLICE_F_GIFT). If FUSE took
	 * it after a trim, it would be page cache that no LRU list has. A dirty page
	 * is copied.
	 */
	set_page_dirty(vmf->page);
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
	if (s->pool.quantum % PAGE_SIZE) {
		err = -EINVAL;
	} else {
		dev->mapped++;
		WRITE_ONCE(s->mapped, true);
	}
	spin_unlock(&dev->map_lock);
	if (err)
		return err;

	vma->vm_private_data = s;
	vma->vm_ops = &scull_vm_ops;
	return 0;
}
