// SPDX-License-Identifier: GPL-2.0-only
/*
 * File operations of a device: open with trim, read, write, seek.
 */

#include <linux/fs.h>
#include <linux/module.h>
#include <linux/uio.h>

#include "compat.h"
#include "scull.h"
#include "trace.h"

/* The store, for a writer, which holds dev->lock and needs no reference */
static struct scull_store *locked_store(struct scull_dev *dev)
{
	return rcu_dereference_protected(dev->store, lockdep_is_held(&dev->lock));
}

/**
 * scull_trim() - empty a device, and give it the module's present geometry
 * @dev: the device
 *
 * Creates the new store first, so a failure changes nothing. Creates it under the
 * lock, so that of two concurrent trims the later one sets the later geometry. Readers
 * with a reference on the old store continue in it.
 *
 * Context: Process context. Takes and releases scull_param_lock, @dev->lock and
 * @dev->map_lock.
 * Return: 0, -EBUSY while the device is mapped, -ENOMEM, or -EINTR after a fatal
 * signal.
 */
int scull_trim(struct scull_dev *dev)
{
	unsigned int bytes, qset;
	struct scull_store *store;
	int err;

	if (mutex_lock_killable(&dev->lock))
		return -EINTR;

	scull_param_geometry(&bytes, &qset);
	store = scull_store_create(bytes, qset, dev - scull_devs, dev->stats);
	if (IS_ERR(store)) {
		mutex_unlock(&dev->lock);
		return PTR_ERR(store);
	}
	spin_lock(&dev->map_lock);
	err = dev->mapped ? -EBUSY : 0;
	if (!err)
		store = rcu_replace_pointer(dev->store, store,
					    lockdep_is_held(&dev->lock));
	spin_unlock(&dev->map_lock);
	mutex_unlock(&dev->lock);
	if (err)
		goto release_store;

	this_cpu_inc(dev->stats->trims);
	trace_scull_trim(store, bytes, qset);
release_store:
	/* The old store, or the new one after an error */
	scull_store_release(store);
	return err;
}

static int scull_open(struct inode *inode, struct file *file)
{
	struct scull_dev *dev = &scull_devs[iminor(inode)];
	unsigned int access = file->f_flags & O_ACCMODE;
	int err;

	/* The kernel refuses it, too, but only after this function has trimmed. */
	if (file->f_flags & O_DIRECT)
		return -EINVAL;

	if ((access == O_WRONLY && !(file->f_flags & O_APPEND)) ||
	    (access != O_RDONLY && (file->f_flags & O_TRUNC))) {
		err = scull_trim(dev);
		if (err)
			return err;
	}

	file->private_data = dev;
	/* f_pos_lock serialises read(2) and write(2) of a shared open file. */
	file->f_mode |= FMODE_ATOMIC_POS | FMODE_NOWAIT;
	return 0;
}

/* Read at *@pos, and advance it. Takes no lock. */
static __always_inline ssize_t read_at(struct file *file, loff_t *pos,
				       struct iov_iter *to)
{
	struct scull_store *s = scull_store_get(file->private_data);
	ssize_t ret = scull_store_read(s, to, *pos);

	scull_store_put(s);
	if (ret > 0)
		*pos += ret;
	return ret;
}

/* Write at *@pos, or at the end with @append, and advance it. */
static __always_inline ssize_t write_at(struct file *file, loff_t *pos,
					struct iov_iter *from, bool append,
					bool nowait)
{
	struct scull_dev *dev = file->private_data;
	struct scull_store *s;
	ssize_t ret;

	if (!iov_iter_count(from))
		return 0;

	if (nowait) {
		if (!mutex_trylock(&dev->lock))
			return -EAGAIN;
	} else if (mutex_lock_killable(&dev->lock)) {
		return -EINTR;
	}
	s = locked_store(dev);
	if (append)
		*pos = scull_store_size(s);
	ret = scull_store_write(s, from, *pos, nowait);
	mutex_unlock(&dev->lock);

	if (ret > 0)
		*pos += ret;
	return ret;
}

static ssize_t scull_read_iter(struct kiocb *iocb, struct iov_iter *to)
{
	return read_at(iocb->ki_filp, &iocb->ki_pos, to);
}

static ssize_t scull_write_iter(struct kiocb *iocb, struct iov_iter *from)
{
	return write_at(iocb->ki_filp, &iocb->ki_pos, from,
			iocb->ki_flags & IOCB_APPEND,
			iocb->ki_flags & IOCB_NOWAIT);
}

/*
 * Most drivers need the two methods above only. read(2), write(2), pread(2) and
 * pwrite(2) use these two, because with a kiocb, small calls take 7 % more instructions;
 * /dev/zero has both, too. A drawback: kernel_read() and kernel_write() fail on a file
 * that has both.
 */
static ssize_t scull_read(struct file *file, char __user *buf, size_t count,
			  loff_t *pos)
{
	struct iov_iter to;

	iov_iter_ubuf(&to, ITER_DEST, buf, count);
	return read_at(file, pos, &to);
}

static ssize_t scull_write(struct file *file, const char __user *buf,
			   size_t count, loff_t *pos)
{
	struct iov_iter from;

	iov_iter_ubuf(&from, ITER_SOURCE, (char __user *)buf, count);
	return write_at(file, pos, &from, file->f_flags & O_APPEND, false);
}

static loff_t scull_llseek(struct file *file, loff_t offset, int whence)
{
	struct scull_dev *dev = file->private_data;
	struct scull_store *s;
	loff_t size, size_max;

	/* The largest offset depends on the geometry on 32-bit kernels only. */
	if (whence == SEEK_SET && BITS_PER_LONG == 64)
		return vfs_setpos(file, offset, MAX_LFS_FILESIZE);

	if (whence == SEEK_DATA || whence == SEEK_HOLE) {
		s = scull_store_get(dev);
		offset = scull_store_seek(s, offset, whence);
		size_max = s->size_max;
		scull_store_put(s);
		return offset < 0 ? offset : vfs_setpos(file, offset, size_max);
	}

	rcu_read_lock();
	s = rcu_dereference(dev->store);
	size = scull_store_size(s);
	size_max = s->size_max;
	rcu_read_unlock();
	if (whence == SEEK_END)
		return vfs_setpos(file, offset + size, size_max);
	return generic_file_llseek_size(file, offset, whence, size_max, size);
}

const struct file_operations scull_fops = {
	.owner = THIS_MODULE,
	.open = scull_open,
	.llseek = scull_llseek,
	.read = scull_read,
	.write = scull_write,
	.read_iter = scull_read_iter,
	.write_iter = scull_write_iter,
	.splice_read = scull_splice_read,
	.splice_write = iter_file_splice_write,
	.mmap = scull_mmap,
	.fsync = noop_fsync,
	.unlocked_ioctl = scull_ioctl,
	.compat_ioctl = scull_compat_ioctl,
};
