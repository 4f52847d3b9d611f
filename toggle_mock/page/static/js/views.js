// The tabs: what each is called, what it counts, what it shows.

import { EventsView } from "./events/view.js";

/** `ofFile`: whether a recording has it too. `count` is of the numbers that the mock tells. */
export const VIEWS = [
  { name: "events", label: "Events", view: EventsView, ofFile: true, count: (now) => now.all_events },
];
