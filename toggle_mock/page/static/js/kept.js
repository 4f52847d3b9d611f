// What is remembered in this browser: theme, order, queries.

import { useState } from "./lib.js";

const PREFIX = "toggle-mock.";

export function recall(name, fallback) {
  try {
    return JSON.parse(localStorage.getItem(PREFIX + name)) ?? fallback;
  } catch {
    return fallback; // kept by another version, or nothing may be kept here
  }
}

export function keep(name, value) {
  try {
    localStorage.setItem(PREFIX + name, JSON.stringify(value));
  } catch {
    // Nothing may be kept in a private window: it is remembered until the page is closed.
  }
}

/** Like useState, of something that is remembered. */
export function useKept(name, fallback) {
  const [value, setValue] = useState(() => recall(name, fallback));
  const set = (next) => {
    setValue(next);
    keep(name, next);
  };
  return [value, set];
}
