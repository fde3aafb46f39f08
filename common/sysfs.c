// SPDX-License-Identifier: GPL-2.0-only
/*
 * Attributes of a device under /sys/class/scullX/: size, geometry and counters.
 */

#include <linux/device.h>
#include <linux/percpu.h>
#include <linux/stddef.h>
#include <linux/sysfs.h>

#include "scull.h"

/* An attribute with a value of the device's store */
#define STORE_ATTR(_name, _format, _value)				\
static ssize_t _name##_show(struct device *node,			\
			    struct device_attribute *attr, char *buf)	\
{									\
	struct scull_store *s = scull_store_get(dev_get_drvdata(node));	\
	ssize_t ret = sysfs_emit(buf, _format "\n", _value);		\
									\
	scull_store_put(s);						\
	return ret;							\
}									\
static DEVICE_ATTR_RO(_name)

STORE_ATTR(size, "%lld", scull_store_size(s));
STORE_ATTR(quantum, "%u", s->allocator.bytes);
STORE_ATTR(qset, "%u", s->qset);

static ssize_t stats_show(struct device *node, char *buf, size_t field)
{
	struct scull_dev *dev = dev_get_drvdata(node);
	unsigned long sum = 0;
	int cpu;

	for_each_possible_cpu(cpu)
		sum += READ_ONCE(*(unsigned long *)((void *)per_cpu_ptr(dev->stats, cpu) +
						    field));
	/* The sum is not atomic: it may count a free without the allocation. */
	return sysfs_emit(buf, "%lu\n",
			  field == offsetof(struct scull_stats, allocated) &&
			  (long)sum < 0 ? 0 : sum);
}

/* An attribute with a counter of the device */
#define STATS_ATTR(_name, _counter)					\
static ssize_t _name##_show(struct device *node,			\
			    struct device_attribute *attr, char *buf)	\
{									\
	return stats_show(node, buf, offsetof(struct scull_stats, _counter)); \
}									\
static DEVICE_ATTR_RO(_name)

STATS_ATTR(allocated, allocated);
STATS_ATTR(quanta_allocated, quanta_allocated);
STATS_ATTR(quanta_freed, quanta_freed);
STATS_ATTR(alloc_failures, alloc_failures);
STATS_ATTR(trims, trims);

static struct attribute *scull_dev_attrs[] = {
	&dev_attr_size.attr,
	&dev_attr_quantum.attr,
	&dev_attr_qset.attr,
	&dev_attr_allocated.attr,
	&dev_attr_quanta_allocated.attr,
	&dev_attr_quanta_freed.attr,
	&dev_attr_alloc_failures.attr,
	&dev_attr_trims.attr,
	NULL
};

static const struct attribute_group scull_dev_group = {
	.attrs = scull_dev_attrs,
};

const struct attribute_group *scull_dev_groups[] = {
	&scull_dev_group,
	NULL
};
