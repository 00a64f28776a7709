// How much of an answer was heard when it was interrupted. Its text runs ahead of its voice, and the server knows only the milliseconds
// that were played. So the page learns from whole answers how fast this voice speaks, and cuts at a word.

// A voice of about 160 words a minute.
const USUAL_CHARACTERS_PER_MS = 0.015;
// Shorter answers tell little about the pace.
const TELLING_MS = 1000;

export class SpokenPace {
  #charactersPerMs = USUAL_CHARACTERS_PER_MS;
  #startedAt;

  started(now = performance.now()) {
    this.#startedAt ??= now;
  }

  /**
   * @param {string | undefined} text what was said in full, undefined if it was interrupted
   * @returns {number} how long it was heard, ms
   */
  stopped(text, now = performance.now()) {
    const ms = this.#startedAt === undefined ? 0 : now - this.#startedAt;
    this.#startedAt = undefined;
    if (text && ms >= TELLING_MS) this.#charactersPerMs = text.length / ms;
    return ms;
  }

  /** The part of `text` that fits into that time, cut at a word. */
  heard(text, ms) {
    const length = Math.round(ms * this.#charactersPerMs);
    if (length >= text.length) return text;
    const end = text.lastIndexOf(" ", length);
    return text.slice(0, Math.max(0, end)).replace(/[\s,;:.!?–-]+$/, "");
  }
}
