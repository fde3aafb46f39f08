// SPDX-License-Identifier: GPL-2.0-only
//
// Serves a directory on localhost.
"use strict";

const fs = require("fs");
const http = require("http");
const path = require("path");

const types = {".html": "text/html", ".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml"};

module.exports = async directory => {
	const server = http.createServer((request, response) => {
		const name = new URL(request.url, "http://localhost").pathname.replace(/\/$/, "/index.html");
		const file = path.join(directory, name);

		fs.readFile(file, (error, bytes) => {
			response.statusCode = error ? 404 : 200;
			response.setHeader("Content-Type", types[path.extname(file)] ?? "application/octet-stream");
			response.setHeader("Cache-Control", "max-age=600");
			response.end(bytes);
		});
	});

	await new Promise(resolve => server.listen(0, "127.0.0.1", resolve));
	return {server, url: `http://127.0.0.1:${server.address().port}`};
};
