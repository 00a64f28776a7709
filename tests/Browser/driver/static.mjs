// Files of folders over HTTP.

import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { extname, join, normalize } from "node:path";

const TYPES = {
  ".html": "text/html",
  ".js": "text/javascript",
  ".mjs": "text/javascript",
  ".css": "text/css",
  ".svg": "image/svg+xml",
  ".wav": "audio/wav",
};

/** @param {Record<string, string>} folders {"/prefix/": folder}; a path that ends with a slash is its index.html */
export async function serveFile(folders, request, response) {
  const { pathname } = new URL(request.url, "http://page");
  const path = pathname.endsWith("/") ? `${pathname}index.html` : pathname;
  const prefix = Object.keys(folders).find((p) => path.startsWith(p));
  const file = prefix && join(folders[prefix], normalize("/" + decodeURIComponent(path.slice(prefix.length))));
  if (!file || !(await stat(file).catch(() => undefined))?.isFile()) {
    response.writeHead(404).end();
    return;
  }
  // The client bundle has 6 MB, and does not change while tests run.
  const caching = path.includes("/vendor/") ? "max-age=3600" : "no-store";
  response.writeHead(200, { "content-type": TYPES[extname(file)] ?? "application/octet-stream", "cache-control": caching });
  createReadStream(file).pipe(response);
}
