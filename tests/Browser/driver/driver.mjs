// Drives one browser for tests/Browser, and serves the scenario page, on an origin of its own, from the network that the browser is in.
// Requests come as JSON lines on standard input ({id, command, …}) and are answered as JSON lines on standard output ({id, result} or
// {id, error}). The browser ends with standard input, so none outlives the test.

import { createInterface } from "node:readline";
import { launch, serveFolders } from "./launch.mjs";

/** Those of launch(), and folders: {"/prefix/": folder} */
const settings = JSON.parse(process.argv[2]);

const server = await serveFolders(settings.folders);
const browser = await launch(settings);

let page;
let complaints = [];
let created = [];

async function open(url) {
  await page?.close();
  complaints = [];
  created = [];
  page = await browser.newPage();
  page.on("console", (message) => {
    if (message.type() === "error") complaints.push(message.text());
  });
  page.on("pageerror", (error) => complaints.push(String(error?.stack ?? error)));
  page.on("requestfailed", (request) => complaints.push(`${request.url()}: ${request.failure()?.errorText}`));
  page.on("response", (response) => {
    if (response.status() === 201) created.push(response.headers().location);
    if (response.status() >= 400) complaints.push(`${response.url()}: ${response.status()}`);
  });
  await page.goto(url, { waitUntil: "load" });
}

const commands = {
  open: ({ url }) => open(url),
  /** Calls `target(...arguments)`, where target is a path from the page's global object. */
  call: ({ target, args }) =>
    page.evaluate(
      (path, values) => {
        const names = path.split(".");
        const method = names.pop();
        const owner = names.reduce((object, name) => object[name], globalThis);
        return owner[method](...values);
      },
      target,
      args,
    ),
  evaluate: ({ expression }) => page.evaluate(expression),
  click: ({ selector }) => page.click(selector),
  waitFor: async ({ expression, timeoutMs }) => {
    await page.waitForFunction(expression, { timeout: timeoutMs });
  },
  viewport: ({ width, height, scale }) => page.setViewport({ width, height, deviceScaleFactor: scale }),
  screenshot: async ({ path }) => {
    await page.screenshot({ path });
  },
  complaints: () => complaints,
  created: () => created,
  /** From this network: it may be one that the test itself is not in. */
  fetch: async ({ url, method, headers, body }) => {
    const response = await fetch(url, { method, headers, body });
    return { status: response.status, body: await response.text() };
  },
};

const print = (object) => process.stdout.write(JSON.stringify(object) + "\n");

print({ id: 0, result: { origin: server.origin, version: await browser.version() } });

for await (const line of createInterface({ input: process.stdin })) {
  const request = JSON.parse(line);
  // Not awaited: a call that lasts must not hold up another.
  Promise.resolve()
    .then(() => commands[request.command](request))
    .then(
      (result) => print({ id: request.id, result: result ?? null }),
      (error) => print({ id: request.id, error: String(error?.message ?? error) }),
    );
}
await browser.close();
process.exit(0);
