// Charts of the last minutes: rates, latency, sizes, retries; an outage is seen at a glance.

import { useAnswer } from "../ask.js";
import { counted, seconds } from "../format.js";
import { html, useEffect, useState } from "../lib.js";
import { Dots, Key, StackedBars } from "./bars.js";
import { outages } from "./outages.js";

const SPANS = [
  [60, "1 minute"],
  [300, "5 minutes"],
  [900, "15 minutes"],
  [3600, "1 hour"],
];
const PARTS = 100;

/** The names in all parts, the most frequent first; those beyond five are one. */
function ranked(parts) {
  const totals = new Map();
  for (const part of parts) for (const [name, count] of Object.entries(part)) totals.set(name, (totals.get(name) ?? 0) + count);
  return [...totals].sort((one, other) => other[1] - one[1]).map(([name]) => name);
}

function folded(parts) {
  const names = ranked(parts);
  if (names.length <= 6) return { names, parts };
  const kept = names.slice(0, 5);
  const rest = (part) => Object.entries(part).reduce((sum, [name, count]) => (kept.includes(name) ? sum : sum + count), 0);
  return { names: [...kept, "others"], parts: parts.map((part) => ({ ...part, others: rest(part) })) };
}

const Chart = ({ title, note, children }) => html`<section class="panel" aria-label=${title}>
  <header><h2>${title}</h2><span class="muted">${note}</span></header>
  <div class="inside">${children}</div>
</section>`;

const Bars = ({ title, note, parts, ...shared }) => {
  const shown = folded(parts);
  return html`<${Chart} title=${title} note=${note}>
    <${StackedBars} label=${title} stacks=${shown.parts} names=${shown.names} ...${shared} /><${Key} names=${shown.names} />
  <//>`;
};

export function ChartsView({ route, live }) {
  const [span, setSpan] = useState(300);
  const [tick, setTick] = useState(0);
  useEffect(() => {
    const timer = setInterval(() => setTick((count) => count + 1), 2000);
    return () => clearInterval(timer);
  }, []);
  const parameters = { session: route.session, seconds: span, buckets: PARTS };
  const [said] = useAnswer("/activity", parameters, [span, route.session, live.generation, tick]);
  const of = (name) => said.buckets.map((one) => one[name]);
  const gaps = said ? outages(said) : [];
  const shared = said && { start: said.start, end: said.end, gaps };
  const each = `each bar ${seconds(span / PARTS)}`;
  return html`<div class="panels" tabindex="0" role="region" aria-label="Charts">
    <div class="bar">
      <label>The last <select value=${span} onChange=${(event) => setSpan(Number(event.target.value))}>
        ${SPANS.map(([value, label]) => html`<option value=${value}>${label}</option>`)}
      </select></label>
      <span class="muted" role="status">${gaps.length ? `${counted(gaps.length, "gap")} and catch-up marked` : ""}</span>
    </div>
    ${said && html`<div class="panels two inner">
      <${Bars} title="Events by level" note=${each} parts=${of("levels")} ...${shared} />
      <${Bars} title="Events by category" note=${each} parts=${of("categories")} ...${shared} />
      <${Bars} title="Calls by status" note=${each} parts=${of("by_status")} ...${shared} />
      <${Bars} title="Retries" note="calls whose batch had come before" parts=${of("retries").map((count) => (count ? { retries: count } : {}))} ...${shared} />
      <${Chart} title="Delivery latency" note="from a batch's first event to its arrival"><${Dots} label="Delivery latency" dots=${of("latencies")} show=${seconds} ...${shared} /><//>
      <${Chart} title="Batch size" note="events in a batch"><${Dots} label="Batch size" dots=${of("batches")} ...${shared} /><//>
    </div>`}
  </div>`;
}
