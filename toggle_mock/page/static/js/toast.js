// A word at the edge of the page, for some seconds: what was copied, what was refused.

import { html, useEffect, useState } from "./lib.js";

const SHOWN = 5000;
let show = () => {};

export const toast = (text) => show(text);

/** Do something, and tell of what goes wrong; returns what it returns. */
export async function attempt(action) {
  try {
    return await action();
  } catch (error) {
    toast(error.message);
    return undefined;
  }
}

export function Toast() {
  const [text, setText] = useState("");
  useEffect(() => {
    show = setText;
  }, []);
  useEffect(() => {
    if (!text) return undefined;
    const timer = setTimeout(() => setText(""), SHOWN);
    return () => clearTimeout(timer);
  }, [text]);
  return html`<div role="status" aria-live="polite">
    ${text && html`<div class="toast">${text}</div>`}
  </div>`;
}
