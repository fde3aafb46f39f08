// SPDX-License-Identifier: GPL-2.0-only
/* percpu: variables of which each CPU has a copy, their sum, and their size. */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/delay.h>
#include <linux/init.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/percpu.h>
#include <linux/smp.h>

static DEFINE_PER_CPU(unsigned long, hits);
static unsigned long __percpu *dynamic;

static void __init hit(void *unused)
{
	this_cpu_inc(hits);
	this_cpu_add(*dynamic, 10);
}

static unsigned long __init sum(unsigned long __percpu *counter)
{
	unsigned long total = 0;
	int cpu;

	for_each_possible_cpu(cpu)
		total += READ_ONCE(*per_cpu_ptr(counter, cpu));
	return total;
}

static int __init busy(void *unused)
{
	while (!kthread_should_stop()) {
		this_cpu_inc(*dynamic);
		usleep_range(50, 100);
	}
	return 0;
}

static int __init percpu_init(void)
{
	int cpu, before = preempt_count();
	struct task_struct *task;
	unsigned long first;

	dynamic = alloc_percpu(unsigned long);
	if (!dynamic)
		return -ENOMEM;
	on_each_cpu(hit, NULL, 1);
	for_each_online_cpu(cpu)
		pr_info("CPU %d: %lu and %lu\n", cpu, per_cpu(hits, cpu),
			*per_cpu_ptr(dynamic, cpu));
	pr_info("sums: %lu and %lu\n", sum(&hits), sum(dynamic));
	get_cpu_ptr(dynamic);
	pr_info("after get_cpu_ptr(): preempt_count() is %d more\n", preempt_count() - before);
	put_cpu_ptr(dynamic);
	task = kthread_run(busy, NULL, "lesson");
	if (!IS_ERR(task)) {
		msleep(50);
		first = sum(dynamic);
		msleep(50);
		pr_info("while it changes: %lu, later %lu\n", first, sum(dynamic));
		kthread_stop(task);
	}
	free_percpu(dynamic);
	dynamic = __alloc_percpu_gfp(PCPU_MIN_UNIT_SIZE + 1, 8, GFP_KERNEL | __GFP_NOWARN);
	pr_info("largest dynamic one: %lu bytes, more is %s; static ones of modules: %d\n",
		(unsigned long)PCPU_MIN_UNIT_SIZE, dynamic ? "given" : "refused",
		PERCPU_MODULE_RESERVE);
	free_percpu(dynamic);
	return -ENODEV;
}

module_init(percpu_init);

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Lesson: per-CPU variables");

/* Question: print *raw_cpu_ptr(dynamic) instead of the later sum. Whose copy is that? */
