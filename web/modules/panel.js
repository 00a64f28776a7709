// What stands between the drop and the buttons when a call did not come about or has ended: words, the call's id, and the ways on.

export class Panel {
  #place;
  #counting;

  /**
   * @param {HTMLElement} place
   * @param {{retry: () => void, newKey: () => void, enterKey: () => void, ready: () => void}} on `ready`: the wait for another try is over
   */
  constructor(place, on) {
    this.#place = place;
    this.on = on;
    this.#part("retry").addEventListener("click", on.retry);
    this.#part("new-key").addEventListener("click", on.newKey);
    this.#part("enter-key").addEventListener("click", on.enterKey);
    this.#part("copy").addEventListener("click", () => this.#copy());
  }

  /**
   * @param {{kind: "problem" | "ended", title: string, text: string, steps?: string[], callId?: string, again: string,
   * retryAfterMs?: number, newKey?: boolean, enterKey?: boolean}} content
   */
  show({ kind, title, text, steps = [], callId, again, retryAfterMs, newKey, enterKey }) {
    this.#place.hidden = false;
    this.#place.dataset.kind = kind;
    this.#part("title").textContent = title;
    this.#part("text").textContent = text;
    this.#part("steps").hidden = steps.length === 0;
    this.#part("steps").replaceChildren(...steps.map((step) => Object.assign(document.createElement("li"), { textContent: step })));
    this.#part("call").hidden = !callId;
    this.#part("id").textContent = callId ?? "";
    this.#part("copy").textContent = "Copy";
    this.#part("new-key").hidden = !newKey;
    this.#part("enter-key").hidden = !enterKey;
    // With a key that is no good, another try of the same has no use.
    this.#part("retry").hidden = Boolean(newKey || enterKey);
    this.#countDown(again, retryAfterMs ?? 0);
  }

  hide() {
    clearTimeout(this.#counting);
    this.#place.hidden = true;
  }

  /** The person may try again when the server has time. It is the person who does. */
  #countDown(again, ms) {
    clearTimeout(this.#counting);
    const button = this.#part("retry");
    const end = performance.now() + ms;
    const tick = () => {
      const left = Math.ceil((end - performance.now()) / 1000);
      button.disabled = left > 0;
      button.textContent = left > 0 ? `${again} in ${left > 120 ? `${Math.ceil(left / 60)} min` : `${left} s`}` : again;
      if (left > 0) this.#counting = setTimeout(tick, 200);
      else if (ms > 0) this.on.ready();
    };
    tick();
  }

  async #copy() {
    const id = this.#part("id");
    try {
      await navigator.clipboard.writeText(id.textContent);
      this.#part("copy").textContent = "Copied";
    } catch {
      // Without the clipboard the id is at least selected.
      getSelection().selectAllChildren(id);
      this.#part("copy").textContent = "Selected";
    }
  }

  #part(name) {
    return this.#place.querySelector(`[data-part="${name}"]`);
  }
}
