// SPDX-License-Identifier: GPL-2.0-only
//
// node save.js V86 BIOS VMLINUZ INITRD STATE: boot, and save the state of the machine
// at its first prompt.
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
	// Neither APIC is emulated well enough, memory that nobody uses compresses, and a
	// machine that was paused has not hung.
	cmdline: "console=ttyS0 interactive quiet nolapic noapic tsc=reliable init_on_free=1" +
		" nowatchdog rcupdate.rcu_cpu_stall_suppress=1",
}, {
	output: bytes => process.stdout.write(bytes),
	prompt: async () => {
		// All that the first view takes is there, too.
		await machine.request("view");
		await machine.emulator.stop();
		// The timer counts from a time of this process, which would be in the future of
		// one that restores it: no tick until then.
		machine.emulator.v86.cpu.devices.pit.counter_start_time.fill(0);
		fs.writeFileSync(state, Buffer.from(await machine.emulator.save_state()));
		clearTimeout(limit);
		process.exit();
	},
});
