// A chart of stacked bars or of dots over some time, in SVG.

import { clock } from "../format.js";
import { html } from "../lib.js";

const WIDTH = 600;
const HEIGHT = 132;
const BOTTOM = 16;
const TOP = 12;
const PLOT = HEIGHT - BOTTOM - TOP;

const Frame = ({ label, most, start, end, gaps, children }) => {
  const x = (at) => ((at - start) / (end - start)) * WIDTH;
  const times = [0, 0.25, 0.5, 0.75, 1].map((share) => start + share * (end - start));
  const anchor = (index) => ["start", "middle", "middle", "middle", "end"][index];
  return html`<svg class="chart" viewBox="0 0 ${WIDTH} ${HEIGHT}" preserveAspectRatio="none" role="img" aria-label=${label}>
    ${gaps.map(([from, to]) => html`<rect class="outage" x=${x(from)} y="0" width=${Math.max(1, x(to) - x(from))} height=${HEIGHT - BOTTOM} />`)}
    <line class="axis" x1="0" x2=${WIDTH} y1=${HEIGHT - BOTTOM} y2=${HEIGHT - BOTTOM} />
    <line class="axis" x1="0" x2=${WIDTH} y1=${TOP} y2=${TOP} />
    <text x="2" y="9">${most}</text>
    ${times.map((at, index) => html`<text x=${x(at)} y=${HEIGHT - 3} text-anchor=${anchor(index)}>${clock(at * 1000).slice(0, 8)}</text>`)}
    ${children}
  </svg>`;
};

/** `stacks[n]` is `{series: count}` of the n-th part of the time; `names` in the order of colours. */
export function StackedBars({ label, stacks, names, start, end, gaps = [], show = String }) {
  const totals = stacks.map((stack) => names.reduce((sum, name) => sum + (stack[name] ?? 0), 0));
  const most = Math.max(1, ...totals);
  const width = WIDTH / stacks.length;
  const bars = stacks.flatMap((stack, index) => {
    let base = HEIGHT - BOTTOM;
    return names.map((name, which) => {
      const height = ((stack[name] ?? 0) / most) * PLOT;
      base -= height;
      if (!height) return null;
      const text = `${name}: ${show(stack[name])}`;
      return html`<rect class="series-${(which % 6) + 1}" x=${index * width} y=${base} width=${Math.max(0.5, width - 0.6)} height=${height}><title>${text}</title></rect>`;
    });
  });
  return html`<${Frame} label=${label} most=${show(most)} start=${start} end=${end} gaps=${gaps}>${bars}<//>`;
}

/** `dots[n]` are the values of the n-th part of the time. */
export function Dots({ label, dots, start, end, gaps = [], show = String }) {
  const most = Math.max(1e-9, ...dots.flat());
  const width = WIDTH / dots.length;
  const marks = dots.flatMap((values, index) =>
    values.slice(-40).map((value) => {
      const y = HEIGHT - BOTTOM - (value / most) * PLOT;
      return html`<rect class="series-1" x=${index * width} y=${y - 1.5} width=${Math.max(2, width * 0.8)} height="3" opacity="0.7"><title>${show(value)}</title></rect>`;
    }),
  );
  return html`<${Frame} label=${label} most=${show(most)} start=${start} end=${end} gaps=${gaps}>${marks}<//>`;
}

export const Key = ({ names }) => html`<div class="key">
  ${names.map((name, index) => html`<span><i class="series-${(index % 6) + 1}"></i>${name}</span>`)}
</div>`;
