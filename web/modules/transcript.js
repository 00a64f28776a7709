// Bubbles: who said what, as it is being said.

const NEAR_END_PX = 80;

export class Transcript {
  /** @param {HTMLOListElement} list @param {HTMLElement} empty shown while there is nothing */
  constructor(list, empty) {
    this.list = list;
    this.empty = empty;
    this.turns = new Map();
  }

  clear() {
    this.turns.clear();
    this.list.replaceChildren();
    this.empty.hidden = false;
  }

  /** The bubble of an item, made when it is first heard of: items arrive in order, their texts do not. */
  turn(id, who) {
    const known = this.turns.get(id);
    if (known) return known;
    const element = document.createElement("li");
    element.className = `turn ${who}`;
    // A screen reader waits until the words are complete.
    element.ariaBusy = "true";
    const name = document.createElement("span");
    name.className = "who";
    name.textContent = who === "you" ? "You" : "Agent";
    const bubble = document.createElement("div");
    bubble.className = "bubble open";
    const meta = document.createElement("div");
    meta.className = "meta";
    element.append(name, bubble, meta);
    const turn = { element, bubble, meta, text: "" };
    this.turns.set(id, turn);
    this.#append(element);
    return turn;
  }

  add(id, who, delta) {
    const turn = this.turn(id, who);
    if (turn.isCut) return;
    turn.text += delta;
    turn.bubble.classList.remove("wordless");
    turn.bubble.textContent = turn.text;
    this.#follow();
  }

  finish(id, who, text) {
    const turn = this.turn(id, who);
    if (text !== undefined && text !== null && !turn.isCut) turn.text = turn.said = text;
    this.#close(turn);
    this.#follow();
  }

  /** All words of an item that have arrived, heard or not. */
  textOf(id) {
    const turn = this.turns.get(id);
    return turn?.said ?? turn?.text ?? "";
  }

  /** The item was interrupted: `heard` is what remains of its words. May be told again when more is known. */
  cut(id, heard) {
    const turn = this.turn(id, "agent");
    turn.said ??= turn.text;
    turn.text = heard.length < turn.said.trim().length ? `${heard} …`.trim() : turn.said;
    if (!turn.isCut) this.mark(id, "agent", "interrupted");
    turn.isCut = true;
    this.#close(turn);
    this.#follow();
  }

  /** A chip below a bubble. */
  mark(id, who, text, kind, explanation = "") {
    const chip = document.createElement("span");
    chip.className = kind ? `chip ${kind}` : "";
    chip.textContent = text;
    chip.title = explanation;
    this.turn(id, who).meta.append(chip);
    this.#follow();
  }

  note(text) {
    const element = document.createElement("li");
    element.className = "turn note";
    element.textContent = text;
    this.#append(element);
  }

  /**
   * Nothing more is being said: no bubble may look as if it were. Agents that do not write along (echo, parrot) leave bubbles without
   * words.
   */
  settle() {
    for (const turn of this.turns.values()) this.#close(turn);
  }

  #close({ element, bubble, text }) {
    const words = text.trim();
    element.ariaBusy = "false";
    bubble.classList.remove("open");
    bubble.classList.toggle("wordless", !words);
    bubble.textContent = words || "spoken, no transcript";
  }

  #append(element) {
    this.empty.hidden = true;
    this.list.append(element);
    this.#follow(true);
  }

  /** Stays at the end, unless the reader has scrolled away from it. */
  #follow(isNew = false) {
    const rest = this.list.scrollHeight - this.list.scrollTop - this.list.clientHeight;
    if (isNew || rest < NEAR_END_PX) this.list.scrollTop = this.list.scrollHeight;
  }
}
