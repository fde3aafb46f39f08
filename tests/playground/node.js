// SPDX-License-Identifier: GPL-2.0-only
//
// node node.js PAGE [SUITE]: tests the page's machine in node. Compares the output of the
// tour's commands with the pages of the tour, and the book's session with the golden
// transcripts. Runs groups of the test suite if SUITE, its program, is given.
"use strict";

const fs = require("fs");
const path = require("path");
const [page, suite] = process.argv.slice(2).map(name => path.resolve(name));
const Machine = require(`${page}/machine.js`);

setTimeout(() => {
	console.log("not ok - no end after 30 minutes");
	process.exit(1);
}, 1800000);

async function put(machine, from, to) {
	const text = fs.readFileSync(from);

	await machine.request(`put ${to}`);
	for (let at = 0; at < text.length; at += 2700)
		await machine.request(`more ${to} ${text.subarray(at, at + 2700).toString("base64")}`);
}

// A machine at its prompt, from the saved state
async function fresh() {
	const machine = new Machine(require(`${page}/libv86.js`).V86, fs.readFileSync(`${page}/v86.wasm`),
		{initial_state: {buffer: Uint8Array.from(fs.readFileSync(`${page}/state.zst`)).buffer}});

	await machine.ready;
	await new Promise(resolve => {
		machine.prompt = resolve;
		machine.send("\f");
	});
	return machine;
}

async function tour() {
	const scripts = ["tour-data", "tour"].map(name => fs.readFileSync(`${page}/${name}.js`));
	const {TOUR, differs} = new Function(`${scripts.join("\n")}; return {TOUR, differs};`)();
	const machine = await fresh();

	console.log("== tour");
	for (const [i, {id, steps}] of TOUR.entries()) {
		const wrong = [];
		for (const typed of steps.flatMap(({commands}) => commands)) {
			const told = await machine.type(typed.command);
			if (differs(typed, told))
				wrong.push(`# ${typed.command}\n${told.output}instead of\n${typed.output}`);
		}
		console.log(`${wrong.length ? "not ok" : "ok"} ${i + 1} - ${id}`);
		for (const each of wrong)
			console.log(each.replace(/^/gm, "# "));
	}
	// The page asks for views while a command runs.
	let ended = false;
	const views = (async () => {
		while (!ended)
			await machine.request("view");
	})();
	const {status, output} = await machine.type("(cd /lib/scull; for i in 1 2 3 4 5 6 7 8 9 10;" +
		" do rmmod scullc && insmod scullc.ko quantum=10 && seq 3000 >/dev/scullc0 || exit; done)");
	ended = true;
	await views;
	console.log(`${status ? "not ok" : "ok"} ${TOUR.length + 1} - a view does not hinder rmmod`);
	console.log(output.replace(/^(?=.)/gm, "# "));
	console.log(`1..${TOUR.length + 1}`);
	await machine.destroy();
}

async function main() {
	await tour();
	const machine = await fresh();
	const run = async command => console.log((await machine.type(command)).output);
	await machine.type("rmmod scullc scullp scullv; rm /dev/scull?");
	console.log("== session");
	await run("/tests/session.sh --test /tests/golden");
	if (suite) {
		await put(machine, suite, "/bin/scull_suite");
		await machine.type("chmod 755 /bin/scull_suite");
		for (const module of ["scullc", "scullp", "scullv"]) {
			console.log(`== ${module}`);
			await run(`scull_suite ${module} basic vectors seek holes geometry ioctl proc 2>&1`);
		}
	}
	process.exit();
}

main();
