// Copying: a button that says what it has done.

import { html } from "./lib.js";
import { attempt, toast } from "./toast.js";

async function copy(text) {
  if (navigator.clipboard) return navigator.clipboard.writeText(text);
  // Where the page is not of this machine, and not of HTTPS, only the old way is left.
  const area = document.createElement("textarea");
  area.value = text;
  document.body.append(area);
  area.select();
  document.execCommand("copy");
  area.remove();
  return undefined;
}

/** `text` is a text, or a function that gives one, perhaps later. */
export function CopyButton({ text, label = "Copy", what = label, ...rest }) {
  const act = () =>
    attempt(async () => {
      await copy(typeof text === "function" ? await text() : text);
      toast(`Copied: ${what}`);
    });
  return html`<button type="button" class="button small" onClick=${act} ...${rest}>${label}</button>`;
}
