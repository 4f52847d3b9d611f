// The frame of the page: tabs, what is told of the server, and the view that is chosen.

import { useAnswer } from "./ask.js";
import { CopyButton } from "./copy.js";
import { EventsView } from "./events/view.js";
import { FirstLook } from "./first_look.js";
import { KeysHelp, useKeys } from "./keyboard.js";
import { html, useEffect, useRef, useState } from "./lib.js";
import { useNumbers } from "./live.js";
import { hrefOf, useRoute } from "./route.js";
import { ThemeButton } from "./theme.js";
import { Toast } from "./toast.js";
import { VIEWS } from "./views.js";

const ICON = new URL("../icon.svg", import.meta.url).href;

const Status = ({ live, info }) => {
  const texts = { live: "live", lost: "gone", connecting: "connecting" };
  return html`<div class="status">
    ${info && !info.file && html`<span class="address mono">${info.address}</span><${CopyButton} class="button bare small address" label="copy" what="the address" aria-label="Copy the address" text=${info.address} />`}
    ${info?.file && html`<span class="address mono">${info.file}</span>`}
    <span class="dot ${live.state}" aria-hidden="true"></span>
    <span role="status">${info?.file && live.state === "live" ? "file" : texts[live.state]}</span>
  </div>`;
};

const Tabs = ({ views, route, go, numbers }) => html`<nav class="tabs" aria-label="Views">
  ${views.map((view) => {
    const count = numbers && view.count?.(numbers);
    const current = view.name === (route.view ?? "events");
    return html`<a
      href=${hrefOf(route, { view: view.name })}
      aria-current=${current ? "page" : null}
      onClick=${(event) => {
        event.preventDefault();
        go({ view: view.name });
      }}
      >${view.label}${count > 0 && html`<span class="count ${view.alarm ? "alarm" : ""}">${count.toLocaleString("en")}</span>`}</a
    >`;
  })}
</nav>`;

export function App() {
  const [route, go] = useRoute();
  const [help, setHelp] = useState(false);
  const input = useRef(null);
  const live = useNumbers(route.session, route.query);
  const [info] = useAnswer("/info", {}, [live.generation]);
  const [names] = useAnswer("/schema", { session: route.session }, [route.session, live.generation]);
  const [known] = useAnswer("/rodents", { session: route.session }, [route.session, live.numbers?.connected]);
  const rids = (known?.rodents ?? []).map((one) => one.rid);
  const views = VIEWS.filter((view) => !info?.file || view.ofFile);
  const view = views.find((one) => one.name === route.view) ?? views[0];
  const readOnly = info?.page === "read-only" || Boolean(info?.file);

  useEffect(() => {
    const count = live.numbers?.all_events;
    document.title = `${count ? `(${count.toLocaleString("en")}) ` : ""}${info?.file ?? "Toggle mock"}`;
  }, [live.numbers?.all_events, info]);

  useKeys({
    "/": () => {
      if (view.name !== "events") go({ view: "events" });
      requestAnimationFrame(() => input.current?.select());
    },
    "?": () => setHelp(true),
    ...Object.fromEntries(views.map((one, index) => [String(index + 1), () => go({ view: one.name })])),
  });

  const shared = { route, go, live, info, names, rids, input, readOnly };
  const isEmpty = live.numbers?.all_events === 0 && live.numbers.calls === 0 && !route.query;
  return html`<div class="shell">
    <header class="head">
      <h1 class="brand"><img src=${ICON} alt="" /><span>Toggle mock</span></h1>
      <${Tabs} views=${views} route=${{ ...route, view: view.name }} go=${go} numbers=${live.numbers} />
      <span class="spring"></span>
      ${route.session && html`<button type="button" class="button small" title="Show all of the mock again" onClick=${() => go({ session: null, event: null, call: null })}>One session only ✕</button>`}
      <${Status} live=${live} info=${info} />
      <${ThemeButton} />
      <button type="button" class="button bare" aria-label="Keys" title="Keys (?)" onClick=${() => setHelp(true)}>?</button>
    </header>
    ${live.state === "lost" && html`<p class="banner" role="alert">The mock is gone; it is looked for, and this page goes on when it is back.</p>`}
    ${live.numbers && !live.numbers.ready && info && !info.file && live.state === "live" && html`<p class="banner" role="alert">The mock answers no calls now: an outage is in force, or it cannot record.</p>`}
    ${live.problem && html`<p class="banner" role="alert">${live.problem}</p>`}
    <main class="main">
      ${view.name === "events" && isEmpty && info && !info.file
        ? html`<${FirstLook} info=${info} session=${route.session} readOnly=${readOnly} />`
        : view.name === "events"
          ? html`<${EventsView} ...${shared} />`
          : html`<${view.view} ...${shared} />`}
    </main>
    ${help && html`<${KeysHelp} onClose=${() => setHelp(false)} />`}
    <${Toast} />
  </div>`;
}
