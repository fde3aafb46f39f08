// SPDX-License-Identifier: GPL-2.0-only
//
// The part of WebDriver BiDi that the tests need. Firefox speaks it itself, Chromium
// through chromedriver.
"use strict";

const {spawn} = require("child_process");
const fs = require("fs");
const os = require("os");
const path = require("path");

class Browser {
	// modules: the directory of npm's packages. theme: what prefers-color-scheme is.
	static async start(name, modules, theme = "light") {
		const browser = new Browser();
		browser.dark = theme === "dark";
		browser.WebSocket = require(`${modules}/ws`);
		browser.home = fs.mkdtempSync(path.join(os.tmpdir(), "browser-"));
		await (name === "firefox" ? browser.firefox() : browser.chromium());
		const {context} = await browser.send("browsingContext.create", {type: "tab"});
		browser.context = context;
		browser.requests = [];
		browser.log = [];
		browser.events["network.beforeRequestSent"] = ({request}) => browser.requests.push(request.url);
		browser.events["log.entryAdded"] = ({level, text}) => browser.log.push(`${level}: ${text}`);
		await browser.send("session.subscribe", {events: ["network.beforeRequestSent", "log.entryAdded"]});
		return browser;
	}

	// Starts a program, waits until its output matches, and returns the matched group.
	run(program, args, stream, match) {
		this.process = spawn(program, args, {env: {...process.env, HOME: this.home}});
		return new Promise((resolve, reject) => {
			let said = "";
			this.process.on("error", reject);
			this.process.on("exit", code => reject(new Error(`${program} ended (${code}): ${said}`)));
			for (const each of ["stdout", "stderr"])
				this.process[each].on("data", data => {
					said += data;
					const found = each === stream && said.match(match);
					if (found)
						resolve(found[1]);
				});
		});
	}

	async firefox() {
		fs.writeFileSync(`${this.home}/user.js`, `user_pref("layout.css.prefers-color-scheme.content-override", ${this.dark ? 0 : 1});
user_pref("browser.startup.homepage_override.mstone", "ignore");
user_pref("datareporting.policy.dataSubmissionEnabled", false);`);
		const url = await this.run("firefox-esr", ["--headless", "--no-remote", "--profile", this.home,
			"--remote-debugging-port", "0"], "stderr", /WebDriver BiDi listening on (\S+)/);
		await this.connect(`${url}/session`);
		await this.send("session.new", {capabilities: {}});
	}

	async chromium() {
		const port = await this.run("chromedriver", ["--port=0"], "stdout", /started successfully on port (\d+)/);
		const args = ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
			`--user-data-dir=${this.home}/profile`,
			`--blink-settings=preferredColorScheme=${this.dark ? 0 : 1}`];
		const response = await fetch(`http://localhost:${port}/session`, {method: "POST", body: JSON.stringify({
			capabilities: {alwaysMatch: {webSocketUrl: true, "goog:chromeOptions": {args}}}})});
		const {value} = await response.json();
		if (!value.capabilities)
			throw new Error(value.message);
		this.session = `http://localhost:${port}/session/${value.sessionId}`;
		await this.connect(value.capabilities.webSocketUrl);
	}

	connect(url) {
		const calls = this.calls = new Map();
		this.events = {};
		this.socket = new this.WebSocket(url, {maxPayload: 1 << 28});
		this.socket.on("message", text => {
			const {id, result, error, message, method, params} = JSON.parse(text);
			if (method)
				return this.events[method]?.(params);
			const {resolve, reject} = calls.get(id);
			calls.delete(id);
			if (error)
				reject(new Error(`${error}: ${message}`));
			else
				resolve(result);
		});
		return new Promise((resolve, reject) => this.socket.on("open", resolve).on("error", reject));
	}

	send(method, params) {
		const id = this.last = (this.last ?? 0) + 1;
		return new Promise((resolve, reject) => {
			this.calls.set(id, {resolve, reject});
			this.socket.send(JSON.stringify({id, method, params}));
		});
	}

	open(url) {
		return this.send("browsingContext.navigate", {context: this.context, url, wait: "complete"});
	}

	// Returns the value of an expression in the page, or what it resolves to if it is a
	// promise.
	async evaluate(expression) {
		const {result, exceptionDetails} = await this.send("script.evaluate", {
			expression: `(async () => JSON.stringify(await (${expression})))()`, awaitPromise: true,
			target: {context: this.context}});
		if (exceptionDetails)
			throw new Error(`${expression}: ${exceptionDetails.text}`);
		return result.value === undefined ? undefined : JSON.parse(result.value);
	}

	// Waits until an expression is true in the page. The limit is for a busy host.
	async until(expression, seconds = 240) {
		for (const end = Date.now() + seconds * 1000; Date.now() < end; ) {
			const value = await this.evaluate(expression);
			if (value)
				return value;
			await new Promise(resolve => setTimeout(resolve, 50));
		}
		throw new Error(`not within ${seconds} s: ${expression}`);
	}

	// Presses and releases keys: characters, or WebDriver's code points for other keys.
	keys(text) {
		// Shift and Control are held until the end.
		const held = [...text].filter(value => /[\uE008\uE009]/.test(value));
		const actions = [...[...text].flatMap(value => held.includes(value) ? [{type: "keyDown", value}] :
			[{type: "keyDown", value}, {type: "keyUp", value}]), ...held.map(value => ({type: "keyUp", value}))];
		return this.send("input.performActions", {context: this.context, actions: [{type: "key", id: "keys", actions}]});
	}

	// Clicks again if the element did not get the click: on a busy host, the page can move
	// the element after its place was read.
	async click(selector) {
		const name = JSON.stringify(selector);
		for (let tries = 0; tries < 3; tries++) {
			const {x, y} = await this.evaluate(`(() => {
				const node = document.querySelector(${name});
				globalThis.clicked = false;
				addEventListener("click", ({target}) => globalThis.clicked ||= node.contains(target), {capture: true, once: true});
				node.scrollIntoView({block: "center"});
				const {x, y, width, height} = node.getBoundingClientRect();
				return {x: Math.round(x + width / 2), y: Math.round(y + height / 2)};
			})()`);
			await this.send("input.performActions", {context: this.context, actions: [{type: "pointer", id: "mouse", actions: [
				{type: "pointerMove", x, y}, {type: "pointerDown", button: 0}, {type: "pointerUp", button: 0}]}]});
			if (await this.evaluate("globalThis.clicked"))
				return;
		}
		throw new Error(`${selector} does not get a click`);
	}

	size(width, height) {
		return this.send("browsingContext.setViewport", {context: this.context, viewport: {width, height}});
	}

	// origin: "viewport", or "document" for the whole page
	async screenshot(file, origin) {
		const {data} = await this.send("browsingContext.captureScreenshot", {context: this.context, origin});
		fs.writeFileSync(file, Buffer.from(data, "base64"));
	}

	async stop() {
		this.process.removeAllListeners("exit");
		const ended = new Promise(resolve => this.process.on("exit", resolve));
		if (this.session)
			await fetch(this.session, {method: "DELETE"}).catch(() => {});
		this.process.kill();
		await ended;
		fs.rmSync(this.home, {recursive: true, force: true, maxRetries: 5, retryDelay: 200});
	}
}

module.exports = Browser;
