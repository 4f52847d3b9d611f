// An event in a line.

import { clock, meaning, moment } from "../format.js";
import { html, memo } from "../lib.js";
import { Level } from "../level.js";

const at = (top) => ({ transform: `translateY(${top}px)` });

const Awaited = ({ top, index }) => html`
  <div class="row awaited" role="row" aria-rowindex=${index + 1} style=${at(top)}>
    <span role="gridcell">…</span>
  </div>
`;

const What = ({ row }) => html`<span class="what" role="gridcell">
  ${row.fields.map(
    ([name, value]) => html`<span class="name">${name}</span>=${meaning(name, value) || value} `,
  )}
  ${Object.entries(row.metadata).map(([key, value]) => html`<span class="meta">${key}: ${value} </span>`)}
</span>`;

/**
 * `top` in pixels; `age` is a text. `begins` and `odd` tell of its batch, where they are grouped.
 * Most rows are what they were while one scrolls, and cost nothing.
 */
export const EventRow = memo(({ row, index, top, chosen, age, begins, odd, onOpen, onBatch }) => {
  if (!row) return html`<${Awaited} top=${top} index=${index} />`;
  return html`<div
    id="row-${index}"
    class="row ${begins ? "begins" : ""} ${odd ? "odd" : ""}"
    role="row"
    aria-rowindex=${index + 1}
    aria-selected=${chosen ? "true" : "false"}
    style=${at(top)}
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
      ${begins && html`<button
        type="button"
        class="button small batch-name"
        tabindex="-1"
        title="Batch ${row.batch_id}"
        onClick=${(event) => {
          event.stopPropagation();
          onBatch(row.batch_id);
        }}
      >batch …${row.batch_id.slice(-6)}</button>`}${row.rid}
    </span>
    <span class="age" role="gridcell">${age}</span>
  </div>`;
});
