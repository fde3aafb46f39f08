// SPDX-License-Identifier: GPL-2.0-only
//
// The views of devices and allocators, from the answers of the agent, and the map of the
// machine's page frames. The bytes of a frame are read from the machine's RAM.
"use strict";

const PAGE = 4096;
const MODULES = ["scullc", "scullp", "scullv"];
const USES = {f: "free", u: "user", s: "slab", k: "kernel", r: "reserved"};
const LEGEND = {
	scullc: "scullc", scullp: "scullp", scullv: "scullv", slab: "other slabs", kernel: "kernel",
	user: "programs and files", free: "free", reserved: "reserved",
};

const byId = id => document.getElementById(id);
const hex = (n, digits = 8) => n.toString(16).padStart(digits, "0");

// element("p", {className: "hint"}, "text", another)
function element(tag, properties, ...children) {
	const made = Object.assign(document.createElement(tag), properties);
	made.append(...children);
	return made;
}

// Parses the agent's answer to "view".
function parseView(text) {
	const view = {devices: {}, parameters: {}, slabs: {}, owners: new Map(), frames: new Uint8Array(),
		      rows: {slabinfo: [], buddyinfo: [], vmallocinfo: []}};
	let device, found;

	const named = name => (view.devices[name] ??= {name, module: name.slice(0, 6), quanta: [], counters: {}});
	for (const line of text.split("\n")) {
		if ((found = line.match(/^# device (\w+) quantum (\d+) qset (\d+)/))) {
			device = Object.assign(named(found[1]), {quantum: +found[2], qset: +found[3]});
		} else if ((found = line.match(/^(\d+) (\d+) ([0-9a-f]+) \d+ \d+ \S+ \S+ ([\d+,]+)$/))) {
			addQuantum(view, device, found);
		} else if ((found = line.match(/^\/sys\/module\/(\w+)\/parameters\/(\w+):(.*)/))) {
			(view.parameters[found[1]] ??= {})[found[2]] = found[3];
		} else if ((found = line.match(/^\/sys\/class\/\w+\/(\w+)\/(\w+):(\d+)$/))) {
			named(found[1]).counters[found[2]] = +found[3];
		} else if ((found = line.match(/^\/sys\/kernel\/slab\/(\S+)\/(\w+):(\d+)/))) {
			(view.slabs[found[1]] ??= {})[found[2]] = +found[3];
		} else if (/^Node/.test(line)) {
			view.rows.buddyinfo.push(line);
		} else if (/^0x/.test(line)) {
			view.rows.vmallocinfo.push(line);
		} else if (/^([fsukr]\d+)+$/.test(line)) {
			view.frames = expand(line);
		} else if (/^(# name|scull)/.test(line)) {
			view.rows.slabinfo.push(line.replace(/ : tunables.*slabdata/, " ..."));
		}
	}
	return view;
}

function addQuantum(view, device, [, item, index, address, frames]) {
	const quantum = {device, item: +item, index: +index, address, frames: []};

	for (const run of frames.split(",")) {
		const [first, count] = run.split("+").map(Number);
		for (let frame = first; frame < first + count; frame++)
			quantum.frames.push(frame);
	}
	device.quanta.push(quantum);
	for (const frame of quantum.frames) {
		if (!view.owners.has(frame))
			view.owners.set(frame, []);
		view.owners.get(frame).push(quantum);
	}
}

// Expands "f12s3" to a letter for each frame.
function expand(runs) {
	const all = [];

	for (const [, use, count] of runs.matchAll(/([a-z])(\d+)/g))
		for (let i = 0; i < count; i++)
			all.push(use.charCodeAt(0));
	return Uint8Array.from(all);
}

const offset = quantum => parseInt(quantum.address.slice(-3), 16);
// The bytes of a quantum in this frame: start in the frame, skipped in the quantum, length
function part(quantum, frame) {
	const nth = quantum.frames.indexOf(frame);
	const skipped = nth ? nth * PAGE - offset(quantum) : 0, start = nth ? 0 : offset(quantum);
	return {start, skipped, length: Math.min(quantum.device.quantum - skipped, PAGE - start)};
}
const title = quantum => `${quantum.device.name} item ${quantum.item} quantum ${quantum.index}`;

class MemoryView {
	cell = 3;
	frame = -1;

	constructor(memory) {
		this.memory = memory;
		this.view = parseView("");
		this.canvas = byId("map");
		for (const [name, text] of Object.entries(LEGEND)) {
			const entry = element("span", {}, text);
			entry.style.setProperty("--c", `var(--${name})`);
			byId("legend").append(entry);
		}
		this.canvas.addEventListener("mousemove", event => this.select(this.at(event)));
		this.canvas.addEventListener("click", event => {
			this.select(this.at(event));
			this.open();
		});
		this.canvas.addEventListener("keydown", event => this.key(event));
		new ResizeObserver(() => this.draw()).observe(byId("scroll"));
		matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.draw());
	}

	at(event) {
		const scale = this.canvas.width / this.canvas.clientWidth;
		return Math.floor(event.offsetY * scale / this.cell) * this.columns +
			Math.floor(event.offsetX * scale / this.cell);
	}

	key(event) {
		const owned = [...this.view.owners.keys()].sort((a, b) => a - b);
		const to = {
			ArrowLeft: () => this.frame - 1, ArrowRight: () => this.frame + 1,
			ArrowUp: () => this.frame - this.columns, ArrowDown: () => this.frame + this.columns,
			n: () => owned.find(frame => frame > this.frame) ?? owned[0],
			p: () => owned.findLast(frame => frame < this.frame) ?? owned.at(-1),
		}[event.key];

		if (event.key === "Enter")
			this.open();
		else if (to)
			this.select(to() ?? this.frame, true);
		else
			return;
		event.preventDefault();
	}

	show(view) {
		this.view = view;
		this.draw();
		this.tell();
	}

	use(frame) {
		const owner = this.view.owners.get(frame)?.[0];
		return owner ? owner.device.module : USES[String.fromCharCode(this.view.frames[frame])] ?? "reserved";
	}

	draw() {
		const style = getComputedStyle(document.documentElement);
		const colour = Object.fromEntries([...Object.keys(LEGEND), "cursor"].map(name =>
			[name, style.getPropertyValue(`--${name}`)]));
		const {canvas, cell} = this;
		const count = this.view.frames.length;

		this.columns = Math.max(32, Math.floor(byId("scroll").clientWidth / cell));
		canvas.width = this.columns * cell;
		canvas.height = Math.max(1, Math.ceil(count / this.columns)) * cell;
		const context = canvas.getContext("2d");
		const box = (frame, size) => context.fillRect(
			frame % this.columns * cell, Math.floor(frame / this.columns) * cell, size, size);
		for (let frame = 0; frame < count; frame++) {
			context.fillStyle = colour[this.use(frame)];
			box(frame, this.view.owners.has(frame) ? cell : cell - 0.5);
		}
		if (this.frame >= 0) {
			context.strokeStyle = colour.cursor;
			context.lineWidth = 2;
			context.strokeRect(this.frame % this.columns * cell - 2,
				Math.floor(this.frame / this.columns) * cell - 2, cell + 4, cell + 4);
		}
		canvas.setAttribute("aria-label", `Memory map: ${count} page frames; ` + MODULES.map(name =>
			`${[...this.view.owners.values()].filter(([owner]) => owner.device.module === name).length} hold quanta of ${name}`).join(", "));
	}

	select(frame, scroll) {
		if (!(frame >= 0 && frame < this.view.frames.length) || frame === this.frame)
			return;
		this.frame = frame;
		if (scroll)
			byId("scroll").scrollTop = Math.floor(frame / this.columns) * this.cell - 100;
		this.draw();
		this.tell();
	}

	// Describes the selected frame.
	tell() {
		const {frame} = this;
		if (frame < 0)
			return;
		const lines = [`Frame ${frame}, physical address 0x${hex(frame * PAGE)}: ${LEGEND[this.use(frame)]}.`];
		const owners = this.view.owners.get(frame) ?? [];
		for (const quantum of owners.slice(0, 8)) {
			const {start, skipped, length} = part(quantum, frame);
			lines.push(`${title(quantum)}, at ${quantum.address}: ${length} of its ${quantum.device.quantum} bytes, from ${skipped}, at offset ${start}.`);
		}
		if (owners.length > 8)
			lines.push(`And ${owners.length - 8} more quanta.`);
		if (owners[0]?.device.module === "scullc")
			lines.push(this.slab(owners[0]));
		lines.push(`Neighbours: ${[frame - 1, frame + 1].filter(near => near in this.view.frames).map(near => `${near} ${LEGEND[this.use(near)]}` +
			(this.view.owners.has(near) ? ` (${title(this.view.owners.get(near)[0])})` : "")).join(", ")}.`);
		const text = lines.join("\n");
		if (text === this.told)
			return;
		this.told = text;
		byId("frame").replaceChildren(...lines.map(line => element("div", {}, line)));
	}

	// The objects of the slab that a quantum of scullc lies in. A slab begins at a multiple
	// of its size, and objects follow each other in it.
	slab(quantum) {
		const cache = this.view.slabs[`scullc-${quantum.device.quantum}`] ?? this.view.slabs.scullc;
		if (!cache)
			return "";
		const stride = cache.slab_size, pages = 1 << cache.order;
		const base = Math.floor(quantum.frames[0] / pages) * pages * PAGE;
		const taken = new Set();
		for (let frame = base / PAGE; frame < base / PAGE + pages; frame++)
			for (const owner of this.view.owners.get(frame) ?? [])
				if (owner.frames[0] === frame)
					taken.add(Math.floor((frame * PAGE + offset(owner) - base) / stride));
		const objects = Array.from({length: Math.floor(pages * PAGE / stride)}, (_, i) => taken.has(i) ? "■" : "□");
		return `Slab of ${pages} pages from frame ${base / PAGE}, ${taken.size} of ${objects.length} objects hold quanta: ${objects.slice(0, 64).join("")}`;
	}

	// Shows the bytes of a quantum in the selected frame: the given quantum, or else
	// the one after the quantum that is shown.
	open(quantum) {
		const owners = this.view.owners.get(this.frame) ?? [];
		const last = owners.findIndex(owner => title(owner) === this.opened);
		quantum ??= owners[(last + 1) % owners.length];
		this.opened = quantum && title(quantum);
		this.openedFrame = this.frame;
		byId("bytes").hidden = this.frame < 0;
		this.refresh();
	}

	// Reads the opened bytes again, and marks those that have changed since the last time.
	refresh() {
		if (!(this.openedFrame >= 0))
			return;
		const frame = this.openedFrame;
		const owner = this.view.owners.get(frame)?.find(quantum => title(quantum) === this.opened);
		const {start, length} = owner ? part(owner, frame) : {start: 0, length: PAGE};
		const address = frame * PAGE + start;
		// A copy: memory() returns a view of the RAM.
		const bytes = this.memory(address, length).slice();
		const name = owner ? title(owner) : `frame ${frame}`;
		const old = this.shown?.name === name && this.shown.address === address ? this.shown : {bytes};
		const same = old.bytes.every((byte, i) => byte === bytes[i]) && bytes.length === old.bytes.length;
		// Replacing the text would end a selection in it.
		if (same && old.still)
			return;
		this.shown = {name, address, bytes, still: same};
		const rows = [name];
		for (let i = 0; i < bytes.length; i += 16) {
			let text = `\n${hex(address + i)} `;
			for (let j = i; j < i + 16; j++) {
				const byte = j < bytes.length ? hex(bytes[j], 2) : "  ";
				text += " ";
				if (bytes[j] === old.bytes[j]) {
					text += byte;
				} else {
					rows.push(text, element("mark", {}, byte));
					text = "";
				}
			}
			rows.push(`${text}  ${[...bytes.slice(i, i + 16)].map(byte =>
				byte > 31 && byte < 127 ? String.fromCharCode(byte) : ".").join("")}`);
		}
		byId("bytes").replaceChildren(...rows, "\n");
	}

	// Opens the map at the first frame of a quantum.
	go(quantum) {
		byId("memory").open = true;
		this.select(quantum.frames[0], true);
		this.open(quantum);
	}
}

// Devices, items and quanta as a tree, with their counters. Open branches stay open.
function showDevices(view, go) {
	const open = new Set([...byId("tree").querySelectorAll("details[open]")].map(node => node.id));
	const focus = document.activeElement?.dataset?.quantum ?? document.activeElement?.parentElement?.id;
	const table = pairs => element("table", {}, ...Object.entries(pairs).map(([name, value]) =>
		element("tr", {}, element("th", {scope: "row"}, name), element("td", {}, String(value)))));
	const item = quanta => {
		const parts = [];
		let next = 0;
		const hole = count => count > 0 && parts.push(
			element("span", {className: "hole"}, count > 1 ? `${count} holes` : "hole"));
		for (const quantum of quanta.slice(0, 200)) {
			hole(quantum.index - next);
			next = quantum.index + 1;
			const button = element("button", {onclick: () => go(quantum), title: quantum.address}, `${quantum.index}`);
			button.dataset.quantum = title(quantum);
			button.setAttribute("aria-label", `${title(quantum)}, frame ${quantum.frames[0]}`);
			parts.push(button);
		}
		if (quanta.length > 200)
			parts.push(` and ${quanta.length - 200} more quanta`);
		else
			hole(quanta[0].device.qset - next);
		return element("li", {}, `item ${quanta[0].item}: `, ...parts);
	};
	// Items that a device lacks lie between others, or before the first.
	const items = list => list.slice(0, 100).flatMap((quanta, i) => {
		const missing = quanta[0].item - (i ? list[i - 1][0].item + 1 : 0);
		return [...missing ? [element("li", {className: "hole"}, missing > 1 ? `${missing} items are holes` : "an item is a hole")] : [],
			item(quanta)];
	});

	const tree = element("div", {}, ...MODULES.map(module => element("div", {},
		element("h3", {}, module),
		element("details", {id: `parameters-${module}`, open: open.has(`parameters-${module}`)},
			element("summary", {}, `limit ${view.parameters[module]?.limit ?? "?"} MiB, headroom ${view.parameters[module]?.headroom ?? "?"} MiB`),
			table(view.parameters[module] ?? {})),
		...Object.values(view.devices).filter(device => device.module === module).map(device => {
			const list = [...Map.groupBy(device.quanta, ({item}) => item).values()];
			return element("details", {id: device.name, open: open.has(device.name)},
				element("summary", {}, `${device.name}: ${device.counters.size ?? 0} bytes, ${device.quanta.length} quanta of ${device.quantum} in ${list.length} items`),
				element("ul", {}, ...items(list),
					...(list.length > 100 ? [element("li", {}, `and ${list.length - 100} more items`)] : [])),
				table(device.counters));
		}))));
	// Replacing it would move the focus and what is read aloud.
	if (tree.innerHTML === byId("tree").innerHTML)
		return;
	byId("tree").replaceChildren(...tree.childNodes);
	if (focus)
		byId("tree").querySelector(`[data-quantum="${focus}"], #${CSS.escape(focus)} > summary`)?.focus();
}

// The rows of /proc before and after a command; changed rows are marked.
function showFiles(before, after) {
	byId("files").replaceChildren(...Object.keys(after.rows).map(name => element("div", {},
		element("h3", {}, `/proc/${name}`),
		...[["before", before, after], ["after", after, before]].map(([when, view, other]) =>
			element("pre", {tabIndex: 0, role: "group", ariaLabel: `/proc/${name}, ${when}`}, `${when}\n`,
				...view.rows[name].flatMap(row => [other.rows[name].includes(row) ? row : element("mark", {}, row), "\n"]))))));
}
