// SPDX-License-Identifier: GPL-2.0-only
//
// node build.js tour GLOSSARY PAGES...: prints the tour's data, from pages of docs/.
// node build.js single DIRECTORY: prints the page in that directory as one HTML file.
"use strict";

const fs = require("fs");
const path = require("path");
const crypto = require("crypto");

const [what, first, ...pages] = process.argv.slice(2);
const glossary = new Map();
let terms = 0;

// Commands whose output differs on the page's machine, because its kernel is a 32-bit one:
// only their exit status is checked.
const DIFFERENT = [
	[/^exported /, "In this machine /proc/kallsyms has functions only, so neither seems to be exported."],
	[/kmalloc-cg/, "This machine has pointers of 4 bytes: both kinds of items have a little more than 512 bytes here, and take objects of 1024."],
	[/^lesson (pages|zones)/, "This machine has 32 bits and 128 MiB: its zones are DMA and Normal."],
];

const escape = text => text.replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;");
const named = file => path.basename(file, ".md").replace(/^(\d+)-.*/, "chapter-$1");
const slug = heading => heading.toLowerCase().replace(/ /g, "-").replace(/[^\w-]/g, "");

// A link to a page of the tour, or a button that shows an entry of the glossary. A link to
// another page becomes plain text, because only the repository has that page.
function link(text, target) {
	const [file, part] = target.split("#");

	if (path.basename(file) === "glossary.md") {
		if (!glossary.has(part))
			throw new Error(`the glossary has no ${part}`);
		const id = `term-${++terms}`;
		return `<button class="term" popovertarget="${id}">${text}</button><span popover id="${id}">${glossary.get(part)}</span>`;
	}
	return pages.some(page => named(page) === named(file)) ? `<a href="#${named(file)}-step-1">${text}</a>` : text;
}

// The parts of Markdown that the pages use
function inline(text) {
	return escape(text)
		.replace(/`([^`]*)`/g, "<code>$1</code>")
		.replace(/!\[([^\]]*)\]\(([^)]*)\)/g, (all, alt, file) => `<img alt="${alt}" src="pictures/${path.basename(file)}">`)
		.replace(/\[([^\]]*)\]\(([^)]*)\)/g, (all, ...found) => link(...found))
		.replace(/\*\*([^*]*)\*\*/g, "<strong>$1</strong>")
		.replace(/\*([^*]*)\*/g, "<em>$1</em>");
}

function paragraph(text) {
	if (text.startsWith("[Contents]"))
		return "";
	if (text.startsWith("## "))
		return `<h3>${inline(text.slice(3))}</h3>`;
	if (text.startsWith("* "))
		return `<ul>${text.split(/^\* /m).slice(1).map(item => `<li>${inline(item.trim())}</li>`).join("")}</ul>`;
	if (text.startsWith("|")) {
		const [head, , ...rows] = text.split("\n").map(row => row.split("|").slice(1, -1).map(cell => inline(cell.trim())));
		const row = (tag, cells) => `<tr>${cells.map(cell => `<${tag}>${cell}</${tag}>`).join("")}</tr>`;
		return `<table>${row("th", head)}${rows.map(cells => row("td", cells)).join("")}</table>`;
	}
	return `<p>${inline(text)}</p>`;
}

// A step with a block: the commands in it, and their output
function step(html, block, exact) {
	const commands = [], shown = [];
	let note;

	for (const line of block.split("\n")) {
		// A prompt, not a heading of a layout
		const typed = /^# (?!device |item )/.test(line);
		if (typed) {
			const [, why] = DIFFERENT.find(([match]) => match.test(line.slice(2))) ?? [];
			note ??= why;
			commands.push({command: line.slice(2), output: "", different: Boolean(why), exact});
		} else if (commands.length) {
			commands.at(-1).output += `${line}\n`;
		}
		shown.push(typed ? `<b>${escape(line)}</b>` : escape(line));
	}
	html += `<pre tabindex="0">${shown.join("\n")}</pre>`;
	return {html: note ? `${html}<p>(${note})</p>` : html, commands};
}

// A step ends with a block; the last step of a section ends with the section.
function chapter(file) {
	const [, title, text] = fs.readFileSync(file, "utf8").match(/^# (.*)\n([^]*)/);
	const steps = [];
	let html = "";

	for (const section of text.split(/^(?=## )/m)) {
		const before = steps.length;
		for (const part of section.split(/(^```[^]*?^```$)/m)) {
			const block = part.match(/^```(.*)\n([^]*?)\n?```$/);
			if (block && /^(exact)?$/.test(block[1])) {
				steps.push(step(html, block[2], Boolean(block[1])));
				html = "";
			} else if (!block) {
				html += part.trim().split(/\n\n+/).filter(Boolean).map(paragraph).join("");
			}
		}
		if (steps.length > before)
			steps.at(-1).html += html;
		else if (section.startsWith("## "))
			steps.push({html, commands: []});
		else
			continue; // The introduction becomes part of the first step.
		html = "";
	}
	return {id: named(file), title, steps};
}

function tour() {
	for (const [, term, text] of fs.readFileSync(first, "utf8").matchAll(/^#### (.*)\n([^]*?)\n(?=\n|$)/gm))
		glossary.set(slug(term), `<strong>${escape(term)}</strong>: ${inline(text)}`);
	return `const TOUR = ${JSON.stringify(pages.map(chapter), null, "\t")};\n`;
}

function single(directory) {
	const read = name => fs.readFileSync(path.join(directory, name));
	const hashes = [];
	const script = text => {
		// The text must not contain what HTML takes for the end of the element.
		text = text.replace(/<\/(script)/gi, "<\\/$1").replace(/<!--/g, "<\\!--");
		hashes.push(`'sha256-${crypto.createHash("sha256").update(text).digest("base64")}'`);
		return `<script>${text}</script>`;
	};
	const image = (all, name) => `data:image/svg+xml;base64,${read(name).toString("base64")}`;
	const scripts = [];
	let page = read("index.html").toString()
		.replace(/<link rel="stylesheet" href="([^"]*)">/g, (all, name) => `<style>${read(name)}</style>`)
		.replace(/<script defer src="([^"]*)"><\/script>\n/g, (all, name) => {
			scripts.push(script(read(name).toString().replace(/(?<=src=\\")[\w/]*\.svg/g, file => image("", file))));
			return "";
		});
	const data = ["v86.wasm", "state.zst"].map(name =>
		`<script type="text/plain" data-name="${name}">${read(name).toString("base64")}</script>\n`);
	page = page.replace('<a href="licences.html">Licences</a>', '<button popovertarget="licences">Licences</button>')
		.replace("</body>", () => `<div popover id="licences">${read("licences.html").toString().match(/<main[^]*<\/main>/)[0].replace(/h1>/g, "h2>").replace(/<(\/?)main/g, "<$1div")}</div>\n</body>`);
	page = page.replace("script-src 'self'", () => `script-src ${hashes.join(" ")}`)
		.replace("connect-src 'self'", "connect-src 'none'");
	return page.replace("</body>", () => `${data.join("")}${scripts.join("\n")}\n</body>`);
}

process.stdout.write(what === "tour" ? tour() : single(first));
