// SPDX-License-Identifier: GPL-2.0-only
//
// node build.js tour DOCS...: the tour's data, from pages of docs/.
// node build.js single PAGE: the page in this directory as one HTML file.
"use strict";

const fs = require("fs");
const path = require("path");
const crypto = require("crypto");

const escape = text => text.replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;");

// As much of Markdown as the pages have
function inline(text) {
	return escape(text)
		.replace(/`([^`]*)`/g, "<code>$1</code>")
		.replace(/!\[([^\]]*)\]\(([^)]*)\)/g, '<img alt="$1" src="$2">')
		// The pages that are linked to stay in the repository.
		.replace(/\[([^\]]*)\]\([^)]*\)/g, "$1")
		.replace(/\*\*([^*]*)\*\*/g, "<strong>$1</strong>")
		.replace(/\*([^*]*)\*/g, "<em>$1</em>");
}

function paragraph(text) {
	if (!text.startsWith("* "))
		return `<p>${inline(text)}</p>`;
	return `<ul>${text.split(/^\* /m).slice(1).map(item => `<li>${inline(item.trim())}</li>`).join("")}</ul>`;
}

// What was typed and printed in a block
function session(block) {
	const commands = [];

	for (const line of block.split("\n")) {
		if (/^# (?!device |item )/.test(line))
			commands.push({command: line.slice(2), output: ""});
		else if (commands.length)
			commands.at(-1).output += line + "\n";
	}
	return commands;
}

// A chapter is a heading, a step of it the text up to a block of commands, with that.
function chapters(name) {
	const made = [];
	let text = [];

	const end = () => text.length && made.at(-1)?.steps.push({html: text.join("\n"), commands: []});
	for (const part of fs.readFileSync(name, "utf8").split(/\n\n+(?=[^ ])/)) {
		const heading = part.match(/^##? (?:(\d+)\. )?(.*)/);
		const block = part.match(/^```(exact)?\n([^]*?)\n?```\s*$/);
		if (heading) {
			end();
			text = [];
			made.push({id: heading[1] ? `chapter-${heading[1]}` : path.basename(name, ".md"), title: part.replace(/^#+ /, ""), steps: []});
		} else if (block) {
			const shown = block[2].split("\n").map(line =>
				/^# (?!device |item )/.test(line) ? `<b>${escape(line)}</b>` : escape(line)).join("\n");
			made.at(-1).steps.push({
				html: `${text.join("\n")}\n<pre tabindex="0">${shown}</pre>`,
				commands: session(block[2]), exact: Boolean(block[1]),
			});
			text = [];
		} else if (!part.startsWith("```")) {
			text.push(paragraph(part.trim()));
		}
	}
	end();
	return made;
}

function tour(names) {
	const wanted = ["session", "chapter-1", "chapter-2", "chapter-4", "chapter-5", "chapter-6"];
	const all = names.flatMap(chapters);
	const found = wanted.map(id => all.find(chapter => chapter.id === id && chapter.steps.length));

	if (found.includes(undefined))
		throw new Error(`no ${wanted[found.indexOf(undefined)]} in ${names}`);
	return `const TOUR = ${JSON.stringify(found, null, "\t")};\n`;
}

function single(directory) {
	const read = name => fs.readFileSync(path.join(directory, name));
	const hashes = [];
	const script = text => {
		// Nothing may look like the end of the element.
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
	// Here "licences.html" is a file beside it, if it was kept.
	page = page.replace("script-src 'self'", () => `script-src ${hashes.join(" ")}`)
		.replace("connect-src 'self'", "connect-src 'none'");
	return page.replace("</body>", () => `${data.join("")}${scripts.join("\n")}\n</body>`);
}

const [what, ...names] = process.argv.slice(2);
process.stdout.write(what === "tour" ? tour(names) : single(names[0]));
