// The events: the query box, the list that grows, and one of them beside it.

import { age, counted } from "../format.js";
import { useKeys } from "../keyboard.js";
import { useKept } from "../kept.js";
import { html, useEffect, useMemo, useReducer, useRef, useState, useSteady } from "../lib.js";
import { toast } from "../toast.js";
import { EventDetail } from "./detail.js";
import { EventRow } from "./event_row.js";
import { QueryBox } from "./query_box.js";
import { narrowed, term } from "./query_text.js";
import { RowSource } from "./row_source.js";
import { VirtualList } from "./virtual_list.js";

const narrow = matchMedia("(max-width: 720px)");
const nameOf = (row) => row && `${row.call}.${row.place}`;

/** The rows of a query; made anew when what is recorded may be another. */
function useRows(query, session, generation) {
  const [, again] = useReducer((count) => count + 1, 0);
  const source = useMemo(
    () => new RowSource({ query, session }, () => again(), (error) => toast(error.message)),
    [query, session, generation],
  );
  useEffect(() => () => source.close(), [source]);
  return source;
}

/** The clock of the mock, each second. */
function useNow(numbers) {
  const [now, setNow] = useState(Date.now() / 1000);
  const ahead = numbers ? numbers.now - Date.now() / 1000 : 0;
  const offset = useRef(ahead);
  if (numbers) offset.current = ahead;
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now() / 1000), 1000);
    return () => clearInterval(timer);
  }, []);
  return now + (Math.abs(offset.current) > 5 ? offset.current : 0);
}

function useRowHeight() {
  const [height, setHeight] = useState(narrow.matches ? 48 : 28);
  useEffect(() => {
    const change = () => setHeight(narrow.matches ? 48 : 28);
    narrow.addEventListener("change", change);
    return () => narrow.removeEventListener("change", change);
  }, []);
  return height;
}

export function EventsView({ route, go, live, names, rids, input }) {
  const query = route.query ?? "";
  const [newestFirst, setNewestFirst] = useKept("newest-first", true);
  const [grouped, setGrouped] = useKept("grouped", false);
  const [paused, setPaused] = useState(false);
  const [edge, setEdge] = useState({ top: true, bottom: true });
  const [chosen, setChosen] = useState(-1); // a place
  const source = useRows(query, route.session, live.generation);
  const list = useRef(null);
  const now = useNow(live.numbers);
  const rowHeight = useRowHeight();

  const begin = live.numbers?.begin ?? 0;
  const end = begin + (live.numbers?.events ?? 0);
  // What one reads stays where it is: what comes meanwhile waits until one is back at the edge.
  const held = useRef({ end: 0, source });
  const follows = !paused && (!newestFirst || edge.top || held.current.source !== source);
  if (follows || held.current.source !== source || held.current.end > end) held.current = { end, source };
  const shownEnd = held.current.end;
  const total = Math.max(0, shownEnd - begin);
  const waiting = end - shownEnd;

  const placeOf = (index) => (newestFirst ? shownEnd - 1 - index : begin + index);
  const indexOf = (place) => (newestFirst ? shownEnd - 1 - place : place - begin);
  const rowAt = (place) => (place >= begin && place < shownEnd ? source.row(place, shownEnd) : undefined);

  useEffect(() => {
    setChosen(-1);
  }, [source]);
  useEffect(() => {
    if (!newestFirst && !paused && edge.bottom) list.current?.toEdge(true);
  }, [total, newestFirst]);

  const open = (place) => {
    setChosen(place);
    const row = rowAt(place);
    if (row) go({ event: nameOf(row) }, { replace: Boolean(route.event) });
  };
  const step = (by) => {
    if (!total) return;
    const index = chosen < begin ? 0 : Math.min(total - 1, Math.max(0, indexOf(chosen) + by));
    const place = placeOf(index);
    setChosen(place);
    list.current.scrollTo(index);
    if (route.event) open(place);
  };
  const onNarrow = (more, alone = false) =>
    go({ query: alone ? more : narrowed(query, more), event: alone ? null : route.event });
  useKeys({
    j: () => step(1),
    k: () => step(-1),
    ArrowDown: () => step(1),
    ArrowUp: () => step(-1),
    Enter: () => chosen >= begin && open(chosen),
    Escape: () => (route.event ? go({ event: null }) : setChosen(-1)),
    p: () => setPaused(!paused),
    g: () => setGrouped(!grouped),
  });

  const onOpen = useSteady((index) => open(placeOf(index)));
  const onBatch = useSteady((id) => onNarrow(term("batch_id", id), true));
  const beginsBatch = (row, index) => index === 0 || rowAt(placeOf(index - 1))?.call !== row.call;
  const row = (index, top) => {
    const place = placeOf(index);
    const found = rowAt(place);
    const inGroup = grouped && found;
    return html`<${EventRow}
      key=${place}
      row=${found}
      index=${index}
      top=${top}
      chosen=${place === chosen || (route.event && nameOf(found) === route.event)}
      age=${found && age(now - found.arrived)}
      begins=${inGroup && beginsBatch(found, index)}
      odd=${inGroup && found.call % 2 === 1}
      onOpen=${onOpen}
      onBatch=${onBatch}
    />`;
  };
  // The same edges are no news: while one scrolls, only the list is made anew.
  const onMove = (seen) =>
    setEdge((known) => (known.top === seen.top && known.bottom === seen.bottom ? known : seen));
  const toFresh = () => {
    setPaused(false);
    setEdge({ top: true, bottom: true });
    list.current.toEdge(!newestFirst);
  };

  return html`<div class="events">
    <section class="listing" aria-label="Events">
      <${QueryBox}
        query=${query}
        session=${route.session}
        names=${names}
        rids=${rids}
        input=${input}
        onQuery=${(text, options) => go({ query: text }, options)}
      />
      <div class="tools">
        <span class="found">
          ${counted(live.numbers?.events ?? 0, "event")}${query && live.numbers && ` of ${live.numbers.all_events.toLocaleString("en")}`}
        </span>
        <button type="button" class="button small" aria-pressed=${paused ? "true" : "false"} onClick=${() => setPaused(!paused)}>
          ${paused ? "Go on" : "Pause"}
        </button>
        <button type="button" class="button small" aria-pressed=${grouped ? "true" : "false"} onClick=${() => setGrouped(!grouped)}>By batch</button>
        <button type="button" class="button small" onClick=${() => setNewestFirst(!newestFirst)}>
          ${newestFirst ? "Newest first" : "Newest last"}
        </button>
      </div>
      ${waiting > 0 &&
      html`<div><button type="button" class="button strong small fresh ${newestFirst ? "" : "below"}" onClick=${toFresh}>
        ${counted(waiting, "new event")}
      </button></div>`}
      <${VirtualList}
        class="rows ${grouped ? "grouped" : ""}"
        role="grid"
        aria-label="Events"
        aria-rowcount=${total}
        aria-activedescendant=${chosen >= begin ? `row-${indexOf(chosen)}` : null}
        total=${total}
        rowHeight=${rowHeight}
        row=${row}
        control=${list}
        onMove=${onMove}
      />
      ${live.numbers && total === 0 && html`<p class="nothing">No event matches. ${query && html`<button type="button" class="button small" onClick=${() => go({ query: null })}>Show all</button>`}</p>`}
    </section>
    ${route.event && html`<${EventDetail} route=${route} go=${go} names=${names} onNarrow=${onNarrow} />`}
  </div>`;
}
