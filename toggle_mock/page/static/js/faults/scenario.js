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
  let stopped = false;
  const told = () => changed([...steps]);
  // Once for each step; what is shown as healed is so at the mock.
  const heal = (step) => {
    if (step.state === STATES.inForce) step.healing ??= ended(step);
    return step.healing;
  };
  const ended = async (step) => {
    try {
      await remove(`/faults/${step.id}`, { session });
      step.state = STATES.healed;
    } catch (error) {
      if (error.status === 404) step.state = STATES.healed; // somebody else has healed it
      else Object.assign(step, { problem: error.message, healing: undefined });
    }
    told();
  };
  const begin = async (step) => {
    try {
      step.id = (await post("/faults", { session }, step.fault)).fault;
      step.state = STATES.inForce;
      if (stopped) await heal(step);
      else if (step.duration !== null) timers.push(setTimeout(() => heal(step), step.duration * 1000));
    } catch (error) {
      step.state = STATES.failed;
      step.problem = error.message;
    }
    told();
  };
  for (const step of steps) timers.push(setTimeout(() => begin(step), step.at * 1000));
  told();
  return () => {
    stopped = true;
    timers.forEach(clearTimeout);
    return Promise.all(steps.map(heal));
  };
}
