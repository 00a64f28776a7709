// Which key a call uses, and where it may go.

const $ = (id) => document.getElementById(id);

/** The key that the person entered, else one that the server gives to its own page. */
export class Keys {
  #typed;
  #api;
  #isTrusted;

  /** @param {import("./api.js").Api} api @param {() => void} onEntered */
  constructor(api, onEntered) {
    this.#api = api;
    this.#isTrusted = api.isOwn;
    $("key-server").textContent = api.server;
    $("server-name").textContent = $("server-other").textContent = api.server;
    $("server-page").textContent = location.origin;
    // Not submit buttons: Enter in the field would press the first of those.
    for (const cancel of document.querySelectorAll("[data-cancel]"))
      cancel.addEventListener("click", () => cancel.closest("dialog").close("cancel"));
    $("key-form").addEventListener("submit", () => {
      this.#typed = $("key").value.trim();
      $("key").value = "";
      onEntered();
    });
    $("key-dialog").addEventListener("close", () => ($("key").value = ""));
  }

  /** @returns {Promise<string>} */
  get() {
    return this.#typed ? Promise.resolve(this.#typed) : this.#api.demoKey();
  }

  forget() {
    this.#typed = undefined;
  }

  enter() {
    if (!$("key-dialog").open) $("key-dialog").showModal();
  }

  /**
   * A link with ?server= could send the person's voice and key to anybody, so the page asks once before anything goes to another origin.
   * @returns {Promise<boolean>}
   */
  async mayCall() {
    if (this.#isTrusted) return true;
    const dialog = $("server-dialog");
    dialog.returnValue = "cancel";
    dialog.showModal();
    await new Promise((resolve) => dialog.addEventListener("close", resolve, { once: true }));
    this.#isTrusted = dialog.returnValue === "ok";
    return this.#isTrusted;
  }
}
