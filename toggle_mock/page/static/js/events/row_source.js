// Rows of events by their place, fetched page by page as they come into view.

import { get } from "../api.js";

const PAGE = 100;
const KEPT = 100;
const AHEAD = 50; // rows, so that most are here before they come into view

export class RowSource {
  /** `changed` is called when rows have come; `failed` with what went wrong. */
  constructor(parameters, changed, failed) {
    this.parameters = parameters;
    this.changed = changed;
    this.failed = failed;
    this.pages = new Map(); // by number, those used last behind
    this.closed = false;
  }

  /** The row at a place, if it is here; `end` is the place behind the last that there is. */
  row(place, end) {
    for (const near of [place, place - AHEAD, place + AHEAD])
      if (!this.find(near) && near >= 0) this.fetch(Math.floor(near / PAGE), end);
    return this.find(place);
  }

  find(place) {
    return this.pages.get(Math.floor(place / PAGE))?.rows[place % PAGE];
  }

  async fetch(number, end) {
    const page = this.pages.get(number) ?? { rows: [], asked: 0 };
    const wanted = Math.min(PAGE, end - number * PAGE);
    if (page.asked >= wanted) return;
    page.asked = wanted;
    this.pages.delete(number);
    this.pages.set(number, page);
    for (const oldest of [...this.pages.keys()].slice(0, -KEPT)) this.pages.delete(oldest);
    try {
      await this.fill(page, number * PAGE, wanted);
      if (!this.closed) this.changed();
    } catch (error) {
      page.asked = page.rows.length; // it is asked for again when the list is made anew for another reason
      this.failed(error);
    }
  }

  async fill(page, start, wanted) {
    const known = page.rows.length;
    const first = start + known;
    const found = await get("/events/rows", { ...this.parameters, first, count: wanted - known });
    // What was evicted is before the first that has come.
    const missing = found.first - first;
    found.rows.forEach((row, index) => {
      page.rows[known + missing + index] = row;
    });
  }

  close() {
    this.closed = true;
  }
}
