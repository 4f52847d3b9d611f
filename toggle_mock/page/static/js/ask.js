// What an endpoint says, for as long as a view shows it.

import { get } from "./api.js";
import { useCallback, useEffect, useState } from "./lib.js";
import { toast } from "./toast.js";

/**
 * `[answer, again]`: the answer is null until it is known; it is asked for again when something in
 * `when` is another, and by `again()`. Without a path nothing is asked.
 */
export function useAnswer(path, parameters, when = []) {
  const [answer, setAnswer] = useState(null);
  const [count, setCount] = useState(0);
  useEffect(() => {
    if (!path) {
      setAnswer(null);
      return undefined;
    }
    let current = true;
    get(path, parameters).then(
      (said) => current && setAnswer(said),
      // Of a server that is gone the frame tells; it asks again when that is back.
      (error) => current && error.status && toast(error.message),
    );
    return () => {
      current = false;
    };
  }, [path, count, ...when]);
  return [answer, useCallback(() => setCount((before) => before + 1), [])];
}
