// Faults: what is in force, the outage as one switch, faults to add, scenarios to run.

import { post, remove } from "../api.js";
import { useAnswer } from "../ask.js";
import { html, useEffect, useRef, useState } from "../lib.js";
import { attempt } from "../toast.js";
import { FAULTS, SCENARIOS } from "./presets.js";
import { run, STATES, stepsOf } from "./scenario.js";

const written = (data) => JSON.stringify(data, null, 1).replace(/\n\s*/g, " ");
const isOutage = ({ spec }) => /^\{'outage'/.test(spec);

const Outage = ({ fault, onBegin, onEnd, readOnly }) => html`<section class="panel" aria-label="Outage">
  <div class="inside switch-outage bar">
    <button
      type="button"
      role="switch"
      aria-checked=${fault ? "true" : "false"}
      class="button ${fault ? "danger" : "strong"}"
      disabled=${readOnly}
      onClick=${fault ? onEnd : onBegin}
    >${fault ? "End the outage" : "Begin an outage"}</button>
    <span>${fault ? "The mock is gone for all Rodents: connections end, and new ones are refused." : "Connections end and new ones are refused, until it is ended."}</span>
  </div>
</section>`;

function InForce({ said, readOnly, onHeal, onHealAll }) {
  const asked = Object.entries(said?.faults ?? {});
  const known = asked.map(([, one]) => one.spec);
  const others = (said?.in_force ?? []).filter((spec) => !known.includes(spec));
  return html`<section class="panel" aria-label="In force">
    <header><h2>In force</h2><button type="button" class="button small" disabled=${readOnly || (!asked.length && !others.length)} onClick=${onHealAll}>Heal all</button></header>
    <div class="scroll" tabindex="0"><table>
      <thead><tr><th>fault</th><th class="number">outcomes left</th><th><span class="unseen">actions</span></th></tr></thead>
      <tbody>
        ${asked.map(([id, one]) => html`<tr key=${id}>
          <td class="mono">${one.spec}</td>
          <td class="number">${one.remaining ?? "no end"}</td>
          <td><button type="button" class="button small" aria-label="Heal ${one.spec}" disabled=${readOnly} onClick=${() => onHeal(id)}>Heal</button></td>
        </tr>`)}
        ${others.map((spec) => html`<tr><td class="mono">${spec}</td><td class="number"></td><td class="muted">of a test, or of the start</td></tr>`)}
      </tbody>
    </table></div>
    ${said && !asked.length && !others.length && html`<p class="nothing">All is well.</p>`}
  </section>`;
}

function AddFault({ onAdd }) {
  const [text, setText] = useState(written(FAULTS[0][1]));
  const [problem, setProblem] = useState("");
  const add = async (event) => {
    event.preventDefault();
    try {
      await onAdd(JSON.parse(text));
      setProblem("");
    } catch (error) {
      setProblem(error.message);
    }
  };
  return html`<section class="panel" aria-label="Add a fault">
    <h2>Add a fault</h2>
    <form class="inside" onSubmit=${add}>
      <label class="field"><span>To begin with</span><select onChange=${(event) => setText(written(FAULTS[event.target.value][1]))}>
        ${FAULTS.map(([label], index) => html`<option value=${index}>${label}</option>`)}
      </select></label>
      <label class="field"><span>The fault, as JSON</span><textarea rows="3" value=${text} aria-invalid=${problem ? "true" : "false"} onInput=${(event) => setText(event.target.value)}></textarea></label>
      ${problem && html`<p class="problem" role="alert">${problem}</p>`}
      <div><button class="button strong">Put in force</button></div>
    </form>
  </section>`;
}

const Step = ({ step }) => html`<tr>
  <td class="number">${step.at} s</td>
  <td class="number">${step.duration === null ? "for good" : `${step.duration} s`}</td>
  <td class="mono">${written(step.fault)}</td>
  <td><span class="tag ${step.state === STATES.inForce || step.state === STATES.failed ? "bad" : step.state === STATES.healed ? "good" : ""}">${step.state}</span> ${step.problem}</td>
</tr>`;

function Scenario({ session, again }) {
  const [text, setText] = useState(JSON.stringify(SCENARIOS[0][1], null, 1));
  const [steps, setSteps] = useState([]);
  const [problem, setProblem] = useState("");
  const stop = useRef(null);
  useEffect(() => () => stop.current?.(), []);
  const start = async (event) => {
    event.preventDefault();
    await stop.current?.();
    try {
      const parsed = stepsOf(JSON.parse(text));
      setProblem("");
      stop.current = run(parsed, session, (now) => {
        setSteps(now);
        again();
      });
    } catch (error) {
      setProblem(error.message);
    }
  };
  return html`<section class="panel" aria-label="Scenario">
    <h2>Scenario</h2>
    <form class="inside" onSubmit=${start}>
      <label class="field"><span>To begin with</span><select onChange=${(event) => setText(JSON.stringify(SCENARIOS[event.target.value][1], null, 1))}>
        ${SCENARIOS.map(([label], index) => html`<option value=${index}>${label}</option>`)}
      </select></label>
      <label class="field"><span>Steps, as JSON: at and for in seconds</span><textarea rows="6" value=${text} onInput=${(event) => setText(event.target.value)}></textarea></label>
      ${problem && html`<p class="problem" role="alert">${problem}</p>`}
      <div class="bar">
        <button class="button strong">Run it</button>
        <button type="button" class="button" disabled=${!steps.length} onClick=${() => stop.current?.().then(again)}>Stop and heal</button>
        <span class="muted">It runs as long as this tab is open.</span>
      </div>
    </form>
    ${steps.length > 0 && html`<div class="scroll" tabindex="0"><table><thead><tr><th class="number">at</th><th class="number">for</th><th>fault</th><th>state</th></tr></thead><tbody>${steps.map((step) => html`<${Step} step=${step} />`)}</tbody></table></div>`}
  </section>`;
}

export function FaultsView({ route, live, readOnly }) {
  const { session } = route;
  const numbers = live.numbers ?? {};
  const [said, again] = useAnswer("/faults", { session }, [session, live.generation, numbers.faults, numbers.calls]);
  const change = (action) => attempt(action).then(again);
  const add = async (fault) => {
    await post("/faults", { session }, fault);
    again();
  };
  const outage = Object.entries(said?.faults ?? {}).find(([, one]) => isOutage(one));
  return html`<div class="panels two" tabindex="0" role="region" aria-label="Faults">
    <div class="panels-column">
      <${Outage}
        fault=${outage}
        readOnly=${readOnly}
        onBegin=${() => change(() => post("/faults", { session }, { outage: {} }))}
        onEnd=${() => change(() => remove(`/faults/${outage[0]}`, { session }))}
      />
      <${InForce}
        said=${said}
        readOnly=${readOnly}
        onHeal=${(id) => change(() => remove(`/faults/${id}`, { session }))}
        onHealAll=${() => change(() => remove("/faults", { session }))}
      />
    </div>
    ${!readOnly && html`<div class="panels-column"><${AddFault} onAdd=${add} /><${Scenario} session=${session} again=${again} /></div>`}
  </div>`;
}
