// Light or dark: as the system has it, until the person chooses.

const root = document.documentElement;

/** @param {HTMLButtonElement} button */
export function offerThemes(button) {
  const dark = matchMedia("(prefers-color-scheme: dark)");
  let stored = null;
  try {
    stored = localStorage.getItem("theme");
  } catch {
    // A browser that keeps nothing still changes its looks.
  }
  const apply = () => {
    root.dataset.theme = stored ?? (dark.matches ? "dark" : "light");
    button.setAttribute("aria-label", root.dataset.theme === "dark" ? "Switch to light colours" : "Switch to dark colours");
  };
  dark.addEventListener("change", apply);
  button.addEventListener("click", () => {
    stored = root.dataset.theme === "dark" ? "light" : "dark";
    apply();
    try {
      localStorage.setItem("theme", stored);
    } catch {
      // As above.
    }
  });
  apply();
}
