// SPDX-License-Identifier: GPL-2.0-only
//
// The page: one machine, its terminal, and the views next to it.
"use strict";

// A file of the page: a resource, or embedded in the page by --single.
async function load(name, progress) {
	const inside = document.querySelector(`script[data-name="${name}"]`);
	if (inside)
		return Uint8Array.from(atob(inside.textContent), char => char.charCodeAt(0));
	const response = await fetch(name);
	if (!response.ok)
		throw new Error(`${name}: ${response.status}`);
	let got = 0;
	const counted = response.body.pipeThrough(new TransformStream({transform(chunk, to) {
		progress(got += chunk.length);
		to.enqueue(chunk);
	}}));
	return new Uint8Array(await new Response(counted).arrayBuffer());
}

// v86 starts in promises of its own.
for (const name of ["error", "unhandledrejection"])
	addEventListener(name, ({reason, error}) => machine?.began || (reason ?? error) &&
		notice(`The machine could not be started: ${(reason ?? error).message}`));

let machine, view, tour, wasm, state, resized, starting, looks = 0, looked;
const terminal = new Terminal({fontSize: 14, scrollback: 5000, screenReaderMode: true, cursorBlink: false});
const fit = new FitAddon.FitAddon();

function say(text) {
	if (byId("state").textContent !== text)
		byId("state").textContent = text;
}

function notice(text, ...more) {
	byId("notice").hidden = !text;
	byId("notice").replaceChildren(text, ...more);
}

// When the kernel has panicked, its last messages can be copied.
const crash = /BUG: |Oops: |Kernel panic|unable to handle|reboot: /;

function screenText() {
	const buffer = terminal.buffer.active;
	return Array.from({length: buffer.length}, (_, i) => buffer.getLine(i).translateToString(true)).join("\n").trimEnd() + "\n";
}

async function copy(text) {
	try {
		await navigator.clipboard.writeText(text);
	} catch {
		// The clipboard API needs https; to copy a selection does not.
		const area = element("textarea", {value: text});
		document.body.append(area);
		area.select();
		document.execCommand("copy");
		area.remove();
	}
	terminal.focus();
}

// Returns undefined if a view that waits for the agent will show the same or more.
async function look() {
	const now = machine;
	if (looks > 1)
		return;
	looks++;
	const text = await now.request("view");
	if (now !== machine)
		return;
	looks--;
	view.show(parseView(text));
	showDevices(view.view, quantum => view.go(quantum));
	view.refresh();
	return view.view;
}

// A fresh machine from the saved state; the one that is just starting is fresh.
function start() {
	return starting ??= restore().finally(() => starting = null);
}

const reset = () => start().then(() => tour.begin());

async function restore() {
	const old = machine;
	say("starting");
	// From now on nothing that the old machine prints is shown.
	machine = null;
	looks = 0;
	byId("pause").setAttribute("aria-pressed", false);
	transferred("");
	await old?.destroy();
	notice("");
	terminal.reset();
	let before, dead = "";
	const now = machine = new Machine(V86, wasm, {initial_state: {buffer: state.slice().buffer}}, {
		output: (bytes, text) => {
			if (now !== machine)
				return;
			terminal.write(bytes);
			dead = (dead + text).slice(-4000);
			if (byId("notice").hidden && crash.test(dead))
				notice("The kernel has stopped or reported an error. Your own machine is not affected.",
					element("button", {onclick: () => copy(screenText())}, "Copy the report"),
					element("button", {onclick: reset}, "Reset"));
			// It would loop until the reset, and take a whole CPU.
			if (/end Kernel panic/.test(dead))
				now.halt();
		},
		prompt: () => {
			if (now === machine)
				looked = prompted();
		},
		state: text => now === machine && say(text),
	});
	async function prompted() {
		now.began ??= performance.now();
		const after = await look();
		if (after)
			showFiles(before ?? after, after);
		before = after ?? before;
		byId("terminal").dataset.prompts = (+byId("terminal").dataset.prompts || 0) + 1;
	}
	await now.ready;
	await now.request(`clock ${Math.floor(Date.now() / 1000)}`);
	await size();
	// The state was saved after the first prompt; this makes the shell print it again.
	now.send("\f");
	if (document.hidden)
		now.hold(true);
	terminal.focus();
}

