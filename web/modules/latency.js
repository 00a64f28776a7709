// Voice to voice: from the end of what you said to the first sound of the answer, both as this page sees them.

const DEFAULT_SILENCE_MS = 500;
const PLAUSIBLE_MS = 30_000;

export class TurnLatency {
  constructor() {
    this.reset();
  }

  reset() {
    this.silenceMs = DEFAULT_SILENCE_MS;
    this.endOfSpeech = undefined;
    this.measured = [];
  }

  /** The server says when a turn ends only after a pause of this length, so that much comes off. */
  useTurnDetection(turnDetection) {
    const silence = turnDetection?.silence_duration_ms;
    if (Number.isFinite(silence)) this.silenceMs = silence;
  }

  speechStarted() {
    this.endOfSpeech = undefined;
  }

  speechStopped(now = performance.now()) {
    this.endOfSpeech = now - this.silenceMs;
  }

  /** @returns {number | undefined} milliseconds, if this sound is the answer to something said */
  agentAudible(now = performance.now()) {
    if (this.endOfSpeech === undefined) return undefined;
    const ms = Math.round(now - this.endOfSpeech);
    this.endOfSpeech = undefined;
    if (ms < 0 || ms > PLAUSIBLE_MS) return undefined;
    this.measured.push(ms);
    return ms;
  }

  get median() {
    if (this.measured.length === 0) return undefined;
    const sorted = [...this.measured].sort((a, b) => a - b);
    const middle = sorted.length >> 1;
    return sorted.length % 2 ? sorted[middle] : Math.round((sorted[middle - 1] + sorted[middle]) / 2);
  }
}

/**
 * The silence that ends a turn is a setting, and part of every answer's time. What comes on top of it is the work of the network, the
 * server and the agent: up to 300 ms nobody notices it, above 600 ms it drags.
 */
export function pace(ms, silenceMs) {
  const work = ms - silenceMs;
  return work <= 300 ? "fast" : work <= 600 ? "fair" : "slow";
}
