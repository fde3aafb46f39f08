// SPDX-License-Identifier: GPL-2.0-only
//
// node save.js V86 BIOS VMLINUZ INITRD STATE: boots the machine, and saves its state at
// the first prompt.
"use strict";

const fs = require("fs");
const path = require("path");
const Machine = require("./machine.js");
const [v86, bios, vmlinuz, initrd, state] = process.argv.slice(2).map(name => path.resolve(name));

const file = name => ({buffer: Uint8Array.from(fs.readFileSync(name)).buffer});
const limit = setTimeout(() => {
	console.error("no prompt after 15 minutes");
	process.exit(1);
}, 900000);

const machine = new Machine(require(`${v86}/libv86.js`).V86, fs.readFileSync(`${v86}/v86.wasm`), {
	bios: file(bios), bzimage: file(vmlinuz), initrd: file(initrd),
	// nolapic, noapic: v86 does not emulate the two APICs well enough. init_on_free:
	// zeroed memory compresses well. The last two: a machine that was paused has not
	// hung.
	cmdline: "console=ttyS0 interactive quiet nolapic noapic tsc=reliable init_on_free=1" +
		" nowatchdog rcupdate.rcu_cpu_stall_suppress=1",
}, {
	output: bytes => process.stdout.write(bytes),
	prompt: async () => {
		// Answer one view first, so that the saved state has cached what it needs.
		await machine.request("view");
		await machine.emulator.stop();
		// The timer's start is a time on this process's clock. For a process that
		// restores the state it would be in the future: no tick until then.
		machine.emulator.v86.cpu.devices.pit.counter_start_time.fill(0);
		fs.writeFileSync(state, Buffer.from(await machine.emulator.save_state()));
		clearTimeout(limit);
		process.exit();
	},
});
