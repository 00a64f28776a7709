// Why a call has ended, in words. The keys are the reasons of a session's record and the codes of the event "session_ended".

const ENDINGS = {
  api_hangup: ["The other side hung up.", "A service or an operator ended this call."],
  drain: ["This server is being replaced.", "Your call could not move to another one. If you call again, another server answers."],
  agent_failed: ["The agent has failed.", "The service that listens and answers is gone, and it did not come back in time."],
  owner_lost: ["The server of this call has failed.", "If you call again, another server answers."],
  consent_expired: ["The connection was lost.", "For half a minute the server heard nothing from this browser."],
  no_room: ["All lines are busy.", "The server had no room left when your call came. Call again in a moment."],
  setup_timeout: ["The connection did not come about.", "The server waited for the first packet of this browser, and none came."],
  dtls_failed: ["The connection did not come about.", "Browser and server could not agree on encryption."],
  fingerprint_mismatch: ["The connection did not come about.", "The encryption key was not the one that the call began with."],
  client_hangup: ["The call was closed on this side.", "The browser closed the connection."],
  error: ["The server made a mistake.", "It has noted what happened. The call id below helps to find it."],
};

/** @typedef {{title: string, text: string}} Ending */

/**
 * @param {{word?: string, message?: string, maximumSeconds?: number, isRunning?: boolean}} known
 * @returns {Ending}
 */
export function ending({ word, message, maximumSeconds, isRunning }) {
  if (word === "limit_reached") {
    const limit = maximumSeconds ? `Calls with this key last ${duration(maximumSeconds)} at most.` : message;
    return { title: "The time of this call is up.", text: limit ?? "Calls may last only so long here." };
  }
  if (ENDINGS[word]) return { title: ENDINGS[word][0], text: ENDINGS[word][1] };
  if (isRunning) return connectionLost();
  if (message) return { title: "The server ended the call.", text: message };
  return { title: "The connection has ended.", text: word ? `The server gives the reason “${word}”.` : "The server did not say why." };
}

/** @returns {Ending} */
export function connectionLost() {
  return { title: "The connection was lost.", text: "Your network failed or changed, and this call could not be picked up again." };
}

function duration(seconds) {
  const count = (n, unit) => `${n} ${unit}${n === 1 ? "" : "s"}`;
  if (seconds % 3600 === 0) return count(seconds / 3600, "hour");
  if (seconds % 60 === 0) return count(seconds / 60, "minute");
  return count(seconds, "second");
}
