// A scenario that this page runs: faults at times, each healed when its time is over.

import { post, remove } from "../api.js";

export const STATES = { waiting: "waiting", inForce: "in force", healed: "healed", done: "done", failed: "failed" };

/** Steps as they are run: `{at, duration, fault, state, problem}`, in the order of their times. */
export function stepsOf(data) {
  const listed = Array.isArray(data) ? data : data.steps;
  if (!Array.isArray(listed)) throw new Error("a scenario is a list of steps, each with at, for and a fault");
  const steps = listed.map(({ at = 0, for: duration = null, ...fault }) => {
    // Beside an outcome, `at` is the index of a call.
    const own = "outcome" in fault ? { ...fault, at } : fault;
    return { at: "outcome" in fault ? 0 : at, duration, fault: own, state: STATES.waiting, problem: "" };
  });
  return steps.sort((one, other) => one.at - other.at);
}

/** Run steps; `changed(steps)` is told of each change. Returns a function that stops and heals. */
export function run(steps, session, changed) {
  const timers = [];
  const told = () => changed([...steps]);
  const heal = async (step) => {
    if (step.id === undefined || step.state !== STATES.inForce) return;
    step.state = STATES.healed;
    told();
    await remove(`/faults/${step.id}`, { session }).catch((error) => {
      step.problem = error.status === 404 ? "" : error.message;
    });
  };
  const begin = async (step) => {
    try {
      step.id = (await post("/faults", { session }, step.fault)).fault;
      step.state = STATES.inForce;
      if (step.duration !== null) timers.push(setTimeout(() => heal(step), step.duration * 1000));
    } catch (error) {
      step.state = STATES.failed;
      step.problem = error.message;
    }
    told();
  };
  for (const step of steps) timers.push(setTimeout(() => begin(step), step.at * 1000));
  told();
  return () => {
    timers.forEach(clearTimeout);
    return Promise.all(steps.map(heal));
  };
}
