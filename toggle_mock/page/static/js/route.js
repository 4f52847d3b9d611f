// What is shown stands in the URL, so that it can be kept, sent and gone back to.

import { useCallback, useEffect, useState } from "./lib.js";

const read = () => Object.fromEntries(new URLSearchParams(location.search));

const written = (route) => {
  const said = Object.entries(route).filter(([, value]) => value != null && value !== "");
  const text = new URLSearchParams(said).toString();
  return text ? `?${text}` : location.pathname;
};

/** The address of what is shown with some changes, for a link. */
export const hrefOf = (route, changes) => written({ ...route, ...changes });

/**
 * What the URL says, and a function that changes it; with `replace`, without a step in the history.
 */
export function useRoute() {
  const [route, setRoute] = useState(read);
  useEffect(() => {
    const back = () => setRoute(read());
    addEventListener("popstate", back);
    return () => removeEventListener("popstate", back);
  }, []);
  const go = useCallback((changes, { replace = false } = {}) => {
    const next = { ...read(), ...changes };
    history[replace ? "replaceState" : "pushState"](null, "", written(next));
    setRoute(read());
  }, []);
  return [route, go];
}
