// A caller in a browser. The page makes the calls; this program starts the browser and carries commands and lines between it and the test.

import { writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { launch, serveFolders } from "../../../Browser/driver/launch.mjs";
import { serve } from "../contract.mjs";

/** Those of launch(), and wavs: the folder of the questions. */
const settings = JSON.parse(process.argv[2]);
const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const { origin } = await serveFolders({ "/peer/": here("."), "/shared/": here(".."), "/recorder/": here("../../../Browser/Page"), "/wav/": settings.wavs });
const browser = await launch(settings);
const page = await browser.newPage();
const says = new Map();
await page.exposeFunction("emit", (id, what) => says.get(id)(what));
await page.goto(`${origin}/peer/page.html`, { waitUntil: "load" });
await page.waitForFunction("globalThis.peer !== undefined");

const inPage = (method, ...args) => page.evaluate((name, values) => globalThis.peer[name](...values), method, args);

await serve({
  name: settings.browser,
  version: (await browser.version()).split("/").at(-1),
  async dial(command, say) {
    const { id } = command;
    says.set(id, say);
    await inPage("dial", command);
    return {
      say: ({ wav }) => inPage("say", id, wav.slice(settings.wavs.length)),
      send: (text) => inPage("send", id, text),
      listen: () => inPage("listen", id),
      async record(path) {
        writeFileSync(path, Buffer.from(await inPage("record", id), "base64"));
        return { wav: path };
      },
      hangUp: () => inPage("hangUp", id),
    };
  },
  close: () => browser.close(),
});
