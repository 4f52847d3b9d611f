// One event, with all that is known of it.

import { get } from "../api.js";
import { CopyButton } from "../copy.js";
import { clock, moment, seconds } from "../format.js";
import { Level } from "../level.js";
import { html, useEffect, useState } from "../lib.js";
import { Tries } from "../tries.js";
import { Diff } from "./diff.js";
import { term } from "./query_text.js";
import { WireFields } from "./wire_fields.js";

/** An event by its name, "CALL.PLACE"; `{event, error}`. */
function useEvent(name, session) {
  const [found, setFound] = useState({});
  useEffect(() => {
    let current = true;
    const [call, place] = (name ?? "").split(".");
    setFound((before) => (name ? before : {}));
    if (name) {
      get(`/calls/${encodeURIComponent(call)}/events/${encodeURIComponent(place)}`, { session }).then(
        (event) => current && setFound({ event }),
        (error) => current && setFound({ error }),
      );
    }
    return () => {
      current = false;
    };
  }, [name, session]);
  return found;
}

/** What is the same kind of thing: of the type, at the level, from the Rodent. */
function sameAs({ row }) {
  const terms = [
    row.payload && term("payload", row.payload),
    term("level", row.level),
    row.source && term("source", row.source),
    row.rid && term("rid", row.rid),
  ];
  return terms.filter(Boolean).join(" ");
}

const Delivery = ({ event, route, go, onNarrow }) => {
  const { row } = event;
  const tries = event.attempts.findIndex((one) => one.number === event.call) + 1;
  const first = event.attempts[0];
  return html`<div>
    <dl class="facts">
      <dt>arrived</dt>
      <dd>${moment(event.arrived * 1000)}</dd>
      <dt>latency</dt>
      <dd>${seconds(event.arrived - row.timestamp / 1000)} from the event's own time to its arrival</dd>
      <dt>batch</dt>
      <dd>
        <code>${event.batch_id || "without an id"}</code>${" "}
        ${event.batch_id && html`<button type="button" class="button small" onClick=${() => onNarrow(term("batch_id", event.batch_id), true)}>Its events</button>`}
      </dd>
      <dt>place</dt>
      <dd>${event.place + 1} in the batch</dd>
      <dt>call</dt>
      <dd>${event.call}${tries > 1 && html`, try ${tries} of the batch`}</dd>
      <dt>duplicate</dt>
      <dd>${row.duplicate ? `yes: its batch had come with call ${first.number}` : "no"}</dd>
      <dt>peer</dt>
      <dd>${event.peer}</dd>
      <dt>schema</dt>
      <dd>${event.schema}</dd>
    </dl>
    <${Tries} calls=${event.attempts} route=${route} onCall=${(call) => go({ view: "calls", call, event: null })} />
  </div>`;
};

const Json = ({ value }) => {
  const text = JSON.stringify(value, null, 2);
  return html`<div><div class="bar"><${CopyButton} text=${text} what="JSON" /></div><pre>${text}</pre></div>`;
};

const Text = ({ text }) =>
  html`<div><div class="bar"><${CopyButton} text=${text} what="protobuf text" /></div><pre>${text}</pre></div>`;

const TABS = [
  ["fields", "Fields and bytes"],
  ["json", "JSON"],
  ["text", "Text"],
  ["delivery", "Delivery"],
];

export function EventDetail({ route, go, names, onNarrow }) {
  const { event, error } = useEvent(route.event, route.session);
  const { event: base } = useEvent(route.base, route.session);
  const [tab, setTab] = useState("fields");
  const close = () => go({ event: null });
  if (error) {
    return html`<aside class="detail" aria-label="Event">
      <div class="detail-head"><div class="title"><h2>${error.message}</h2><${Close} onClick=${close} /></div></div>
    </aside>`;
  }
  if (!event) return html`<aside class="detail" aria-label="Event"></aside>`;
  const { row } = event;
  const compared = base && route.base !== route.event;
  const tabs = compared ? [...TABS, ["diff", "Diff"]] : TABS;
  const shown = tabs.some(([name]) => name === tab) ? tab : "fields";
  const bodies = {
    fields: () => html`<${WireFields} event=${event} names=${names} onNarrow=${onNarrow} />`,
    json: () => html`<${Json} value=${event.event} />`,
    text: () => html`<${Text} text=${event.text} />`,
    delivery: () => html`<${Delivery} event=${event} route=${route} go=${go} onNarrow=${onNarrow} />`,
    diff: () => html`<${Diff} base=${base} event=${event} />`,
  };
  return html`<aside class="detail" aria-label="Event">
    <div class="detail-head">
      <div class="title">
        <${Level} level=${row.level} />
        <h2>${row.payload || "(no payload)"}</h2>
        <${Close} onClick=${close} />
      </div>
      <p class="sub">
        ${clock(row.timestamp)} · ${row.category} · ${row.source || "no source"} · ${row.rid || "nobody"} ·${" "}
        <span class="mono">${row.event_id}</span>
      </p>
      <div class="bar">
        <button type="button" class="button small" onClick=${() => onNarrow(sameAs(event), true)}>Same as this</button>
        <button
          type="button"
          class="button small"
          aria-pressed=${route.base === route.event ? "true" : "false"}
          onClick=${() => go({ base: route.base === route.event ? null : route.event }, { replace: true })}
        >${route.base === route.event ? "Choose the other event" : "Compare with…"}</button>
        ${compared && html`<button type="button" class="button small" onClick=${() => setTab("diff")}>See the difference</button>`}
      </div>
      <div class="subtabs" role="tablist" aria-label="Of this event">
        ${tabs.map(
          ([name, label]) => html`<button
            type="button"
            role="tab"
            id="tab-${name}"
            aria-controls="of-event"
            aria-selected=${name === shown ? "true" : "false"}
            onClick=${() => setTab(name)}
          >${label}</button>`,
        )}
      </div>
    </div>
    <div class="detail-body" role="tabpanel" id="of-event" tabindex="0" aria-labelledby="tab-${shown}">
      ${bodies[shown]()}
    </div>
  </aside>`;
}

export const Close = ({ onClick }) => html`<button
  type="button"
  class="button bare small"
  aria-label="Close"
  title="Close (Esc)"
  onClick=${onClick}
><span aria-hidden="true">✕</span></button>`;
