// Dark or light: as the system has it, unless one says otherwise.

import { html, useEffect } from "./lib.js";
import { useKept } from "./kept.js";

const NEXT = { auto: "dark", dark: "light", light: "auto" };
const SIGNS = { auto: "◐", dark: "☾", light: "☀" };
const dark = matchMedia("(prefers-color-scheme: dark)");

export function ThemeButton() {
  const [theme, setTheme] = useKept("theme", "auto");
  useEffect(() => {
    const apply = () => {
      const chosen = theme === "auto" ? (dark.matches ? "dark" : "light") : theme;
      document.documentElement.dataset.theme = chosen;
    };
    apply();
    dark.addEventListener("change", apply);
    return () => dark.removeEventListener("change", apply);
  }, [theme]);
  return html`<button
    type="button"
    class="button bare"
    title="Colours: ${theme}"
    aria-label="Colours: ${theme}"
    onClick=${() => setTheme(NEXT[theme] ?? "auto")}
  >
    <span aria-hidden="true">${SIGNS[theme]}</span>
  </button>`;
}
