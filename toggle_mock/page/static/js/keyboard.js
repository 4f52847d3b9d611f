// Keys, wherever the focus is, but where one types.

import { html, useEffect, useRef, useSteady } from "./lib.js";

const TYPED_INTO = "input, textarea, select, [contenteditable]";

/** Call `actions[key]` when a key is pressed; where one types, only Escape counts. */
export function useKeys(actions) {
  const pressed = useSteady((event) => {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
    if (document.querySelector("dialog[open]")) return;
    if (event.key !== "Escape" && event.target.closest?.(TYPED_INTO)) return;
    if (event.key === "Enter" && event.target.closest?.("button, a, summary")) return;
    const action = actions[event.key];
    if (!action) return;
    event.preventDefault();
    action();
  });
  useEffect(() => {
    addEventListener("keydown", pressed);
    return () => removeEventListener("keydown", pressed);
  }, []);
}

export const KEYS = [
  ["/", "write a query"],
  ["j, k", "the next event, the one before"],
  ["Enter", "open it"],
  ["Esc", "close it; leave the query"],
  ["p", "pause, and go on"],
  ["g", "group by batch"],
  ["1 … 6", "the tabs"],
  ["?", "this help"],
];

/** A dialog that is open while it is there. */
export function Dialog({ title, onClose, children }) {
  const dialog = useRef(null);
  useEffect(() => {
    dialog.current.showModal();
  }, []);
  return html`<dialog ref=${dialog} aria-label=${title} onClose=${onClose}>
    <h2>${title}</h2>
    ${children}
    <div class="bar"><button type="button" class="button" onClick=${onClose}>Close</button></div>
  </dialog>`;
}

export const KeysHelp = ({ onClose }) => html`<${Dialog} title="Keys" onClose=${onClose}>
  <table>
    <tbody>
      ${KEYS.map(([key, text]) => html`<tr><td><kbd>${key}</kbd></td><td>${text}</td></tr>`)}
    </tbody>
  </table>
<//>`;
