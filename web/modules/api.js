// What the page asks of signaling, apart from the POST of a call, which is the SDK's.

import { Problem, keyWanted, readRefusal, refusalProblem, unreachableProblem } from "./problems.js";

const CALLS = "/v1/realtime/calls";
// The owner writes a call's end into its record a moment after the caller notices it.
const RECORD_TRIES = 4;
const RECORD_PERIOD_MS = 500;
const RECORD_LIMIT_MS = 3000;
// A browser drops requests that are under way when the machine's network changes, as it does while a network comes up.
const CONFIG_PAUSES_MS = [200, 500, 1000];

export class Api {
  /** @param {string} server origin of the API, without a slash at the end */
  constructor(server) {
    this.server = server;
    /** Whether the API is of this page's own origin. Only there the page asks for agents and demo keys. */
    this.isOwn = server === location.origin;
  }

  /** @param {string} agent empty: the server's default */
  callsUrl(agent) {
    const url = new URL(CALLS, this.server);
    if (agent) url.searchParams.set("agent", agent);
    return url.href;
  }

  /** @returns {Promise<{agents: string[], defaultAgent: string, givesKeys: boolean}>} empty where the server does not tell pages */
  async config() {
    for (const pause of [...CONFIG_PAUSES_MS, 0]) {
      try {
        const response = this.isOwn && (await fetch("/demo/config"));
        if (!response?.ok) break;
        const config = await response.json();
        return { agents: config.agents ?? [], defaultAgent: config.default_agent ?? "", givesKeys: true };
      } catch {
        await new Promise((resolve) => setTimeout(resolve, pause));
      }
    }
    return { agents: [], defaultAgent: "", givesKeys: false };
  }

  /** A short-lived key, from a server that gives them to its own page. @returns {Promise<string>} */
  async demoKey() {
    if (!this.isOwn) throw keyWanted();
    let response;
    try {
      response = await fetch("/demo/token", { method: "POST" });
    } catch {
      throw unreachableProblem(this.server);
    }
    if (response.status === 403 || response.status === 404) throw keyWanted();
    if (!response.ok) throw refusalProblem(await readRefusal(response), this.server);
    const { value } = await response.json().catch(() => ({}));
    if (!value) throw new Problem("The server gave no key.", "Its answer to /demo/token holds none.");
    return value;
  }

  /**
   * Why a call has ended, from its record.
   * @returns {Promise<{word?: string, maximumSeconds?: number, isRunning?: boolean}>} empty if nobody knows
   */
  async endOf(callId, key) {
    for (let tries = 1; tries <= RECORD_TRIES; tries++) {
      try {
        const headers = { Authorization: `Bearer ${key}` };
        const response = await fetch(this.#callUrl(callId), { headers, signal: AbortSignal.timeout(RECORD_LIMIT_MS) });
        if (!response.ok) return {};
        const { state, endReason, maximumSeconds } = await response.json();
        if (state === "ended") return { word: endReason, maximumSeconds };
      } catch {
        return {};
      }
      await new Promise((resolve) => setTimeout(resolve, RECORD_PERIOD_MS));
    }
    return { isRunning: true };
  }

  /**
   * Sends the offer of an ICE restart. Throws if no answer comes at all.
   * @returns {Promise<{sdp: string} | {refusal: import("./problems.js").Refusal}>}
   */
  async restartIce(callId, key, sdp, signal) {
    const headers = { Authorization: `Bearer ${key}`, "Content-Type": "application/sdp" };
    const response = await fetch(this.#callUrl(callId), { method: "PATCH", headers, body: sdp, signal });
    return response.status === 200 ? { sdp: await response.text() } : { refusal: await readRefusal(response) };
  }

  #callUrl(callId) {
    return new URL(`${CALLS}/${encodeURIComponent(callId)}`, this.server).href;
  }
}
