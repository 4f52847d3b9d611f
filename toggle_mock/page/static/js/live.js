// Follows the mock: what there is in numbers, and whether it is still there.

import { ApiError, get, url } from "./api.js";
import { useEffect, useState } from "./lib.js";

// The mock says something each five seconds at least.
const SILENCE = 12_000;
const PAUSES = [500, 1000, 2000, 4000];

const UNKNOWN = { numbers: null, state: "connecting", generation: 0 };

/**
 * `{numbers, state, generation}`: state is "connecting", "live" or "lost"; the generation is
 * another one whenever what was known before may be another recording's. `problem` is why the mock
 * refuses to tell, such as that there is no such session.
 */
export function useNumbers(session, query) {
  const [seen, setSeen] = useState(UNKNOWN);
  useEffect(() => {
    setSeen((before) => (before === UNKNOWN ? before : { ...UNKNOWN, generation: before.generation + 1 }));
    return follow({ session, query }, setSeen);
  }, [session, query]);
  return seen;
}

function follow(parameters, setSeen) {
  let source;
  let timer;
  let failures = 0;
  let closed = false;

  const told = (message) => {
    const numbers = JSON.parse(message.data);
    clearTimeout(timer);
    timer = setTimeout(lost, SILENCE);
    const returned = failures > 0;
    failures = 0;
    setSeen((before) => {
      const anew = returned || (before.numbers && before.numbers.epoch !== numbers.epoch);
      return { numbers, state: "live", generation: before.generation + (anew ? 1 : 0) };
    });
  };

  const lost = () => {
    source?.close();
    clearTimeout(timer);
    const pause = PAUSES[Math.min(failures, PAUSES.length - 1)];
    failures += 1;
    setSeen((before) => ({ ...before, state: "lost" }));
    timer = setTimeout(connect, pause);
  };

  // A stream cannot tell why it is refused, so that is asked before.
  const connect = async () => {
    try {
      const { mistake } = await get("/query", parameters);
      if (closed || mistake) return closed || refused(""); // the query box tells of the mistake
    } catch (error) {
      if (closed) return undefined;
      return error instanceof ApiError && error.status < 500 ? refused(error.message) : lost();
    }
    source = new EventSource(url("/changes", parameters));
    source.onmessage = told;
    source.onerror = lost;
    return undefined;
  };

  const refused = (problem) => setSeen((before) => ({ ...before, state: "live", problem }));

  connect();
  return () => {
    closed = true;
    clearTimeout(timer);
    source?.close();
  };
}
