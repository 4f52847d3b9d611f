// A batch over its tries: when each was, how long it took, how it ended.

import { clock, seconds } from "./format.js";
import { hrefOf } from "./route.js";
import { html } from "./lib.js";

export const statusKind = (status) => (status === "OK" ? "good" : status ? "bad" : "");

function Bar({ call, start, span }) {
  const end = call.ended ?? call.arrived;
  const x = ((call.arrived - start) / span) * 100;
  const width = Math.max(1, ((end - call.arrived) / span) * 100);
  const series = call.status === "OK" ? "series-2" : "series-4";
  return html`<svg class="try" width="100%" height="8" aria-hidden="true">
    <rect class=${series} x="${Math.min(99, x)}%" y="0" width="${width}%" height="8" rx="2" />
  </svg>`;
}

export function Tries({ calls, route, onCall }) {
  if (!calls.length) return html`<p class="muted">No call with it is kept.</p>`;
  const start = calls[0].arrived;
  const last = calls[calls.length - 1];
  const span = Math.max(0.001, (last.ended ?? last.arrived) - start);
  return html`<div class="timeline">
    <p>
      ${calls.length === 1 ? "One try" : `${calls.length} tries within ${seconds(span)}`},
      beginning at ${clock(start * 1000)}.
    </p>
    <ol>
      ${calls.map(
        (call) => html`<li>
          <span class="muted">+${seconds(call.arrived - start)}</span>
          <div>
            <${Bar} call=${call} start=${start} span=${span} />
            <a
              href=${hrefOf(route, { view: "calls", call: call.number })}
              onClick=${(event) => {
                event.preventDefault();
                onCall(call.number);
              }}
              >call ${call.number}</a
            >${" "}
            <span class="tag ${statusKind(call.status)}">${call.status ?? "under way"}</span>
            ${call.ended && html` in ${seconds(call.ended - call.arrived)}`}
            ${call.fault && html` <span class="tag" title="the fault that hit it">${call.fault}</span>`}
            ${call.details && html`<div class="muted">${call.details}</div>`}
          </div>
        </li>`,
      )}
    </ol>
  </div>`;
}
