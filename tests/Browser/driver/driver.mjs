// Drives one browser for tests/Browser, and serves the scenario page, on an origin of its own, from the network that the browser is in.
// Requests come as JSON lines on standard input ({id, command, …}) and are answered as JSON lines on standard output ({id, result} or
// {id, error}). The browser ends with standard input, so none outlives the test.

import { createInterface } from "node:readline";
import { launch, serveFolders } from "./launch.mjs";
import { ScriptedApi } from "./scripted.mjs";

/** Those of launch(), folders: {"/prefix/": folder}, and web: the folder web/ */
const settings = JSON.parse(process.argv[2]);

const server = await serveFolders(settings.folders);
const browser = await launch(settings);

let page;
let complaints = [];
let created = [];
let prepared = null;

async function open(url) {
  await page?.close();
  complaints = [];
  created = [];
  page = await browser.newPage();
  if (prepared) await page.evaluateOnNewDocument(prepared);
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

/** The second page, which stands for the server in calls that scripted.mjs answers. */
let farEnd;
async function openFarEnd() {
  farEnd ??= browser.newPage().then(async (peer) => {
    await peer.goto(`${server.origin}/page/far-end.html`, { waitUntil: "load" });
    await page.bringToFront();
    return peer;
  });
  return farEnd;
}
const scripted = [new ScriptedApi(settings.web, openFarEnd), new ScriptedApi(settings.web, openFarEnd)];

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
  type: ({ selector, text }) => page.type(selector, text),
  press: ({ key }) => page.keyboard.press(key),
  media: ({ features }) => page.emulateMediaFeatures(features),
  /** Before the page's own code, in every page that `open` opens from now on. Null: no more. */
  prepare: ({ source }) => {
    prepared = source;
  },
  /** Writes what the scripted API answers. There are two, so that one can be another origin. */
  script: ({ api, routes }) => scripted[api].write(routes),
  requests: ({ api }) => scripted[api].requests,
  farEnd: async ({ expression }) => (await openFarEnd()).evaluate(expression),
  waitFor: async ({ expression, timeoutMs }) => {
    // Not at each animation frame, which is the default: a page that is not visible for a moment has none.
    await page.waitForFunction(expression, { timeout: timeoutMs, polling: 50 });
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

for (const api of scripted) await api.listen();
print({ id: 0, result: { origin: server.origin, scripted: scripted.map((api) => api.origin), version: await browser.version() } });

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
