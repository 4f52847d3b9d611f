// Bytes as one reads them: offset, hexadecimal, characters. What belongs to a field can be marked.

import { html, useMemo, useState } from "../lib.js";

const WIDTH = 16;
const SHOWN = 2048;

const two = (byte) => byte.toString(16).padStart(2, "0");
const visible = (byte) => (byte > 31 && byte < 127 ? String.fromCharCode(byte) : ".");

/** The bytes that base64 stands for. */
export const bytesOf = (base64) => Uint8Array.from(atob(base64), (char) => char.charCodeAt(0));

/** `marked` is a field with `start`, `content` and `end`, or null; `onPoint(offset)` tells where one points. */
export function Hex({ bytes, marked, onPoint }) {
  const [all, setAll] = useState(false);
  const shown = all ? bytes.length : Math.min(bytes.length, SHOWN);
  const rows = useMemo(() => Array.from({ length: Math.ceil(shown / WIDTH) }, (_, n) => n * WIDTH), [shown]);
  const kind = (place) => {
    if (!marked || place < marked.start || place >= marked.end) return "";
    return place >= marked.content ? "marked content" : "marked";
  };
  const point = (event) => {
    const place = event.target.dataset?.place;
    onPoint(place === undefined ? null : Number(place));
  };
  return html`<div class="hex" onMouseOver=${point} onMouseLeave=${() => onPoint(null)}>
    ${rows.map((start) => {
      const places = Array.from({ length: Math.min(WIDTH, shown - start) }, (_, n) => start + n);
      const cells = (show, between) =>
        places.map((place) => html`<b data-place=${place} class=${kind(place)}>${show(bytes[place])}${between}</b>`);
      const rest = "   ".repeat(WIDTH - places.length);
      return html`<div class="hex-row">
        <span class="offset">${start.toString(16).padStart(4, "0")}</span>
        <span>${cells(two, " ")}${rest}</span>
        <span>${cells(visible, "")}</span>
      </div>`;
    })}
    ${shown < bytes.length &&
    html`<button type="button" class="button small" onClick=${() => setAll(true)}>All ${bytes.length} bytes</button>`}
  </div>`;
}
