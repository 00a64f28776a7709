// Drives one browser for tests/Browser, and serves the scenario page, on an origin of its own, from the network that the browser is in.
// Requests come as JSON lines on standard input ({id, command, …}) and are answered as JSON lines on standard output ({id, result} or
// {id, error}). The browser ends with standard input, so none outlives the test.

import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { createServer } from "node:http";
import { join } from "node:path";
import { createInterface } from "node:readline";
import puppeteer from "puppeteer-core";
import { ScriptedApi } from "./scripted.mjs";
import { serveFile } from "./static.mjs";

/** {browser: "chrome" | "firefox", executable, profile, microphone: WAV for Chromium's fake device, soundServer: pulseaudio for Firefox, folders: {"/prefix/": folder}, web: the folder web/} */
const settings = JSON.parse(process.argv[2]);

const server = createServer((request, response) => serveFile(settings.folders, request, response));

// Firefox's AudioContext starts with a sound card only: this one plays to nobody.
let soundServer;
const soundSocket = join(settings.profile, "sound");
if (settings.soundServer) {
  soundServer = spawn(
    settings.soundServer,
    [
      ...["-n", "--daemonize=no", "--exit-idle-time=-1", "--use-pid-file=no", "--high-priority=no", "--realtime=no"],
      ...["-L", "module-null-sink rate=48000", "-L", `module-native-protocol-unix auth-anonymous=1 socket=${soundSocket}`],
    ],
    { stdio: "ignore", env: { ...process.env, XDG_RUNTIME_DIR: settings.profile } },
  );
  for (let i = 0; i < 100 && !existsSync(soundSocket); i++) await new Promise((resolve) => setTimeout(resolve, 50));
}

const browser = await puppeteer.launch(
  settings.browser === "chrome"
    ? {
        browser: "chrome",
        executablePath: settings.executable,
        userDataDir: settings.profile,
        pipe: true,
        args: [
          "--no-sandbox",
          "--disable-gpu",
          "--disable-quic",
          "--disable-dev-shm-usage",
          "--disable-background-networking",
          "--disable-component-update",
          "--autoplay-policy=no-user-gesture-required",
          // A network namespace may have nothing but addresses of this machine.
          "--allow-loopback-in-peer-connection",
          "--use-fake-ui-for-media-stream",
          "--use-fake-device-for-media-stream",
          ...(settings.microphone ? [`--use-file-for-fake-audio-capture=${settings.microphone}%noloop`] : []),
        ],
      }
    : {
        browser: "firefox",
        executablePath: settings.executable,
        userDataDir: settings.profile,
        env: { ...process.env, PULSE_SERVER: `unix:${soundSocket}` },
        extraPrefsFirefox: {
          "media.autoplay.default": 0,
          "media.autoplay.blocking_policy": 0,
          "media.navigator.permission.disabled": true,
          "media.navigator.streams.fake": true,
        },
      },
);

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
    await peer.goto(`http://127.0.0.1:${server.address().port}/page/far-end.html`, { waitUntil: "load" });
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

await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
for (const api of scripted) await api.listen();
print({
  id: 0,
  result: { origin: `http://127.0.0.1:${server.address().port}`, scripted: scripted.map((api) => api.origin), version: await browser.version() },
});

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
await browser.close().catch(() => {});
soundServer?.kill();
process.exit(0);
