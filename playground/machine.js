// SPDX-License-Identifier: GPL-2.0-only
//
// The emulated machine: v86, a prompt on the first serial port, and the agent of
// playground/guest on the second. It is used by the page, and in node by save.js and
// the tests.
"use strict";

class Machine {
	// A saved state can be restored only with the options it was saved with.
	static options = {
		memory_size: 128 << 20, vga_memory_size: 1 << 20, uart1: true,
		disable_keyboard: true, disable_mouse: true, disable_speaker: true,
	};
	// A machine at its prompt is stopped this many ms after the last activity.
	static idle = 1500;

	// wasm: the bytes of v86.wasm. media: V86's options for the images to start from.
	// Callbacks: output(bytes, text) and prompt(status) for the first serial port, and
	// state(name), which is "running", "idle", "paused" or "stopped".
	constructor(V86, wasm, media, {output, prompt, state} = {}) {
		Object.assign(this, {output, prompt, state, text: "", waiting: [], busy: true, held: false, pending: 0});
		this.ports = [this.port((bytes, text) => this.console(bytes, text)),
			this.port((bytes, text) => this.answer(text))];
		this.emulator = new V86({
			...Machine.options, ...media, autostart: false,
			wasm_fn: async env => (await WebAssembly.instantiate(wasm, env)).instance.exports,
		});
		this.ports.forEach((port, i) =>
			this.emulator.add_listener(`serial${i}-output-byte`, port));
		this.ready = new Promise(resolve =>
			this.emulator.add_listener("emulator-loaded", resolve));
		this.requests = this.ready.then(() => {
			this.loaded = true;
			this.wake();
		});
	}

	// Returns a listener that collects the bytes that the emulator writes in one time
	// slice. An exception in a listener would end the emulator, so handle() runs later.
	port(handle) {
		let bytes = [];
		return byte => {
			if (bytes.push(byte) === 1)
				setTimeout(() => {
					const all = Uint8Array.from(bytes);
					bytes = [];
					handle(all, new TextDecoder("latin1").decode(all));
				});
		};
	}

	console(bytes, text) {
		this.output?.(bytes, text);
		this.text += text;
		for (let end; (end = this.text.match(/\x1b\]133;D;(\d+);([\d.]+)\x07/)); ) {
			const output = this.text.slice(0, end.index);
			this.text = this.text.slice(end.index + end[0].length);
			// The shell prints a prompt again when the terminal changes its size.
			if (end[2] === this.prompts)
				continue;
			this.prompts = end[2];
			this.busy = false;
			this.wake();
			this.waiting.shift()?.({status: +end[1], output});
			this.prompt?.(+end[1]);
		}
		// No command waits for output: keep only what may be the start of a prompt.
		if (!this.waiting.length)
			this.text = this.text.slice(-32);
	}

	answer(text) {
		this.answered += text;
		if (this.answered.endsWith("\x04\n"))
			this.resolve?.(this.answered.slice(0, -2));
	}

	// Runs the machine, and stops it when it is idle.
	wake() {
		clearTimeout(this.timer);
		if (!this.loaded || this.held || this.dead)
			return;
		// is_running() stays true until a stop has taken effect.
		if (!this.runs)
			this.emulator.run();
		this.runs = true;
		this.state?.("running");
		this.timer = setTimeout(() => {
			if (this.busy || this.pending)
				return;
			this.stop();
			this.state?.("idle");
		}, Machine.idle);
	}

	// Pauses the machine, even if a command runs, or ends the pause.
	hold(held) {
		if (this.dead)
			return;
		this.held = held;
		if (!held)
			return this.wake();
		this.stop();
		this.state?.("paused");
	}

	stop() {
		clearTimeout(this.timer);
		if (this.runs)
			this.emulator.stop();
		this.runs = false;
	}

	send(text) {
		this.wake();
		this.busy = this.busy || /[\r\n]/.test(text);
		this.emulator.serial_send_bytes(0, new TextEncoder().encode(text));
	}

	// Types a command, and returns its status and output at the next prompt.
	async type(command) {
		const done = new Promise(resolve => this.waiting.push(resolve));
		this.text = "";
		// Ctrl-U deletes what is already typed at the prompt.
		this.send(`\x15${command}\r`);
		const {status, output} = await done;
		// Remove the echo, into which the shell inserts line breaks.
		const echo = [...command].map(char => char.replace(/[^\w ]/, "\\$&")).join("[\\s\\x08]*");
		return {status, output: output.replace(/\r/g, "").replace(new RegExp(`^[^]*?${echo}[ \\x08]*\\n`), "")};
	}

	// Sends the agent a request when the one before is answered. There is no time
	// limit: a late answer would be taken for the answer to the next request.
	request(line) {
		this.pending++;
		const answer = this.requests.then(() => new Promise(resolve => {
			this.answered = "";
			this.resolve = resolve;
			this.wake();
			this.emulator.serial_send_bytes(1, new TextEncoder().encode(line + "\n"));
		})).finally(() => {
			this.resolve = null;
			this.pending--;
			this.wake();
		});
		return this.requests = answer;
	}

	memory(address, length) {
		return this.emulator.read_memory(address, length);
	}

	// Stops it for good.
	halt() {
		this.dead = true;
		this.stop();
		this.state?.("stopped");
	}

	destroy() {
		this.dead = true;
		clearTimeout(this.timer);
		return this.emulator.destroy();
	}
}

if (typeof module !== "undefined")
	module.exports = Machine;
