// Things to say. A tap says one in writing, for people who can't or don't want to talk right now.

const OF_AGENT = {
  local: ["What time is it?", "Tell me a long story", "Set a timer for one minute"],
};
// These two understand no words, so there is nothing to tap.
const HINT_OF_AGENT = {
  echo: "This agent is an echo: you hear yourself.",
  parrot: "This agent is a parrot: what you say comes back when you pause.",
};

/** @param {HTMLElement} place @param {HTMLElement} hint @param {string} agent @param {(text: string) => void} say */
export function showSayings(place, hint, agent, say) {
  hint.textContent = HINT_OF_AGENT[agent] ?? "Or tap one of the sentences below.";
  const sayings = HINT_OF_AGENT[agent] ? [] : OF_AGENT[agent] ?? OF_AGENT.local;
  place.hidden = sayings.length === 0;
  place.replaceChildren(
    ...sayings.map((text) => {
      const button = Object.assign(document.createElement("button"), { type: "button", textContent: text });
      button.addEventListener("click", () => say(text));
      return button;
    }),
  );
}
