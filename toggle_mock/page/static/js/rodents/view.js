// Rodents: who is connected, and what one can say to them.

import { post } from "../api.js";
import { useAnswer } from "../ask.js";
import { age, clock, counted } from "../format.js";
import { html, useEffect, useState } from "../lib.js";
import { attempt } from "../toast.js";

const KINDS = { command: "Command", config: "Configuration" };

/** JSON that one has written; nothing where nothing is written. */
const json = (text) => (text.trim() ? JSON.parse(text) : null);

function Speak({ rid, session }) {
  const [kind, setKind] = useState("command");
  const [type, setType] = useState("system.status");
  const [payload, setPayload] = useState("");
  const [answer, setAnswer] = useState(null);
  const send = (event) => {
    event.preventDefault();
    setAnswer({ awaited: true });
    attempt(async () => {
      try {
        const body = { type, payload: json(payload), timeout: 10 };
        setAnswer(await post(`/rodents/${encodeURIComponent(rid)}/${kind}`, { session }, body));
      } catch (error) {
        setAnswer({ success: false, message: error.message });
      }
    });
  };
  return html`<form class="inside" onSubmit=${send}>
    <div class="form">
      <label class="field"><span>What</span><select value=${kind} onChange=${(event) => setKind(event.target.value)}>
        ${Object.entries(KINDS).map(([name, label]) => html`<option value=${name}>${label}</option>`)}
      </select></label>
      <label class="field"><span>Type</span><input value=${type} required onInput=${(event) => setType(event.target.value)} /></label>
      <label class="field wide"><span>Payload, as JSON</span><input class="mono" value=${payload} placeholder='{"level": "debug"}' onInput=${(event) => setPayload(event.target.value)} /></label>
      <button class="button strong">Send</button>
    </div>
    <div role="status">
      ${answer && (answer.awaited
        ? "Waiting for its answer…"
        : html`<div class="answer"><span class="tag ${answer.success ? "good" : "bad"}">${answer.success ? "success" : "failed"}</span> ${answer.message}<pre>${JSON.stringify(answer.payload ?? answer.error ?? null, null, 2)}</pre></div>`)}
    </div>
  </form>`;
}

function RodentRow({ rodent, now, chosen, onChoose, onDisconnect, readOnly }) {
  return html`<tr>
    <td><strong>${rodent.rid}</strong></td>
    <td>${rodent.sub}</td>
    <td><span class="tag ${rodent.connected ? "good" : ""}">${rodent.connected ? "connected" : "gone"}</span></td>
    <td>${rodent.since ? clock(rodent.since * 1000) : "—"}</td>
    <td class="number">${rodent.streams}</td>
    <td>${rodent.heard ? `${age(now - rodent.heard)} ago` : "—"}</td>
    <td>${rodent.unexpected_messages.length > 0 && html`<span class="tag bad" title=${rodent.unexpected_messages.slice(-3).join("\n")}>${counted(rodent.unexpected_messages.length, "message")} unasked</span>`}</td>
    <td>
      ${!readOnly && html`<div class="bar">
        <button type="button" class="button small" aria-pressed=${chosen ? "true" : "false"} aria-label="Speak to ${rodent.rid}" onClick=${onChoose}>Speak</button>
        <button type="button" class="button small danger" aria-label="Disconnect ${rodent.rid}" disabled=${!rodent.connected} onClick=${onDisconnect}>Disconnect</button>
      </div>`}
    </td>
  </tr>`;
}

export function RodentsView({ route, live, readOnly }) {
  const { session } = route;
  const [chosen, setChosen] = useState("");
  const [tick, setTick] = useState(0);
  const [said, again] = useAnswer("/rodents", { session }, [session, live.generation, live.numbers?.connected, tick]);
  useEffect(() => {
    const timer = setInterval(() => setTick((count) => count + 1), 2000);
    return () => clearInterval(timer);
  }, []);
  const disconnect = (rid) =>
    attempt(async () => {
      await post(`/rodents/${encodeURIComponent(rid)}/disconnect`, { session });
      again();
    });
  const rodents = said?.rodents ?? [];
  const now = Date.now() / 1000;
  return html`<div class="panels" tabindex="0" role="region" aria-label="Rodents">
    <section class="panel" aria-label="Who is connected">
      <h2>${counted(live.numbers?.connected ?? 0, "Rodent")} connected</h2>
      <div class="scroll" tabindex="0"><table>
        <thead><tr><th>rid</th><th>organization</th><th>state</th><th>stream since</th><th class="number">streams</th><th>last heard</th><th><span class="unseen">unasked</span></th><th><span class="unseen">actions</span></th></tr></thead>
        <tbody>
          ${rodents.map((one) => html`<${RodentRow}
            key=${one.rid}
            rodent=${one}
            now=${now}
            readOnly=${readOnly}
            chosen=${one.rid === chosen}
            onChoose=${() => setChosen(one.rid === chosen ? "" : one.rid)}
            onDisconnect=${() => disconnect(one.rid)}
          />`)}
        </tbody>
      </table></div>
      ${said && !rodents.length && html`<p class="nothing">No Rodent has connected.</p>`}
    </section>
    ${chosen && html`<section class="panel" aria-label="Speak to ${chosen}"><h2>Speak to ${chosen}</h2><${Speak} key=${chosen} rid=${chosen} session=${session} /></section>`}
  </div>`;
}
