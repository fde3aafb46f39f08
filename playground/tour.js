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
function differs({output, different}, told) {
	return different ? told.status !== 0 : shape(told.output) !== shape(output);
}

class Tour {
	// type(command): the method of Machine
	constructor(type) {
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
		this.defined = new Set();
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
		byId("type").disabled = !step.commands.length;
		byId("back").disabled = !at;
		byId("next").disabled = step.commands.length > 0 || at === this.steps.length - 1;
		byId("where").textContent = step.where;
		history.replaceState(null, "", step.hash);
	}

	// The shell functions of earlier steps that were not run on this machine
	prelude() {
		return this.steps.slice(0, this.at).flatMap(({commands}) => commands.map(({command}) => command))
			.filter(command => /^\w+\(\) \{/.test(command) && !this.defined.has(command));
	}

	async run() {
		const {step} = this;
		let wrong = "";

		byId("type").disabled = true;
		byId("check").textContent = "typing ...";
		for (const command of this.prelude()) {
			await this.type(command);
			this.defined.add(command);
		}
		for (const typed of step.commands) {
			const told = await this.type(typed.command);
			this.defined.add(typed.command);
			if (!wrong && differs(typed, told))
				wrong = typed.command;
		}
		if (step !== this.step)
			return;
		byId("type").disabled = false;
		byId("next").disabled = this.at === this.steps.length - 1;
		byId("check").textContent = wrong ?
			`✗ The output of “${wrong}” differs from the text. Reset the machine to start again.` :
			"✓ The output is as in the text, except for addresses and counts.";
		byId("check").dataset.ok = !wrong;
	}
}
