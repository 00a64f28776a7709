// The SDK makes the POST of a call itself. Of a refusal it keeps the status and the message, and of an answer the call's id until it
// closes.
// The page also needs the error code, Retry-After, and the id after the end. So it looks at the one answer that comes from `url`.

import { readRefusal } from "./problems.js";

export class WatchedAnswer {
  /** @type {import("./problems.js").Refusal | undefined} */
  refusal;
  /** @type {string | undefined} */
  callId;
  #native = globalThis.fetch;
  #watching;

  /** @param {string} url the calls endpoint. Call stop() when the answer has come. */
  constructor(url) {
    this.#watching = async (...request) => {
      const response = await this.#native.apply(globalThis, request);
      if (String(request[0]?.url ?? request[0]) !== url) return response;
      if (response.ok) this.callId = response.headers.get("location")?.split("/").pop();
      else this.refusal = await readRefusal(response.clone());
      return response;
    };
    globalThis.fetch = this.#watching;
  }

  stop() {
    if (globalThis.fetch === this.#watching) globalThis.fetch = this.#native;
  }
}
