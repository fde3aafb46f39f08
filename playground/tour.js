// SPDX-License-Identifier: GPL-2.0-only
//
// The tour: steps of the pages in docs/, from which build.js has made TOUR.
"use strict";

// Removes what differs between runs and machines, as tests/clients/watch does.
function shape(text) {
	return text
		.replace(/^( *[0-9]*: *)[0-9a-f]{1,8}$/gm, "$1N")
		.replace(/0x[0-9a-f]*/g, "N").replace(/[0-9a-f]{8,}/g, "N")
		.replace(/\b[0-9]+/g, "N").replace(/(?: *\bN\b)+ *$/gm, " N")
		.replace(/ +/g, " ").trim();
}

// Does the output of a command differ from the page? told is what the machine reported.
// A command that fails has a message in its output on the page.
function differs({output, different, exact}, told) {
	const [got, wanted] = [told.output, output].map(text => exact ? text.trim() : shape(text));
	return different ? told.status !== 0 : got !== wanted || !wanted && told.status !== 0;
}

class Tour {
	// ready(): is the machine at a prompt? type(command): the method of Machine.
	constructor(ready, type) {
		this.ready = ready;
		this.type = type;
		this.steps = TOUR.flatMap(({id, steps}) => steps.map((step, i) =>
			({...step, id, hash: `#${id}-step-${i + 1}`, where: `Step ${i + 1} of ${steps.length}`})));
		for (const {id, title} of TOUR)
			byId("chapter").append(element("option", {value: id}, title));
		byId("chapter").addEventListener("change", () =>
			this.go(this.steps.findIndex(({id}) => id === byId("chapter").value)));
		byId("back").addEventListener("click", () => this.go(this.at - 1));
		byId("next").addEventListener("click", () => this.go(this.at + 1));
		byId("type").addEventListener("click", () => this.run());
		addEventListener("hashchange", () => this.linked());
		this.begin();
	}

	// Begins at the linked or first step, on a machine that has run no command yet.
	begin() {
		this.typed = new Set();
		this.done = new Set();
		this.running = null;
		if (!this.linked())
			this.go(0);
	}

	linked() {
		const at = this.steps.findIndex(({hash}) => hash === location.hash);
		if (at >= 0)
			this.go(at);
		return at >= 0;
	}

	go(at) {
		const step = this.step = this.steps[this.at = at];
		byId("chapter").value = step.id;
		// Trusted HTML: build.js made it from the repository's own pages.
		byId("step").innerHTML = step.html;
		byId("check").textContent = "";
		delete byId("check").dataset.ok;
		byId("back").disabled = !at;
		this.enable();
		byId("where").textContent = step.where;
		history.replaceState(null, "", step.hash);
	}

	enable() {
		const {step, at} = this;
		byId("type").disabled = !step.commands.length;
		// A disabled button would lose the focus.
		byId("type").ariaDisabled = Boolean(this.running);
		const next = byId("next"), focused = document.activeElement === next;
		next.disabled = step.commands.length && !this.done.has(step) || at === this.steps.length - 1;
		if (focused && next.disabled)
			byId("type").focus();
	}

	// What this step needs that was not typed on this machine: the commands of the
	// chapter's earlier steps, and the shell functions of other chapters
	prelude() {
		return this.steps.slice(0, this.at).flatMap(({id, commands}) => commands.filter(typed =>
			!this.typed.has(typed) && (id === this.step.id || /^\w+\(\) \{/.test(typed.command))));
	}

	async run() {
		const {step} = this;
		let wrong = "";

		if (this.running)
			return;
		delete byId("check").dataset.ok;
		if (!this.ready()) {
			byId("check").textContent = "The machine is busy. Wait for its prompt, or press Ctrl+C in the terminal.";
			return;
		}
		// begin() ends a run, because the machine it types to is gone.
		const run = this.running = {};
		this.enable();
		byId("check").textContent = "typing ...";
		for (const typed of [...this.prelude(), ...step.commands]) {
			const told = await this.type(typed.command);
			if (run !== this.running)
				return;
			this.typed.add(typed);
			if (!wrong && step.commands.includes(typed) && differs(typed, told))
				wrong = typed.command;
			if (step !== this.step)
				break;
		}
		this.running = null;
		if (step === this.step) {
			this.done.add(step);
			byId("check").textContent = wrong ?
				`✗ The output of “${wrong}” differs from the text. Reset the machine to start again.` :
				"✓ The output is as in the text, except for addresses and counts.";
			byId("check").dataset.ok = !wrong;
		}
		this.enable();
	}
}
