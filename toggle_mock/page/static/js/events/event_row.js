// An event in a line.

import { age, clock, meaning, moment } from "../format.js";
import { html } from "../lib.js";
import { Level } from "../level.js";

const Awaited = ({ style, index }) => html`
  <div class="row awaited" role="row" aria-rowindex=${index + 1} style=${style}>
    <span role="gridcell">…</span>
  </div>
`;

const What = ({ row }) => html`<span class="what" role="gridcell">
  ${row.fields.map(
    ([name, value]) => html`<span class="name">${name}</span>=${meaning(name, value) || value} `,
  )}
  ${Object.entries(row.metadata).map(([key, value]) => html`<span class="meta">${key}: ${value} </span>`)}
</span>`;

/** `group` is {begins, odd, onBatch} where events are grouped by batch, else null. */
export function EventRow({ row, index, style, chosen, now, group, onOpen }) {
  if (!row) return html`<${Awaited} style=${style} index=${index} />`;
  const grouped = group ? `${group.begins ? "begins" : ""} ${group.odd ? "odd" : ""}` : "";
  return html`<div
    id="row-${index}"
    class="row ${grouped}"
    role="row"
    aria-rowindex=${index + 1}
    aria-selected=${chosen ? "true" : "false"}
    style=${style}
    onClick=${() => onOpen(index)}
  >
    <span class="time" role="gridcell" title=${moment(row.timestamp)}>${clock(row.timestamp)}</span>
    <${Level} level=${row.level} role="gridcell" />
    <span class="category" role="gridcell">${row.category}</span>
    <span class="payload" role="gridcell">
      ${row.payload || "(no payload)"}${row.duplicate && html` <span class="tag">again</span>`}
      ${row.unknown_fields > 0 && html` <span class="tag bad" title="fields the schema lacks">+${row.unknown_fields}</span>`}
    </span>
    <${What} row=${row} />
    <span class="rid" role="gridcell">
      ${group?.begins && html`<button
        type="button"
        class="button small batch-name"
        tabindex="-1"
        title="Batch ${row.batch_id}"
        onClick=${(event) => {
          event.stopPropagation();
          group.onBatch(row.batch_id);
        }}
      >batch …${row.batch_id.slice(-6)}</button>`}${row.rid}
    </span>
    <span class="age" role="gridcell">${age(now - row.arrived)}</span>
  </div>`;
}
