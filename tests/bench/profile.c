// SPDX-License-Identifier: GPL-2.0-only
/*
 * QEMU plugin: profiles the guest between two instructions.
 * begin=ADDRESS,end=ADDRESS,out=FILE
 *
 * Writes to FILE the address of each guest instruction and how often it was executed
 * between begin and end. If the guest passes them several times, the last time counts.
 *
 * Distributions ship QEMU with plugins enabled, but without qemu-plugin.h. The
 * declarations below are the part of its API that this plugin uses, and that all
 * versions have. The API's inline counters would be faster, but changed in version 2.
 */

#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct qemu_plugin_tb;
struct qemu_plugin_insn;

typedef uint64_t qemu_plugin_id_t;
typedef void (*tb_trans_cb)(qemu_plugin_id_t id, struct qemu_plugin_tb *tb);
typedef void (*vcpu_cb)(unsigned int vcpu, void *data);
typedef void (*exit_cb)(qemu_plugin_id_t id, void *data);

enum { CB_NO_REGS };

void qemu_plugin_register_vcpu_tb_trans_cb(qemu_plugin_id_t id, tb_trans_cb cb);
void qemu_plugin_register_atexit_cb(qemu_plugin_id_t id, exit_cb cb,
				    void *data);
void qemu_plugin_register_vcpu_insn_exec_cb(struct qemu_plugin_insn *insn,
					    vcpu_cb cb, int flags, void *data);
size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *tb);
struct qemu_plugin_insn *
qemu_plugin_tb_get_insn(const struct qemu_plugin_tb *tb, size_t index);
uint64_t qemu_plugin_insn_vaddr(const struct qemu_plugin_insn *insn);

/* QEMU reads it when it has loaded the plugin. From 9.0 on it refuses version 1. */
int qemu_plugin_version = 1;

void qemu_plugin_scoreboard_new(void)
	__attribute__((weak)); /* since version 2 */

static void __attribute__((constructor)) choose_version(void)
{
	if (qemu_plugin_scoreboard_new)
		qemu_plugin_version = 2;
}

static struct insn {
	uint64_t address;
	uint64_t runs;
	uint64_t runs_at_begin;
	uint64_t counted;
} insns[1 << 21]; /* a hash table with linear probing, far from full */

static const size_t slots = sizeof(insns) / sizeof(insns[0]);
static uint64_t begin, end;
static FILE *out;

static struct insn *find(uint64_t address)
{
	size_t i = address * 0x9e3779b97f4a7c15 >> 43;

	while (insns[i].address && insns[i].address != address)
		i = (i + 1) % slots;
	insns[i].address = address;
	return &insns[i];
}

static void executed(unsigned int vcpu, void *data)
{
	struct insn *insn = data;

	insn->runs++;
}

static void at_begin(unsigned int vcpu, void *data)
{
	size_t i;

	for (i = 0; i < slots; i++)
		insns[i].runs_at_begin = insns[i].runs;
}

static void at_end(unsigned int vcpu, void *data)
{
	size_t i;

	for (i = 0; i < slots; i++)
		insns[i].counted = insns[i].runs - insns[i].runs_at_begin;
}

static void translated(qemu_plugin_id_t id, struct qemu_plugin_tb *tb)
{
	size_t i;

	for (i = 0; i < qemu_plugin_tb_n_insns(tb); i++) {
		struct qemu_plugin_insn *insn = qemu_plugin_tb_get_insn(tb, i);
		uint64_t address = qemu_plugin_insn_vaddr(insn);

		qemu_plugin_register_vcpu_insn_exec_cb(
			insn, executed, CB_NO_REGS, find(address));
		if (address == begin)
			qemu_plugin_register_vcpu_insn_exec_cb(
				insn, at_begin, CB_NO_REGS, NULL);
		if (address == end)
			qemu_plugin_register_vcpu_insn_exec_cb(
				insn, at_end, CB_NO_REGS, NULL);
	}
}

static void finish(qemu_plugin_id_t id, void *data)
{
	size_t i;

	for (i = 0; i < slots; i++)
		if (insns[i].counted)
			fprintf(out, "%016" PRIx64 " %" PRIu64 "\n",
				insns[i].address, insns[i].counted);
	fclose(out);
}

int qemu_plugin_install(qemu_plugin_id_t id, const void *info, int argc,
			char **argv)
{
	int i;

	for (i = 0; i < argc; i++) {
		if (!strncmp(argv[i], "begin=", 6))
			begin = strtoull(argv[i] + 6, NULL, 16);
		else if (!strncmp(argv[i], "end=", 4))
			end = strtoull(argv[i] + 4, NULL, 16);
		else if (!strncmp(argv[i], "out=", 4))
			out = fopen(argv[i] + 4, "w");
	}
	if (!begin || !end || !out)
		return 1;
	qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
	qemu_plugin_register_atexit_cb(id, finish, NULL);
	return 0;
}
