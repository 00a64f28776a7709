// Timers that the agent sets by a function call: the page is the one that runs them.

const LONGEST_S = 24 * 3600;

export class Timers {
  /** @param {HTMLElement} place @param {(label: string) => void} onOver */
  constructor(place, onOver) {
    this.place = place;
    this.onOver = onOver;
  }

  /** @returns {string} what the agent is told */
  set(seconds, label) {
    if (!Number.isFinite(seconds) || seconds < 1 || seconds > LONGEST_S) return "A timer runs for a second at least and a day at most.";
    const name = label || "Timer";
    const element = document.createElement("span");
    element.className = "timer";
    this.place.append(element);
    const end = Date.now() + seconds * 1000;
    const show = () => {
      const left = Math.max(0, Math.round((end - Date.now()) / 1000));
      element.textContent = `${name} ${clock(left)}`;
      if (left > 0) return;
      clearInterval(ticking);
      element.classList.add("over");
      element.textContent = `${name}: time is up`;
      setTimeout(() => element.remove(), 20_000);
      this.onOver(name);
    };
    const ticking = setInterval(show, 250);
    show();
    return `The timer runs: ${clock(seconds)}.`;
  }
}

function clock(seconds) {
  const s = Math.round(seconds);
  const hours = Math.floor(s / 3600), minutes = Math.floor((s % 3600) / 60), rest = s % 60;
  const two = (n) => String(n).padStart(2, "0");
  return hours > 0 ? `${hours}:${two(minutes)}:${two(rest)}` : `${minutes}:${two(rest)}`;
}
