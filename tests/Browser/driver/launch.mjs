// Starts a browser for tests, and serves pages to it. tests/Browser and the browsers of tests/Interop use it.

import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { createServer } from "node:http";
import { join } from "node:path";
import puppeteer from "puppeteer-core";
import { serveFile } from "./static.mjs";

/** Serves folders, {"/prefix/": folder}, on a free port of 127.0.0.1. @returns {Promise<{origin: string}>} */
export async function serveFolders(folders) {
  const server = createServer((request, response) => serveFile(folders, request, response));
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  return { origin: `http://127.0.0.1:${server.address().port}` };
}

/** Firefox's AudioContext starts with a sound card only. This one plays to nobody. */
async function startSoundServer(program, profile) {
  const socket = join(profile, "sound");
  const server = spawn(
    program,
    [
      ...["-n", "--daemonize=no", "--exit-idle-time=-1", "--use-pid-file=no", "--high-priority=no", "--realtime=no"],
      ...["-L", "module-null-sink rate=48000", "-L", `module-native-protocol-unix auth-anonymous=1 socket=${socket}`],
    ],
    { stdio: "ignore", env: { ...process.env, XDG_RUNTIME_DIR: profile } },
  );
  for (let i = 0; i < 100 && !existsSync(socket); i++) await new Promise((resolve) => setTimeout(resolve, 50));
  return { socket, stop: () => server.kill() };
}

/**
 * @param settings {browser: "chrome" | "firefox", executable, profile: folder, microphone: WAV for Chromium's fake device,
 * soundServer: pulseaudio for Firefox}
 * @returns the browser, with newPage(), version() and close()
 */
export async function launch(settings) {
  const sound = settings.soundServer ? await startSoundServer(settings.soundServer, settings.profile) : undefined;
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
          env: { ...process.env, PULSE_SERVER: `unix:${sound?.socket}` },
          extraPrefsFirefox: {
            "media.autoplay.default": 0,
            "media.autoplay.blocking_policy": 0,
            "media.navigator.permission.disabled": true,
            "media.navigator.streams.fake": true,
          },
        },
  );
  return {
    newPage: () => browser.newPage(),
    version: () => browser.version(),
    async close() {
      await browser.close().catch(() => {});
      sound?.stop();
    },
  };
}