async function size() {
	fit.fit();
	await machine?.request(`size ${terminal.rows} ${terminal.cols}`);
}

const transferred = text => byId("transferred").textContent = text;

async function upload(file) {
	const name = `/root/${file.name.replace(/[^\w.-]/g, "_")}`;
	if (file.size > 32 << 20)
		return transferred(`${file.name} has ${file.size} bytes; at most 32 MiB can be put in.`);
	const now = machine, bytes = new Uint8Array(await file.arrayBuffer());
	let failure = await now.request(`put ${name}`);
	// A line to the guest's tty can have at most 4095 bytes.
	for (let at = 0; at < bytes.length && !failure; at += 2700) {
		transferred(`${name}: ${at} of ${bytes.length} bytes`);
		failure = await now.request(`more ${name} ${btoa(String.fromCharCode(...bytes.subarray(at, at + 2700)))}`);
	}
	transferred(failure || `${name}: ${bytes.length} bytes are there.`);
}

async function download(path) {
	transferred(`reading ${path}`);
	const lines = (await machine.request(`get ${path}`)).trim().split("\n");
	if (!/^[A-Za-z0-9+/=]*$/.test(lines.at(-1)))
		return transferred(lines.at(-1));
	const bytes = Uint8Array.from(atob(lines.join("")), char => char.charCodeAt(0));
	const url = URL.createObjectURL(new Blob([bytes]));
	element("a", {href: url, download: path.split("/").pop()}).click();
	setTimeout(() => URL.revokeObjectURL(url), 10000);
	transferred(`${path}: ${bytes.length} bytes`);
}

async function main() {
	if (typeof WebAssembly !== "object")
		return notice("The kernel needs WebAssembly, which this browser does not have, or which is disabled.");
	terminal.loadAddon(fit);
	terminal.open(byId("terminal"));
	terminal.onData(data => machine?.send(data));
	terminal.attachCustomKeyEventHandler(event => {
		const key = event.ctrlKey && event.shiftKey && event.key.toUpperCase();
		if (event.type !== "keydown" || (key !== "C" && key !== "L"))
			return key !== "V";
		event.preventDefault();
		if (key === "C")
			copy(terminal.getSelection());
		else
			byId("pause").focus();
		return false;
	});
	view = new MemoryView((address, length) => machine?.loaded ? machine.memory(address, length) : new Uint8Array(length));
	tour = new Tour(() => machine?.began && !machine.busy, async command => {
		const told = await machine.type(command);
		await looked;
		return told;
	});
	byId("reset").addEventListener("click", reset);
	byId("pause").addEventListener("click", () => {
		if (machine?.began)
			machine.hold(!machine.held);
		byId("pause").setAttribute("aria-pressed", Boolean(machine?.held));
	});
	byId("copy").addEventListener("click", () => copy(terminal.getSelection() || screenText()));
	for (const [button, by] of [["smaller", -1], ["larger", 1]])
		byId(button).addEventListener("click", () => {
			terminal.options.fontSize = Math.min(32, Math.max(8, terminal.options.fontSize + by));
			size();
		});
	byId("upload").addEventListener("change", ({target}) => {
		if (target.files[0] && machine?.began)
			upload(target.files[0]);
		target.value = ""; // so that the same file can be chosen again
	});
	byId("download").addEventListener("click", () => machine?.began && download(byId("path").value));
	document.addEventListener("visibilitychange", () =>
		machine && byId("pause").getAttribute("aria-pressed") === "false" && machine.hold(document.hidden));
	new ResizeObserver(() => {
		clearTimeout(resized);
		resized = setTimeout(() => machine && size(), 300);
	}).observe(byId("terminal"));
	// Update the view also while a command runs.
	setInterval(() => machine?.busy && !machine.pending && !machine.held && machine.began && look(), 1000);
	setInterval(() => machine?.began && !machine.held && view.refresh(), 500);
	wasm = await load("v86.wasm", () => {});
	state = await load("state.zst", got => say(`loading, ${(got / 1e6).toFixed(1)} MB`));
	byId("reset").disabled = false;
	await start();
}

main();
