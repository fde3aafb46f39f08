// SPDX-License-Identifier: GPL-2.0-only
//
// node page.js PAGE MODULES BROWSER [SINGLE SHOTS]: tests the page in a browser, and prints
// TAP. With SINGLE, the page as one file, runs more tests, and saves screenshots in SHOTS.
"use strict";

const fs = require("fs");
const path = require("path");
const Browser = require("./bidi.js");
const serve = require("./serve.js");

const [page, modules, name, single, shots] = process.argv.slice(2);
const ENTER = "\uE007";
let tests = 0, failed = 0, browser, server, url;

// The test fails if body() throws or returns false.
async function test(description, body) {
	let why = "";

	try {
		if (await body() === false)
			why = "is false";
	} catch (error) {
		why = String(error.message);
	}
	failed += Boolean(why);
	console.log(`${why ? "not ok" : "ok"} ${++tests} - ${description}`);
	if (why)
		console.log(`${why}\n${browser?.log.slice(-5).join("\n")}`.replace(/^/gm, "# "));
}

function equal(got, wanted) {
	if (JSON.stringify(got) !== JSON.stringify(wanted))
		throw new Error(`${JSON.stringify(got)} instead of ${JSON.stringify(wanted)}`);
}

// Types a command key by key, and returns the lines that it printed.
async function type(command) {
	const before = await browser.evaluate("+byId('terminal').dataset.prompts");

	await browser.evaluate("terminal.focus()");
	await browser.keys(command + ENTER);
	await browser.until(`+byId('terminal').dataset.prompts > ${before}`);
	const lines = (await browser.evaluate("screenText()")).trimEnd().split("\n");
	return lines.slice(lines.lastIndexOf(`# ${command}`) + 1, -1);
}

const prompted = "machine?.began && +byId('terminal').dataset.prompts";

// Item, index and address of each quantum of a device, as the layout and the view have them
async function layouts(device) {
	const module = device.slice(0, 6);
	const shown = await type(`cat /sys/kernel/debug/${module}/${device.slice(6)}/layout`);

	return [shown.filter(line => line[0] !== "#").map(line => line.split(" ")).map(
		([item, index, address]) => [+item, +index, address]),
	await browser.evaluate(`view.view.devices.${device}.quanta.map(
		quantum => [quantum.item, quantum.index, quantum.address])`)];
}

