// Everything that can go wrong before a call is up, in words that help the person in front of the page.

const DEFAULT_WAIT_MS = 2000;

/** What is shown: a title, a sentence, steps to take, when to try again, and the way on where a key is the trouble. */
export class Problem extends Error {
  /**
   * @param {string} title
   * @param {string} text
   * @param {{steps?: string[], retryAfterMs?: number, way?: "enter-key" | "other-key", callId?: string}} [more] `enter-key`: the server
   * hands out no keys, so the person has to enter one. `other-key`: the key that was used is no good.
   */
  constructor(title, text, more = {}) {
    super(`${title} ${text}`);
    this.title = title;
    this.text = text;
    this.steps = more.steps ?? [];
    this.retryAfterMs = more.retryAfterMs;
    this.way = more.way;
    this.callId = more.callId;
  }
}

export function keyWanted() {
  return new Problem("This server wants a key.", "It hands none out to pages.", { way: "enter-key" });
}

/** @param {unknown} error what getUserMedia threw */
export function microphoneProblem(error) {
  if (!globalThis.isSecureContext || !navigator.mediaDevices) {
    return new Problem(
      "The browser keeps the microphone closed here.", "It opens it for pages from https:// addresses or from this machine only.", {
      steps: [
        "On this machine: open the page as http://localhost or http://127.0.0.1.",
        "From a phone or another machine: serve the page over HTTPS.",
      ],
    });
  }
  switch (error?.name) {
    case "NotAllowedError":
    case "SecurityError":
      return new Problem("The microphone is blocked.", "The agent can't hear you until this page may use it.", {
        steps: [
          "Click the icon left of the address (a lock or sliders), and set Microphone to Allow.",
          "On a phone: open Settings, your browser, Microphone, and choose Allow.",
          "On a Mac or PC, also check the system's privacy settings for the microphone. Then try again.",
        ],
      });
    case "NotFoundError":
    case "OverconstrainedError":
      return new Problem("There is no microphone.", "Plug one in or switch one on, then try again.");
    case "NotReadableError":
    case "AbortError":
      return new Problem(
        "The microphone is in use.", "Another program holds it. Close that one, or unplug the microphone and plug it in again.");
    default:
      return new Problem("The microphone does not open.", `The browser says: ${error?.message ?? error}`);
  }
}

/**
 * An answer of the API that is no success.
 * @typedef {{status: number, code: string, message: string, retryAfterMs?: number}} Refusal
 */

/** @param {Response} response @returns {Promise<Refusal>} */
export async function readRefusal(response) {
  const body = await response.json().catch(() => undefined);
  const error = body?.error ?? {};
  const seconds = Number(response.headers.get("retry-after"));
  const waits = [error.retry_after_ms, seconds * 1000].filter((ms) => Number.isFinite(ms) && ms > 0);
  return { status: response.status, code: error.code ?? "", message: error.message ?? "", retryAfterMs: waits[0] };
}

/** @param {Refusal} refusal @param {string} server */
export function refusalProblem({ status, code, message, retryAfterMs }, server) {
  const wait = { retryAfterMs: retryAfterMs ?? DEFAULT_WAIT_MS };
  switch (code) {
    case "ephemeral_key_expired":
      return new Problem(
        "Your key has expired.", "A key is good for a short time only. Use a new one, and call again.", { way: "other-key" });
    case "agent_not_found":
      return new Problem(
        "This agent does not exist.", `${message || "The server does not know it."} Choose another one at the top of the page.`);
    case "agent_not_allowed":
      return new Problem(
        "Your key is for another agent.", `${message} Choose that agent, or use another key.`.trim(), { way: "other-key" });
    case "over_capacity":
      return new Problem("All lines are busy.", "The server has no room for another call right now.", wait);
  }
  switch (status) {
    case 401:
      return new Problem("The key is not accepted.", "This server did not make it, or a part of it is missing.", { way: "other-key" });
    case 403:
      return new Problem("Your key does not allow this call.", message || "The server gave no reason.", { way: "other-key" });
    case 404:
    case 405:
      return new Problem("There is no voice service at this address.", `${server} answers, but does not know calls.`, {
        steps: ["Check the address after ?server= if there is one.", "Signaling answers calls at /v1/realtime/calls."],
      });
    case 422:
      return new Problem(
        "Browser and server can't agree on a format.", message || "The server speaks Opus, and this browser did not offer it.", {
        steps: ["Try another browser, or update this one.", "An extension that changes WebRTC can be the cause: switch it off."],
      });
    case 429:
      return new Problem("Too many calls from here.", "The server limits how often one address or one key may call.", wait);
    case 503:
      return new Problem("The service is not ready.", withoutAdvice(message) || "It may be starting, or a part of it is down.", wait);
  }
  if (status >= 500) {
    const sooner = { retryAfterMs: retryAfterMs ?? 5000 };
    return new Problem("The server failed.", `It answered with status ${status}. The fault is not yours.`, sooner);
  }
  return new Problem("The server did not understand the call.", message || `It answered with status ${status}.`);
}

/** @param {unknown} error what the SDK's connect() threw */
export function connectProblem(error, server) {
  if (error instanceof Problem) return error;
  if (error instanceof TypeError) return unreachableProblem(server);
  return new Problem("The call did not come about.", String(error?.message ?? error));
}

/** @param {string} server */
export function unreachableProblem(server) {
  if (!navigator.onLine) return new Problem("You are offline.", "This device has no network. Connect it, then try again.");
  return new Problem("The server can't be reached.", `Nothing answers at ${server}.`, {
    steps: [
      "Is it running? ./voice up starts it, and ./voice doctor says what is missing.",
      "Pages of another origin need to be in Signaling__AllowedOrigins.",
    ],
  });
}

/** @param {number} limitMs */
export function answerTimeoutProblem(limitMs) {
  return new Problem("The server takes too long.", `There was no answer within ${limitMs / 1000} s.`, { retryAfterMs: DEFAULT_WAIT_MS });
}

/** @param {string} [callId] */
export function mediaTimeoutProblem(callId) {
  return new Problem("No sound gets through.", "The server has answered, but audio packets do not come back.", {
    callId,
    steps: [
      "The relay's port (3478 for UDP and TCP) has to be open between this browser and the server.",
      "A VPN or company network may block it: try another network.",
    ],
  });
}

/** The page says itself when to try again. */
function withoutAdvice(message) {
  return message.replace(/\s*Try again shortly\.$/, "");
}
