// Everything that can go wrong for the person in front of the page, in words that help them.

/** What is shown: a title, a sentence, steps to take, and when to try again. */
export class Problem extends Error {
  /**
   * @param {string} title
   * @param {string} text
   * @param {{steps?: string[], retryAfterMs?: number, wantsKey?: boolean}} [more]
   */
  constructor(title, text, more = {}) {
    super(`${title} ${text}`);
    this.title = title;
    this.text = text;
    this.steps = more.steps ?? [];
    this.retryAfterMs = more.retryAfterMs;
    this.wantsKey = more.wantsKey ?? false;
  }
}

/** @param {unknown} error what getUserMedia threw */
export function microphoneProblem(error) {
  if (!globalThis.isSecureContext || !navigator.mediaDevices) {
    return new Problem("The browser keeps the microphone closed here.", "It opens it for pages from https:// addresses or from this machine only.", {
      steps: ["On this machine: open the page as http://localhost or http://127.0.0.1.", "From a phone or another machine: serve the page over HTTPS."],
    });
  }
  switch (error?.name) {
    case "NotAllowedError":
    case "SecurityError":
      return new Problem("The microphone is blocked.", "The agent can't hear you until this page may use it.", {
        steps: [
          "Click the icon left of the address (a lock or sliders), set Microphone to Allow.",
          "On a phone: Settings, your browser, Microphone, Allow.",
          "On a Mac or PC also check the system's privacy settings for the microphone. Then try again.",
        ],
      });
    case "NotFoundError":
    case "OverconstrainedError":
      return new Problem("There is no microphone.", "Plug one in or switch one on, then try again.");
    case "NotReadableError":
    case "AbortError":
      return new Problem("The microphone is in use.", "Another program holds it. Close that one, or unplug the microphone and plug it in again.");
    default:
      return new Problem("The microphone does not open.", `The browser says: ${error?.message ?? error}`);
  }
}

/** @param {Response} response an answer of the API that is no success */
export async function responseProblem(response) {
  let message = "";
  try {
    message = (await response.json()).error?.message ?? "";
  } catch {
    // No JSON: the status has to say it.
  }
  const wait = Number(response.headers.get("retry-after")) * 1000;
  return statusProblem(response.status, message, Number.isFinite(wait) && wait > 0 ? wait : undefined);
}

/**
 * @param {number} status
 * @param {string} message the server's own words, may be empty
 * @param {number} [retryAfterMs]
 */
export function statusProblem(status, message, retryAfterMs) {
  switch (status) {
    case 401:
    case 403:
      return new Problem("The key is not accepted.", message || "It may have expired. Enter a new one.", { wantsKey: true });
    case 404:
      return new Problem("Not found.", message || "Is this the right server, and does it have this agent?");
    case 422:
      return new Problem("Browser and server have no codec in common.", message || "The server speaks Opus.");
    case 429:
      return new Problem("Too many calls from here.", "Wait a moment.", { retryAfterMs: retryAfterMs ?? 2000 });
    case 503:
      return new Problem("No room right now.", message || "All lines are taken.", { retryAfterMs: retryAfterMs ?? 2000 });
    default:
      return new Problem("The server could not take the call.", message || `It answered ${status}.`, status >= 500 ? { retryAfterMs: retryAfterMs ?? 5000 } : {});
  }
}

/**
 * @param {unknown} error what the SDK's connect() threw
 * @param {string} server
 */
export function connectProblem(error, server) {
  if (error instanceof Problem) return error;
  const text = String(error?.message ?? error);
  // The SDK puts the status and the server's message into one sentence.
  const answered = /status (\d{3})(?:[^:]*:\s*(.*))?/s.exec(text);
  if (answered) return statusProblem(Number(answered[1]), answered[2] ?? "");
  if (error instanceof TypeError) return unreachableProblem(server);
  return new Problem("The call did not come about.", text);
}

/** @param {string} server */
export function unreachableProblem(server) {
  return new Problem("The server can't be reached.", `Nothing answers at ${server}.`, {
    steps: ["Is it running? ./voice up starts it, ./voice doctor says what is missing.", "Pages of another origin need to be in Signaling__AllowedOrigins."],
  });
}

export function mediaTimeoutProblem() {
  return new Problem("No sound gets through.", "The server has answered, but audio packets do not come back.", {
    steps: ["The relay's port (UDP 3478) has to be open between this browser and the server.", "A VPN or company network may block UDP: try another network."],
  });
}
