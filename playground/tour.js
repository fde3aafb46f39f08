// SPDX-License-Identifier: GPL-2.0-only
//
// The tour: steps of the pages in docs/, which build.js has made TOUR of.
"use strict";

// What differs from run to run and from machine to machine, as in tests/clients/watch.
function shape(text) {
	return text
		.replace(/^( *[0-9]*: *)[0-9a-f]{1,8}$/gm, "$1N")
		.replace(/0x[0-9a-f]*/g, "N").replace(/[0-9a-f]{8,}/g, "N")
		.replace(/\b[0-9]+/g, "N").replace(/(?: *\bN\b)+ *$/gm, " N")
		.replace(/ +/g, " ").trim();
}

class Tour {
	// type(command) as Machine's.
	constructor(type) {
		this.type = type;
		for (const {id, title} of TOUR)
			byId("chapter").append(element("option", {value: id}, title));
		byId("chapter").addEventListener("change", () => this.go(byId("chapter").value, 1));
		byId("back").addEventListener("click", () => this.move(-1));
		byId("next").addEventListener("click", () => this.move(1));
		byId("type").addEventListener("click", () => this.run());
		addEventListener("hashchange", () => this.linked());
		this.begin();
	}

	// A fresh machine: nothing has been typed.
	begin() {
		this.defined = new Set();
		if (!this.linked())
			this.go(TOUR[0].id, 1);
	}

	linked() {
		const found = location.hash.match(/^#(.+)-step-(\d+)$/);
		return Boolean(found) && this.go(found[1], +found[2]);
	}

	go(id, number) {
		const chapter = TOUR.find(known => known.id === id);
		if (!chapter?.steps[number - 1])
			return false;
		this.chapter = chapter;
		this.number = number;
		this.step = chapter.steps[number - 1];
		byId("chapter").value = id;
		// Made from the repository's own pages when the page was built
		byId("step").innerHTML = this.step.html;
		byId("check").textContent = "";
		byId("type").disabled = !this.step.commands.length;
		byId("back").disabled = !this.neighbour(-1);
		byId("next").disabled = this.step.commands.length > 0 || !this.neighbour(1);
		byId("where").textContent = `Step ${number} of ${chapter.steps.length}`;
		history.replaceState(null, "", `#${id}-step-${number}`);
		return true;
	}

	neighbour(by) {
		const at = TOUR.indexOf(this.chapter);
		if (this.chapter.steps[this.number - 1 + by])
			return [this.chapter.id, this.number + by];
		return TOUR[at + by] && [TOUR[at + by].id, by > 0 ? 1 : TOUR[at + by].steps.length];
	}

	move(by) {
		const to = this.neighbour(by);
		if (to)
			this.go(...to);
	}

	// Functions that earlier chapters define, for who begins here.
	prelude() {
		const commands = TOUR.slice(0, TOUR.indexOf(this.chapter)).flatMap(chapter =>
			chapter.steps.flatMap(step => step.commands.map(({command}) => command)));
		return commands.filter(command => /^\w+\(\) \{/.test(command) && !this.defined.has(command));
	}

	async run() {
		const {step} = this;
		let differs = "";

		byId("type").disabled = true;
		byId("check").textContent = "typing ...";
		for (const command of this.prelude()) {
			await this.type(command);
			this.defined.add(command);
		}
		for (const {command, output} of step.commands) {
			const told = (await this.type(command)).output;
			this.defined.add(command);
			if (!differs && shape(told) !== shape(output) && !(step.exact && told.trim() === output.trim()))
				differs = command;
		}
		if (step !== this.step)
			return;
		byId("type").disabled = false;
		byId("next").disabled = !this.neighbour(1);
		byId("check").textContent = differs ?
			`✗ “${differs}” printed something else than here. Reset the machine to begin anew.` :
			"✓ As it is printed here, but for addresses and counts.";
		byId("check").dataset.ok = !differs;
	}
}
