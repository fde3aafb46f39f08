// SPDX-License-Identifier: GPL-2.0-only
//
// node figures.js PAGE MODULES BROWSER: prints the page's download size, latencies, CPU
// time and memory. Latencies are medians of ten.
"use strict";

const fs = require("fs");
const path = require("path");
const zlib = require("zlib");
const Browser = require("./bidi.js");
const serve = require("./serve.js");
const [page, modules, name] = process.argv.slice(2);

const median = values => values.sort((a, b) => a - b)[values.length >> 1];
const say = (what, value, unit) => console.log(`${what}\t${Math.round(value * 10) / 10} ${unit}`);

// The descendants of a process, with their CPU time in s and memory in MB
function processes(root) {
	const all = fs.readdirSync("/proc").filter(pid => /^\d+$/.test(pid)).flatMap(pid => {
		try {
			const stat = fs.readFileSync(`/proc/${pid}/stat`, "utf8").replace(/^.*\) /, "").split(" ");
			const pss = fs.readFileSync(`/proc/${pid}/smaps_rollup`, "utf8").match(/^Pss: *(\d+)/m);
			return [{pid, parent: stat[1], cpu: (+stat[11] + +stat[12]) / 100, memory: pss[1] / 1024,
				 what: fs.readFileSync(`/proc/${pid}/cmdline`, "utf8")}];
		} catch {
			return [];
		}
	});
	const below = pid => all.filter(each => each.parent === pid).flatMap(each => [each, ...below(each.pid)]);
	return below(String(root));
}

async function times(browser, expression) {
	const values = [];
	for (let i = 0; i < 10; i++)
		values.push(await browser.evaluate(expression));
	return median(values);
}

async function main() {
	const {server, url} = await serve(page);
	const files = fs.readdirSync(page).filter(file => /\.(html|css|js|wasm|zst)$/.test(file));
	const size = files.reduce((sum, file) => {
		const bytes = fs.readFileSync(path.join(page, file));
		return sum + (/zst$/.test(file) ? bytes : zlib.gzipSync(bytes, {level: 9})).length;
	}, 0);
	const cold = [], warm = [];
	let browser;

	say("download, with gzip", size / 1e6, "MB");
	for (let i = 0; i < 10; i++) {
		browser = await Browser.start(name, modules);
		for (const list of [cold, warm]) {
			await browser.open(`${url}/`);
			await browser.until("machine?.began");
			list.push(await browser.evaluate("machine.began"));
		}
		if (i < 9)
			await browser.stop();
	}
	say("from the start of loading to the prompt, cold", median(cold), "ms");
	say("the same, warm", median(warm), "ms");
	await browser.until("view.view.frames.length");
	// From a key to its echo, and from Enter to the next prompt
	say("a key to its echo", await times(browser, `new Promise(resolve => {
		const began = performance.now();
		const parsed = terminal.onWriteParsed(() => { parsed.dispose(); resolve(performance.now() - began); });
		setTimeout(() => terminal.input("x"));
	})`), "ms");
	await browser.evaluate("machine.type('\\x15')");
	say("ls -l /dev", await times(browser, `(async () => {
		const began = performance.now();
		await machine.type("ls -l /dev");
		return performance.now() - began;
	})()`), "ms");
	await browser.until("byId('state').textContent === 'idle'");
	const before = processes(browser.process.pid);
	await new Promise(resolve => setTimeout(resolve, 10000));
	const after = processes(browser.process.pid);
	const cpu = list => list.reduce((sum, {cpu}) => sum + cpu, 0);
	say("CPU of the whole browser when idle", (cpu(after) - cpu(before)) * 10, "%");
	say("memory of the tab", Math.max(...after.filter(({what}) => /renderer|-contentproc/.test(what)).map(({memory}) => memory)), "MB");
	await browser.stop();
	server.close();
}

main().catch(error => {
	console.error(error);
	process.exit(1);
});
