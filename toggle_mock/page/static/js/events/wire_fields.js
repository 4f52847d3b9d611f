// The fields of an event as they stand in its bytes, and the bytes: pointing at one marks the other.

import { html, useMemo, useState } from "../lib.js";
import { meaning } from "../format.js";
import { bytesOf, Hex } from "./hex.js";
import { term } from "./query_text.js";

const DEEPEST = 4;

/** The innermost field that a byte belongs to. */
const fieldAt = (fields, place) => fields.findLastIndex((one) => one.start <= place && place < one.end);

// Of an enum, the name that a query has; of a field that no query can ask for, nothing.
function termOf(field, names) {
  const own = names?.keys.includes(field.name);
  const of = names?.payloads.flatMap((payload) => payload.fields) ?? [];
  const known = of.find((one) => one.name === field.name);
  if (!field.name || field.value === "" || field.type === "map entry") return "";
  const named = /^(\w+) \(-?\d+\)$/.exec(field.value);
  if (own || known) return term(field.name, named ? named[1] : field.value);
  return "";
}

function FieldRow({ field, marked, names, onPoint, onNarrow }) {
  const more = termOf(field, names);
  const unit = meaning(field.name, field.value);
  return html`<tr
    class="depth-${Math.min(field.depth, DEEPEST)} ${marked ? "marked" : ""}"
    onMouseEnter=${onPoint}
  >
    <td class="name">
      ${field.name || html`<span class="tag bad">unknown ${field.number}</span> ${field.known_as}`}
    </td>
    <td class="value">
      ${field.value}${unit && html` <span class="muted">= ${unit}</span>`}
      ${more &&
      html` <button
        type="button"
        class="button bare small"
        aria-label="Only events with ${field.name} ${field.value}"
        title="Only these"
        onFocus=${onPoint}
        onClick=${() => onNarrow(more)}
      >+</button>`}
    </td>
    <td class="muted">${field.type}</td>
    <td class="muted number">${field.number}</td>
  </tr>`;
}

export function WireFields({ event, names, onNarrow }) {
  const [marked, setMarked] = useState(-1);
  const bytes = useMemo(() => bytesOf(event.raw), [event.raw]);
  return html`<div class="wire-fields" onMouseLeave=${() => setMarked(-1)}>
      <table>
        <thead>
          <tr><th>field</th><th>value</th><th>type</th><th class="number">no.</th></tr>
        </thead>
        <tbody>
          ${event.fields.map(
            (field, index) => html`<${FieldRow}
              field=${field}
              marked=${index === marked}
              names=${names}
              onPoint=${() => setMarked(index)}
              onNarrow=${onNarrow}
            />`,
          )}
        </tbody>
      </table>
      ${event.problem && html`<p class="problem">${event.problem}</p>`}
    </div>
    <${Hex}
      bytes=${bytes}
      marked=${event.fields[marked] ?? null}
      onPoint=${(place) => setMarked(place === null ? -1 : fieldAt(event.fields, place))}
    />`;
}