async function common() {
	await test("the page has a prompt", async () => {
		await browser.open(`${url}/`);
		await browser.until(prompted);
		await browser.until("view.view.frames.length > 16384");
	});
	await test("what is typed is done, and its result printed", async () =>
		equal(await type("echo hello > /dev/scullc0; cat /dev/scullc0"), ["hello"]));
	await test("the view has the quantum where the layout has it", async () => {
		equal(...await layouts("scullc0"));
		equal(await browser.evaluate("view.view.devices.scullc0.quanta.length"), 1);
	});
	await test("its cell in the map has the colour of scullc", async () => {
		equal(...await browser.evaluate(`(() => {
			const frame = view.view.devices.scullc0.quanta[0].frames[0];
			const at = [frame % view.columns * 3 + 1, Math.floor(frame / view.columns) * 3 + 1];
			const colour = view.canvas.getContext("2d").getImageData(...at, 1, 1).data.slice(0, 3);
			const hex = "#" + [...colour].map(part => part.toString(16).padStart(2, "0")).join("");
			return [hex, getComputedStyle(document.documentElement).getPropertyValue("--scullc").trim()];
		})()`));
	});
	await test("by keyboard alone: the next frame with a quantum, and hello in its bytes", async () => {
		await browser.keys("\uE009\uE008L");
		equal(await browser.evaluate("document.activeElement.id"), "pause");
		await browser.evaluate("byId('map').focus()");
		await browser.keys("n" + ENTER);
		await browser.until("/scullc0 item 0 quantum 0/.test(byId('frame').textContent)");
		await browser.until("/68 65 6c 6c 6f.*hello/.test(byId('bytes').textContent)");
	});
	await test("the bytes change as they are written", async () => {
		await browser.evaluate(`void new MutationObserver(() =>
			globalThis.marked ||= [...byId("bytes").querySelectorAll("mark")].map(mark => mark.textContent).join(" "))
			.observe(byId("bytes"), {childList: true})`);
		await type("printf Jolly 1<>/dev/scullc0");
		await browser.until("/Jolly/.test(byId('bytes').textContent)");
		equal(await browser.until("globalThis.marked"), "4a 6f 79");
	});
	await test("the tree has the quantum, and leads to it", async () => {
		await browser.evaluate("(byId('devices').open = byId('scullc0').open = true)");
		await browser.click('[data-quantum="scullc0 item 0 quantum 0"]');
		equal(await browser.evaluate("view.frame === view.view.devices.scullc0.quanta[0].frames[0]"), true);
	});
	await test("blocks of scullp and areas of scullv are in it, too", async () => {
		await type("head -c 20000 /dev/zero > /dev/scullp0; head -c 20000 /dev/zero > /dev/scullv0");
		await browser.until("[...byId('files').querySelectorAll('mark')].some(mark => /\\[scullv\\]/.test(mark.textContent))");
		equal(...await layouts("scullp0"));
		equal(...await layouts("scullv0"));
	});
	await test("a file goes in, and comes out as it was", async () => {
		const bytes = Array.from({length: 7000}, (_, i) => i * 7 % 256);
		await browser.evaluate(`upload(new File([Uint8Array.from(${JSON.stringify(bytes)})], "some file"))`);
		equal((await type("wc -c < /root/some_file")), ["7000"]);
		await type("cp /root/some_file /dev/scullc1");
		const got = await browser.evaluate(`(async () => {
			let blob;
			const real = URL.createObjectURL;
			URL.createObjectURL = made => real.call(URL, blob = made);
			HTMLAnchorElement.prototype.click = () => {};
			await download("/dev/scullc1");
			delete HTMLAnchorElement.prototype.click;
			URL.createObjectURL = real;
			return [...new Uint8Array(await blob.arrayBuffer())];
		})()`);
		equal(got, bytes);
	});
	await test("what cannot be transferred is refused, and the machine goes on", async () => {
		await type("mkdir /root/directory; echo spaced > '/root/a b'");
		const said = await browser.evaluate(`(async () => {
			const all = [];
			for (const path of ["-", "/dev/ttyS1", "/root/none", "/root/directory"]) {
				await download(path);
				all.push(byId("transferred").textContent);
			}
			await upload(new File(["x"], "directory"));
			all.push(byId("transferred").textContent);
			await upload({name: "large", size: 1e9});
			all.push(byId("transferred").textContent);
			await download("/root/a b");
			all.push(byId("transferred").textContent);
			return all;
		})()`);
		equal(said.slice(0, 4), ["-", "/dev/ttyS1", "/root/none", "/root/directory"].map(path =>
			`${path}: neither a file nor a device of scull`));
		equal([/Is a directory/.test(said[4]), /at most/.test(said[5]), said[6]], [true, true, "/root/a b: 7 bytes"]);
	});
	await test("a shell in the shell has prompts of its own", async () => {
		await type("sh");
		equal(await type("echo inner"), ["inner"]);
		await type("exit");
		equal(await type("echo outer"), ["outer"]);
	});
	await test("an idle machine is stopped, and a key wakes it", async () => {
		await browser.until("byId('state').textContent === 'idle' && !machine.emulator.is_running()");
		equal(await type("echo awake"), ["awake"]);
	});
	await test("paused, it does nothing, and then goes on", async () => {
		await browser.click("#pause");
		equal(await browser.evaluate("byId('state').textContent"), "paused");
		await browser.until("!machine.emulator.is_running()");
		await browser.click("#pause");
		equal(await type("echo again"), ["again"]);
		// A stop takes effect only later: one that is taken back at once, too.
		await browser.evaluate("(byId('pause').click(), byId('pause').click())");
		equal(await type("echo once more"), ["once more"]);
	});
	await test("after a panic there is a report to copy, and a reset works", async () => {
		await browser.evaluate("terminal.focus()");
		await browser.keys(`echo c > /proc/sysrq-trigger${ENTER}`);
		await browser.until("!byId('notice').hidden && /Kernel panic/.test(screenText())");
		await browser.evaluate("document.dispatchEvent(new Event('visibilitychange'))");
		await browser.until("byId('state').textContent === 'stopped' && !machine.emulator.is_running()");
		await browser.evaluate("byId('terminal').dataset.prompts = 0");
		await browser.click("#reset");
		await browser.until(prompted);
		equal(await type("cat /sys/class/scullc/scullc0/size"), ["0"]);
		equal(await browser.evaluate("byId('notice').hidden"), true);
	});
	await test("two resets, one of a paused machine, give one fresh machine", async () => {
		await browser.click("#pause");
		await browser.evaluate("byId('terminal').dataset.prompts = 0");
		await browser.evaluate("(byId('reset').click(), byId('reset').click())");
		await browser.until(prompted);
		equal(await browser.evaluate("byId('pause').getAttribute('aria-pressed')"), "false");
		equal(await type("echo fresh"), ["fresh"]);
	});
	await test("loaded again, it has a prompt again", async () => {
		await browser.open(`${url}/?again`);
		await browser.until(prompted);
	});
	await test("nothing was asked of anybody but the page's own files", () =>
		equal(browser.requests.filter(asked => !asked.startsWith(`${url}/`) && !/^(data|blob):/.test(asked)), []));
	await test("and the page could not", async () =>
		equal(await browser.evaluate(`fetch("http://127.0.0.1:1/").catch(() => "refused").then(answer =>
			new Promise(resolve => setTimeout(() => resolve(answer), 200)))`), "refused"));
	await test("that was the only error", () =>
		equal(browser.log.filter(line => /^error/.test(line) && !/127.0.0.1:1\//.test(line)), []));
}

async function accessible(what) {
	await test(`axe finds nothing, ${what}`, async () => {
		await browser.evaluate(`(document.querySelectorAll("body > main details").forEach(node => node.open = true))`);
		await browser.evaluate(`(() => { ${fs.readFileSync(`${modules}/axe-core/axe.min.js`)} })()`);
		const {violations} = await browser.evaluate("axe.run().then(({violations}) => ({violations}))");
		equal(violations.map(({id, nodes}) => [id, ...nodes.slice(0, 3).map(node => node.html.slice(0, 120))]), []);
	});
}

// Runs all steps of the tour in order.
async function tour() {
	await browser.evaluate("byId('terminal').dataset.prompts = 0");
	await browser.evaluate("reset()");
	await browser.until(prompted);
	const steps = await browser.evaluate("TOUR.flatMap(({id, steps}) => steps.map(({commands}, i) => [id, i + 1, commands.length]))");
	await browser.evaluate("tour.go(0)");
	for (const [chapter, number, commands] of steps) {
		await test(`tour: ${chapter}, step ${number}`, async () => {
			equal(await browser.evaluate("location.hash"), `#${chapter}-step-${number}`);
			if (commands) {
				await browser.click("#type");
				await browser.until("byId('type').ariaDisabled !== 'true'");
				if (!await browser.evaluate("byId('check').dataset.ok === 'true'"))
					throw new Error(await browser.evaluate("byId('check').textContent + '\\n' + screenText().slice(-1500)"));
			}
			if (!await browser.evaluate("byId('next').disabled"))
				await browser.click("#next");
		});
	}
	for (const hash of ["session-step-3", "chapter-4-step-3", "chapter-6-step-2"])
		await test(`tour: ${hash}, which is linked, begins with what it needs`, async () => {
			await browser.open(`${url}/?${hash}#${hash}`);
			await browser.until(prompted);
			await browser.click("#type");
			await browser.until("byId('type').ariaDisabled !== 'true'");
			equal(await browser.evaluate("[location.hash, byId('check').dataset.ok]"), [`#${hash}`, "true"]);
		});
}

async function everything() {
	await accessible("light");
	await tour();
	await test("without the server it goes on, and can be reset", async () => {
		server.close();
		server.closeAllConnections?.();
		await browser.evaluate("byId('terminal').dataset.prompts = 0");
		await browser.click("#reset");
		await browser.until(prompted);
		equal(await type("echo offline"), ["offline"]);
	});
	await test("as one file, without a server, it has a prompt", async () => {
		await browser.open(`file://${path.resolve(single)}`);
		await browser.until(prompted);
		equal(await type("echo alone > /dev/scullv0; cat /dev/scullv0"), ["alone"]);
		await browser.click("[popovertarget=licences]");
		equal(await browser.evaluate(`(() => {
			const {bottom} = byId("licences").getBoundingClientRect();
			return [bottom > 100, bottom < innerHeight, /Linux/.test(byId("licences").textContent)];
		})()`), [true, true, true]);
		await browser.evaluate("byId('licences').hidePopover()");
		equal(browser.log.filter(line => /^error/.test(line) && !/127.0.0.1:1\//.test(line)), []);
	});
}

async function pictures(theme) {
	for (const width of [1400, 400]) {
		await test(`a picture: ${theme}, ${width} pixels wide`, async () => {
			await browser.size(width, 900);
			await browser.open(`file://${path.resolve(single)}`);
			await browser.until(prompted);
			await type("seq 100000001 100000207 > /tmp/test");
			for (const device of ["scullc0", "scullp0", "scullv0"])
				await type(`for i in $(seq 40); do cat /tmp/test; done > /dev/${device}`);
			await type("echo hello > /dev/scullc1; cat /dev/scullc1");
			await browser.evaluate("(view.go(view.view.devices.scullc1.quanta[0]), scrollTo(0, 0), byId('tour').open = false)");
			equal(await browser.evaluate("document.documentElement.scrollWidth <= innerWidth"), true);
			await browser.screenshot(`${shots}/${theme}-${width}.png`, width > 800 ? "viewport" : "document");
		});
	}
}

async function main() {
	({server, url} = await serve(page));
	for (const theme of single ? ["light", "dark"] : ["light"]) {
		browser = await Browser.start(name, modules, theme);
		await browser.size(1400, 900);
		if (theme === "light") {
			await common();
			if (single)
				await everything();
		}
		if (single)
			await pictures(theme);
		if (theme === "dark")
			await accessible(theme);
		await browser.stop();
	}
	console.log(`1..${tests}`);
	process.exit(failed ? 1 : 0);
}

for (const signal of ["SIGINT", "SIGTERM"])
	process.once(signal, () => {
		browser?.process.kill();
		process.exit(1);
	});
const limit = setTimeout(() => {
	console.log(`not ok ${++tests} - ended after an hour\n1..${tests}`);
	browser?.process.kill();
	process.exit(1);
}, 3600000);
limit.unref();
main().catch(error => {
	console.log(`not ok ${++tests} - ${error.message}\n1..${tests}`);
	browser?.process?.kill();
	process.exit(1);
});
