// Two events, field by field: what is only in one, and what is another in each.

import { html } from "../lib.js";

/** The scalars of an object by their paths. */
export function flat(value, path = "") {
  if (value === null || typeof value !== "object") return [[path, String(value)]];
  return Object.entries(value).flatMap(([key, inner]) => flat(inner, path ? `${path}.${key}` : key));
}

/** `[path, before, after]` of what differs; one of the two is undefined where it is missing. */
export function differences(before, after) {
  const [old, fresh] = [new Map(flat(before)), new Map(flat(after))];
  const paths = [...new Set([...old.keys(), ...fresh.keys()])];
  return paths
    .map((path) => [path, old.get(path), fresh.get(path)])
    .filter(([, one, other]) => one !== other);
}

export function Diff({ base, event }) {
  const found = differences(base.event, event.event);
  if (!found.length) return html`<p>Both say the same.</p>`;
  return html`<div>
    <table class="diff">
      <thead>
        <tr><th>field</th><th>${base.event.event_id.slice(-8) || "compared"}</th><th>this one</th></tr>
      </thead>
      <tbody>
        ${found.map(
          ([path, before, after]) => html`<tr>
            <td>${path}</td>
            <td class="gone">${before ?? "—"}</td>
            <td class="come">${after ?? "—"}</td>
          </tr>`,
        )}
      </tbody>
    </table>
  </div>`;
}
