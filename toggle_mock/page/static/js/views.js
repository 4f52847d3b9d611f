// The tabs: what each is called, what it counts, what it shows.

import { CallsView } from "./calls/view.js";
import { ChartsView } from "./charts/view.js";
import { EventsView } from "./events/view.js";
import { FaultsView } from "./faults/view.js";
import { RodentsView } from "./rodents/view.js";
import { SessionsView } from "./sessions.js";

/** `ofFile`: whether a recording has it too. `count` is of the numbers that the mock tells. */
export const VIEWS = [
  { name: "events", label: "Events", view: EventsView, ofFile: true, count: (now) => now.all_events },
  { name: "calls", label: "Calls", view: CallsView, ofFile: true, count: (now) => now.calls },
  { name: "rodents", label: "Rodents", view: RodentsView, count: (now) => now.connected },
  { name: "faults", label: "Faults", view: FaultsView, count: (now) => now.faults, alarm: true },
  { name: "sessions", label: "Recordings", view: SessionsView, ofFile: true },
  { name: "charts", label: "Charts", view: ChartsView, ofFile: true },
];
