// Sessions, and recordings: choose one, save, load, compare, replay.

import { get, post, remove, url } from "./api.js";
import { useAnswer } from "./ask.js";
import { counted } from "./format.js";
import { html, useState } from "./lib.js";
import { attempt, toast } from "./toast.js";

const nameOf = (one) => one.file || [one.sub, one.rid].filter(Boolean).join(" / ") || one.session;

const SessionRow = ({ one, current, onChoose, onClose, readOnly }) => html`<tr>
  <td><strong>${nameOf(one)}</strong></td>
  <td><span class="tag">${one.file ? "recording" : "session"}</span></td>
  <td class="mono">${one.own_port ? one.address : ""}</td>
  <td>${one.lease ? `lease of ${one.lease} s` : "until it is closed"}</td>
  <td><div class="bar">
    <button type="button" class="button small" aria-pressed=${current ? "true" : "false"} aria-label="Choose ${nameOf(one)}" onClick=${onChoose}>${current ? "Chosen" : "Choose"}</button>
    ${!readOnly && html`<button type="button" class="button small danger" aria-label="Close ${nameOf(one)}" onClick=${onClose}>Close</button>`}
  </div></td>
</tr>`;

function Comparison({ session, sessions }) {
  const [other, setOther] = useState("");
  const [found, setFound] = useState(null);
  const compare = () =>
    attempt(async () => setFound((await get("/recording/compare", { session, other })).kinds));
  const differing = found?.filter((one) => one.here !== one.there) ?? [];
  return html`<section class="panel" aria-label="Compare">
    <header>
      <h2>Compare what is chosen with</h2>
      <label><span class="unseen">The other</span><select value=${other} onChange=${(event) => setOther(event.target.value)}>
        <option value="">all of the mock</option>
        ${sessions.map((one) => html`<option value=${one.session}>${nameOf(one)}</option>`)}
      </select></label>
      <button type="button" class="button small" onClick=${compare}>Compare</button>
    </header>
    ${found && html`<p class="inside" role="status">${differing.length ? `${counted(differing.length, "kind")} of events differ in number.` : "Both have as many events of each kind."}</p>
    <div class="scroll" tabindex="0"><table>
      <thead><tr><th>level</th><th>category</th><th>type</th><th class="number">chosen</th><th class="number">other</th></tr></thead>
      <tbody>${found.map((one) => html`<tr>
        <td>${one.level}</td><td>${one.category}</td><td>${one.payload || "(no payload)"}</td><td class="number">${one.here}</td>
        <td class="number">${one.there}${one.here !== one.there && html` <span class="tag bad">${one.there > one.here ? "+" : "−"}${Math.abs(one.there - one.here)}</span>`}</td>
      </tr>`)}</tbody>
    </table></div>`}
  </section>`;
}

export function SessionsView({ route, go, live, info, readOnly }) {
  const { session } = route;
  const [said, again] = useAnswer("/sessions", {}, [live.generation]);
  const [replayed, setReplayed] = useState(null);
  const sessions = said?.sessions ?? [];
  const change = (action) => attempt(action).then(again);
  const choose = (id) => go({ session: id === session ? null : id, event: null, call: null });
  const open = () => change(() => post("/sessions", {}));
  const close = (id) =>
    change(async () => {
      await remove(`/sessions/${encodeURIComponent(id)}`);
      if (id === session) go({ session: null });
    });
  const load = (event) => {
    const [file] = event.target.files;
    event.target.value = "";
    if (!file) return;
    change(async () => {
      const opened = await post("/recording/load", {}, { name: file.name, content: await file.text() });
      go({ session: opened.session, view: "events", event: null });
      toast(`Loaded: ${file.name}`);
    });
  };
  const replay = () =>
    attempt(async () => {
      setReplayed(null);
      setReplayed(await post("/recording/replay", { session }));
    });
  return html`<div class="panels" tabindex="0" role="region" aria-label="Sessions and recordings">
    <section class="panel" aria-label="Recording">
      <header>
        <h2>${session ? "The chosen one" : "All that the mock has recorded"}</h2>
        <a class="button small" href=${url("/recording")} download="recording.ndjson">Save as .ndjson</a>
        ${!readOnly && html`
          <label class="button small">Load .ndjson…<input type="file" class="unseen" accept=".ndjson" onChange=${load} /></label>
          <button type="button" class="button small" onClick=${replay}>Send again to this mock</button>
          <button type="button" class="button small danger" onClick=${() => change(() => remove("/recording", { session }))}>Start anew</button>
        `}
      </header>
      <p class="inside">
        ${counted(live.numbers?.all_events ?? 0, "event")} in ${counted(live.numbers?.calls ?? 0, "call")}.
        ${replayed && html`<span role="status"> ${counted(replayed.sent, "call")} sent again; ${replayed.different.length ? html`<span class="tag bad">${replayed.different.length} answered otherwise</span> ${replayed.different[0]}` : "all were answered as recorded."}</span>`}
      </p>
    </section>
    <section class="panel" aria-label="Sessions">
      <header><h2>Sessions and loaded recordings</h2>${!readOnly && html`<button type="button" class="button small" onClick=${open}>Open a session</button>`}</header>
      <div class="scroll" tabindex="0"><table>
        <thead><tr><th>whose</th><th>kind</th><th>own address</th><th>lasts</th><th><span class="unseen">actions</span></th></tr></thead>
        <tbody>${sessions.map((one) => html`<${SessionRow}
          key=${one.session}
          one=${one}
          current=${one.session === session}
          readOnly=${readOnly}
          onChoose=${() => choose(one.session)}
          onClose=${() => close(one.session)}
        />`)}</tbody>
      </table></div>
      ${said && !sessions.length && html`<p class="nothing">None is open: all of the mock is shown.</p>`}
    </section>
    ${!info?.file && html`<${Comparison} key=${session} session=${session} sessions=${sessions} />`}
  </div>`;
}
