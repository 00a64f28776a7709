// Drives one browser for tests/Browser, and serves the scenario page, on an origin of its own, from the network that the browser is in.
// Requests come as JSON lines on standard input ({id, command, …}) and are answered as JSON lines on standard output ({id, result} or
// {id, error}). The browser ends with standard input, so none outlives the test.

import { spawn } from "node:child_process";
import { createReadStream, existsSync } from "node:fs";
import { stat } from "node:fs/promises";
import { createServer } from "node:http";
import { extname, join, normalize } from "node:path";
import { createInterface } from "node:readline";
import puppeteer from "puppeteer-core";

/** {browser: "chrome" | "firefox", executable, profile, microphone: WAV for Chromium's fake device, soundServer: pulseaudio for Firefox, folders: {"/prefix/": folder}} */
const settings = JSON.parse(process.argv[2]);

const TYPES = { ".html": "text/html", ".js": "text/javascript", ".wav": "audio/wav" };

const server = createServer(async (request, response) => {
  const path = new URL(request.url, "http://page").pathname;
  const prefix = Object.keys(settings.folders).find((p) => path.startsWith(p));
  const file = prefix && join(settings.folders[prefix], normalize("/" + decodeURIComponent(path.slice(prefix.length))));
  if (!file || !(await stat(file).catch(() => undefined))?.isFile()) {
    response.writeHead(404).end();
    return;
  }
  response.writeHead(200, { "content-type": TYPES[extname(file)] ?? "application/octet-stream", "cache-control": "no-store" });
  createReadStream(file).pipe(response);
});

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

await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
print({ id: 0, result: { origin: `http://127.0.0.1:${server.address().port}`, version: await browser.version() } });

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
