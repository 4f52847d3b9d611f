// A list of any length, of which only what is in view is made.

import { html, useEffect, useLayoutEffect, useRef, useState } from "../lib.js";

// What browsers take for the height of an element; a longer list moves faster than its bar.
const HIGHEST = 8_000_000;
const BEYOND = 8;

/**
 * `rowHeight` in pixels; `row(index, top)` makes a row so many pixels from the top. `control.current` gets `scrollTo(index)`
 * and `toEdge(bottom)`; `onMove({top, bottom})` tells whether it is at one of its ends.
 */
export function VirtualList({ total, rowHeight, row, control, onMove, ...rest }) {
  const frame = useRef(null);
  const [view, setView] = useState({ top: 0, height: 600 });
  const full = total * rowHeight;
  const shown = Math.min(full, HIGHEST);
  const factor = shown > view.height ? (full - view.height) / (shown - view.height) : 1;
  const offset = view.top * factor;
  const first = Math.max(0, Math.floor(offset / rowHeight) - BEYOND);
  const last = Math.min(total, Math.ceil((offset + view.height) / rowHeight) + BEYOND);

  useEffect(() => {
    const element = frame.current;
    let awaited = 0;
    const look = () => {
      awaited = 0;
      const { scrollTop, clientHeight, scrollHeight } = element;
      setView({ top: scrollTop, height: clientHeight });
      onMove?.({ top: scrollTop < 4, bottom: scrollTop + clientHeight > scrollHeight - 4 });
    };
    const soon = () => {
      awaited ||= requestAnimationFrame(look);
    };
    element.addEventListener("scroll", soon, { passive: true });
    const size = new ResizeObserver(soon);
    size.observe(element);
    return () => {
      cancelAnimationFrame(awaited);
      element.removeEventListener("scroll", soon);
      size.disconnect();
    };
  }, []);

  useLayoutEffect(() => {
    control.current = {
      toEdge: (bottom) => {
        frame.current.scrollTop = bottom ? shown : 0;
      },
      scrollTo: (index) => {
        const begin = index * rowHeight;
        if (begin < offset) frame.current.scrollTop = begin / factor;
        else if (begin + rowHeight > offset + view.height)
          frame.current.scrollTop = (begin + rowHeight - view.height) / factor;
      },
      focus: () => frame.current.focus({ preventScroll: true }),
    };
  });

  const rows = [];
  for (let index = first; index < last; index += 1) {
    rows.push(row(index, index * rowHeight - offset + view.top));
  }
  return html`<div ref=${frame} tabindex="0" ...${rest}>
    <div class="all" role="rowgroup" style=${{ height: `${shown}px` }}>${rows}</div>
  </div>`;
}
