// SPDX-License-Identifier: GPL-2.0-only
/*
 * Load and unload of the module.
 */

#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/cdev.h>
#include <linux/device.h>
#include <linux/fs.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/slab.h>

#include "scull.h"

struct scull_dev *scull_devs;

static struct cdev *scull_cdev;
static dev_t scull_devt;

/*
 * The devices can be opened. Until then, uevents are suppressed, including those that
 * root triggers by writing to the attribute uevent. dev_set_uevent_suppress() needs a
 * struct device of our own, and its release function could be called after the module
 * was unloaded.
 */
static bool scull_ready;

/* Returning an error suppresses the uevent. */
static int node_uevent(SCULL_UEVENT_DEVICE *node, struct kobj_uevent_env *env)
{
	return READ_ONCE(scull_ready) ? 0 : -EAGAIN;
}

static struct class scull_class = {
	.name = KBUILD_MODNAME,
	.dev_uevent = node_uevent,
};

/* Destroy what devs_create() has created so far. No device can be opened any more. */
static void devs_destroy(void)
{
	struct scull_store *store;
	unsigned int i;

	/* Waits until all trimmed stores are freed. */
	destroy_workqueue(scull_wq);
	for (i = 0; i < scull_ndevs.value; i++) {
		store = rcu_dereference_protected(scull_devs[i].store, true);
		if (store)
			scull_store_release(store);
		free_percpu(scull_devs[i].stats);
	}
	kvfree(scull_devs);
}

static int devs_create(void)
{
	unsigned int bytes, qset, i;
	struct scull_store *store;
	struct scull_dev *dev;
	int err;

	scull_param_geometry(&bytes, &qset);
	scull_devs = kvcalloc(scull_ndevs.value, sizeof(*scull_devs),
			      scull_vmalloc_gfp(SCULL_GFP));
	if (!scull_devs)
		return -ENOMEM;
	/*
	 * Not WQ_MEM_RECLAIM: on some kernels kmem_cache_destroy() flushes a workqueue
	 * without it, and the workqueue code warns of such a dependency.
	 */
	scull_wq = alloc_workqueue(KBUILD_MODNAME, WQ_UNBOUND, 0);
	if (!scull_wq) {
		kvfree(scull_devs);
		return -ENOMEM;
	}

	for (i = 0; i < scull_ndevs.value; i++) {
		dev = &scull_devs[i];
		mutex_init(&dev->lock);
		spin_lock_init(&dev->map_lock);

		err = -ENOMEM;
		dev->stats = alloc_percpu(struct scull_stats);
		if (!dev->stats)
			goto destroy_devs;
		store = scull_store_create(bytes, qset, i, dev->stats);
		err = PTR_ERR_OR_ZERO(store);
		if (err)
			goto destroy_devs;
		RCU_INIT_POINTER(dev->store, store);
	}
	return 0;

destroy_devs:
	devs_destroy();
	return err;
}

static int region_register(void)
{
	int err;

	if (!scull_major.value)
		return alloc_chrdev_region(&scull_devt, 0, scull_ndevs.value,
					   KBUILD_MODNAME);

	scull_devt = MKDEV(scull_major.value, 0);
	err = register_chrdev_region(scull_devt, scull_ndevs.value,
				     KBUILD_MODNAME);
	if (err)
		pr_err("cannot have major %u: error %d\n", scull_major.value, err);
	return err;
}

static void nodes_destroy(unsigned int count)
{
	while (count--)
		device_destroy(&scull_class, scull_devt + count);
}

static int nodes_create(void)
{
	struct device *node;
	unsigned int i;

	for (i = 0; i < scull_ndevs.value; i++) {
		node = device_create_with_groups(&scull_class, NULL,
						 scull_devt + i, &scull_devs[i],
						 scull_dev_groups,
						 KBUILD_MODNAME "%u", i);
		if (IS_ERR(node)) {
			nodes_destroy(i);
			return PTR_ERR(node);
		}
		scull_devs[i].node = node;
	}
	return 0;
}

/* Send the suppressed uevents. */
static void nodes_announce(void)
{
	unsigned int i;

	WRITE_ONCE(scull_ready, true);
	for (i = 0; i < scull_ndevs.value; i++)
		kobject_uevent(&scull_devs[i].node->kobj, KOBJ_ADD);
}

static int __init scull_init(void)
{
	int err;

	err = scull_param_init();
	if (err)
		return err;
	err = devs_create();
	if (err)
		return err;
	err = scull_proc_create();
	if (err)
		goto destroy_devs;
	err = region_register();
	if (err)
		goto remove_proc;
	err = class_register(&scull_class);
	if (err)
		goto unregister_region;
	err = nodes_create();
	if (err)
		goto unregister_class;

	/*
	 * Last: once a device can be opened, init must not fail, because the kernel
	 * frees a module that fails to load without waiting for its users. So the nodes
	 * are in devtmpfs shortly before they can be opened. Their uevents follow.
	 */
	scull_cdev = cdev_alloc();
	if (!scull_cdev) {
		err = -ENOMEM;
		goto destroy_nodes;
	}
	scull_cdev->ops = &scull_fops;
	scull_cdev->owner = THIS_MODULE;
	err = cdev_add(scull_cdev, scull_devt, scull_ndevs.value);
	if (err)
		goto put_cdev;
	nodes_announce();
	scull_layout_create();
	return 0;

put_cdev:
	kobject_put(&scull_cdev->kobj);
destroy_nodes:
	nodes_destroy(scull_ndevs.value);
unregister_class:
	class_unregister(&scull_class);
unregister_region:
	unregister_chrdev_region(scull_devt, scull_ndevs.value);
remove_proc:
	scull_proc_remove();
destroy_devs:
	devs_destroy();
	return err;
}

static void __exit scull_exit(void)
{
	scull_layout_remove();
	cdev_del(scull_cdev);
	nodes_destroy(scull_ndevs.value);
	class_unregister(&scull_class);
	unregister_chrdev_region(scull_devt, scull_ndevs.value);
	scull_proc_remove();
	devs_destroy();
}

module_init(scull_init);
module_exit(scull_exit);

MODULE_LICENSE("GPL");
MODULE_VERSION("1.0");
