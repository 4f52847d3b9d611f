// Calls and refusals, and one call with its messages and the other tries of its batch.

import { useAnswer } from "../ask.js";
import { Close } from "../events/detail.js";
import { bytesOf, Hex } from "../events/hex.js";
import { bytes, clock, counted, moment, seconds } from "../format.js";
import { useKeys } from "../keyboard.js";
import { html, useState } from "../lib.js";
import { statusKind, Tries } from "../tries.js";

const SHOWN = 200;
const METHODS = ["", "Register", "Connect", "SendEvents"];

const Status = ({ call }) =>
  html`<span class="tag ${statusKind(call.status)}">${call.status ?? "under way"}</span>`;

const CallRow = ({ call, chosen, onOpen }) => html`<tr class="choosable" aria-selected=${chosen ? "true" : "false"} onClick=${onOpen}>
  <td class="number"><button type="button" class="button bare small" aria-label="Open call ${call.number}">${call.number}</button></td>
  <td>${clock(call.arrived * 1000)}</td>
  <td>${call.method}</td>
  <td><${Status} call=${call} /></td>
  <td class="number">${call.ended ? seconds(call.ended - call.arrived) : "—"}</td>
  <td class="number">${bytes(call.received_bytes)}</td>
  <td class="number">${bytes(call.sent_bytes)}</td>
  <td>${call.rid || html`<span class="muted">nobody</span>`}</td>
  <td>${call.fault && html`<span class="tag bad" title="the fault that hit it">${call.fault}</span>`} ${call.details}</td>
</tr>`;

function Message({ message }) {
  const raw = bytesOf(message.raw);
  const text = message.message ? JSON.stringify(message.message, null, 2) : "it is no message of its type";
  return html`<details>
    <summary>
      ${message.sent ? "→ to the Rodent" : "← from the Rodent"} at ${clock(message.at * 1000)}, ${bytes(raw.length)}
    </summary>
    <pre tabindex="0">${text.length > 20_000 ? `${text.slice(0, 20_000)}…` : text}</pre>
    <${Hex} bytes=${raw} marked=${null} onPoint=${() => {}} />
  </details>`;
}

function CallDetail({ number, route, go }) {
  const [call] = useAnswer(`/calls/${encodeURIComponent(number)}`, { session: route.session }, [route.session]);
  const batchId = call?.messages.find((one) => !one.sent)?.message?.batch_id;
  const [tries] = useAnswer(batchId ? "/attempts" : null, { batch_id: batchId, session: route.session }, [batchId]);
  const close = () => go({ call: null });
  if (!call) return html`<aside class="detail" aria-label="Call"></aside>`;
  return html`<aside class="detail" aria-label="Call">
    <div class="detail-head">
      <div class="title"><h2>Call ${call.number}: ${call.method}</h2><${Status} call=${call} /><${Close} onClick=${close} /></div>
      <p class="sub">${call.details}</p>
    </div>
    <div class="detail-body" tabindex="0" role="region" aria-label="Of this call">
      <dl class="facts">
        <dt>arrived</dt><dd>${moment(call.arrived * 1000)}</dd>
        <dt>took</dt><dd>${call.ended ? seconds(call.ended - call.arrived) : "—"}</dd>
        <dt>fault</dt><dd>${call.fault || "none"}</dd>
        <dt>from</dt><dd>${call.rid || "nobody"} of ${call.sub || "no organization"}, ${call.peer}</dd>
        ${call.metadata.map(([key, value]) => html`<dt>${key}</dt><dd><code>${value}</code></dd>`)}
      </dl>
      ${tries && html`<section aria-label="The batch over its tries"><h3>The batch over its tries</h3><${Tries} calls=${tries.calls} route=${route} onCall=${(one) => go({ call: one })} /></section>`}
      <section><h3>${counted(call.message_count, "message")}</h3>${call.messages.slice(-100).map((one) => html`<${Message} message=${one} />`)}</section>
    </div>
  </aside>`;
}

const Refusals = ({ refusals }) => html`<section class="panel" aria-label="Turned away">
  <h2>Turned away, before anything could answer</h2>
  <div class="scroll" tabindex="0"><table>
    <thead><tr><th>at</th><th>what</th><th>from</th><th>why</th></tr></thead>
    <tbody>
      ${refusals.map((one) => html`<tr>
        <td>${clock(one.at * 1000)}</td>
        <td><span class="tag bad">${one.kind}</span> ${one.method}</td>
        <td>${one.rid} ${one.peer}</td>
        <td>${one.details}</td>
      </tr>`)}
    </tbody>
  </table></div>
</section>`;

export function CallsView({ route, go, live }) {
  const [method, setMethod] = useState("");
  const [failed, setFailed] = useState(false);
  const numbers = live.numbers ?? {};
  const when = [method, route.session, live.generation, numbers.calls, numbers.all_events];
  const [found] = useAnswer("/calls", { method, session: route.session, limit: failed ? 5000 : SHOWN }, [...when, failed]);
  const [turned] = useAnswer("/refusals", { session: route.session, limit: 100 }, [route.session, live.generation, numbers.refusals]);
  useKeys({ Escape: () => go({ call: null }) });
  const calls = (found?.calls ?? []).filter((one) => !failed || (one.status && one.status !== "OK")).slice(-SHOWN).reverse();
  return html`<div class="events">
    <div class="panels listing" tabindex="0" role="region" aria-label="Calls and refusals">
      ${turned?.refusals.length > 0 && html`<${Refusals} refusals=${[...turned.refusals].reverse()} />`}
      <section class="panel" aria-label="Calls">
        <header>
          <h2>${counted(numbers.calls ?? 0, "call")}</h2>
          <label>Method <select value=${method} onChange=${(event) => setMethod(event.target.value)}>
            ${METHODS.map((one) => html`<option value=${one}>${one || "all"}</option>`)}
          </select></label>
          <button type="button" class="button small" aria-pressed=${failed ? "true" : "false"} onClick=${() => setFailed(!failed)}>Failed only</button>
        </header>
        <div class="scroll" tabindex="0"><table>
          <thead><tr><th class="number">no.</th><th>arrived</th><th>method</th><th>status</th><th class="number">took</th><th class="number">in</th><th class="number">out</th><th>rodent</th><th>fault, details</th></tr></thead>
          <tbody>
            ${calls.map((call) => html`<${CallRow} key=${call.number} call=${call} chosen=${String(call.number) === String(route.call)} onOpen=${() => go({ call: call.number }, { replace: Boolean(route.call) })} />`)}
          </tbody>
        </table></div>
      </section>
    </div>
    ${route.call && html`<${CallDetail} key=${route.call} number=${route.call} route=${route} go=${go} />`}
  </div>`;
}
