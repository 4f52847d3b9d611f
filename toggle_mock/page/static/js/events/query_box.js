// The query box: completion, the mistake under its word, queries of before, copies for elsewhere.

import { get } from "../api.js";
import { CopyButton } from "../copy.js";
import { useKept } from "../kept.js";
import { html, useEffect, useRef, useState } from "../lib.js";
import { completions } from "./completion.js";
import { asCurl, asPytest } from "./query_text.js";

const RECENT = 20;
const PATIENCE = 150;

/** What is wrong with a text, asked of the mock: `undefined` until it is known. */
function useMistake(text, session) {
  const [found, setFound] = useState({ text: "", mistake: null });
  useEffect(() => {
    const timer = setTimeout(async () => {
      try {
        const { mistake } = await get("/query", { query: text, session });
        setFound({ text, mistake });
      } catch (error) {
        setFound({ text, mistake: { error: error.message, start: 0, end: 0 } });
      }
    }, PATIENCE);
    return () => clearTimeout(timer);
  }, [text, session]);
  return found.text === text ? found.mistake : undefined;
}

// The mock counts characters, JavaScript halves of some.
const Mirror = ({ text, mistake, scroll }) => {
  const letters = Array.from(text);
  const part = (from, to) => letters.slice(from, to).join("");
  const end = Math.max(mistake.end, mistake.start + 1);
  return html`<div class="mirror" aria-hidden="true" ref=${(box) => box && (box.scrollLeft = scroll)}>
    ${part(0, mistake.start)}<span class="wrong">${part(mistake.start, end) || " "}</span>${part(end)}
  </div>`;
};

export function QueryBox({ query, session, names, rids, onQuery, input }) {
  const [text, setText] = useState(query);
  const [open, setOpen] = useState(false);
  const [place, setPlace] = useState(-1);
  const [scroll, setScroll] = useState(0);
  const [recent, setRecent] = useKept("recent", []);
  const [saved, setSaved] = useKept("saved", []);
  const mistake = useMistake(text, session);
  const sent = useRef(query);

  useEffect(() => {
    if (query !== sent.current) setText(query);
    sent.current = query;
  }, [query]);

  // What one types is looked for as soon as it is a query.
  useEffect(() => {
    if (mistake === null && text !== sent.current) {
      sent.current = text;
      onQuery(text, { replace: true });
    }
  }, [mistake, text]);

  const caret = input.current?.selectionStart ?? text.length;
  const { word, choices } = open ? offered(text, caret, names, rids, recent, saved) : NONE;

  const remember = (asked) => {
    if (asked) setRecent([asked, ...recent.filter((one) => one !== asked)].slice(0, RECENT));
  };
  const take = (choice) => {
    const before = text.slice(0, word.start) + choice.insert;
    setText(before + text.slice(word.end).replace(/^ /, choice.insert.endsWith(" ") ? "" : " "));
    setPlace(-1);
    setOpen(!choice.whole);
    if (choice.whole) remember(choice.insert);
    requestAnimationFrame(() => {
      input.current.focus();
      input.current.setSelectionRange(before.length, before.length);
    });
  };
  const keys = {
    ArrowDown: () => (open ? setPlace(Math.min(choices.length - 1, place + 1)) : setOpen(true)),
    ArrowUp: () => setPlace(Math.max(-1, place - 1)),
    Tab: () => choices.length > 0 && place >= 0 && take(choices[place]),
    Enter: () => {
      if (open && place >= 0 && choices[place]) return take(choices[place]);
      setOpen(false);
      remember(text.trim());
      if (mistake === null) onQuery(text);
      return true;
    },
    Escape: () => (open && choices.length ? setOpen(false) : input.current.blur()),
  };
  const pressed = (event) => {
    if (event.key === "Tab" && !(open && place >= 0)) return setOpen(false);
    if (!keys[event.key]) return undefined;
    event.preventDefault();
    return keys[event.key]();
  };
  const isSaved = saved.includes(text);

  return html`<form class="query" role="search" onSubmit=${(event) => event.preventDefault()}>
    <div class="line">
      <div class="box">
        <input
          ref=${input}
          value=${text}
          placeholder="level:ERROR payload:transfer source:tank/*      ( / )"
          aria-label="Query"
          role="combobox"
          aria-expanded=${choices.length > 0 ? "true" : "false"}
          aria-controls="choices"
          aria-autocomplete="list"
          aria-activedescendant=${place >= 0 ? `choice-${place}` : null}
          aria-invalid=${mistake ? "true" : "false"}
          aria-describedby=${mistake ? "mistake" : null}
          autocomplete="off"
          autocapitalize="off"
          spellcheck=${false}
          onInput=${(event) => {
            setText(event.target.value);
            setOpen(true);
            setPlace(-1);
          }}
          onScroll=${(event) => setScroll(event.target.scrollLeft)}
          onFocus=${() => setOpen(true)}
          onBlur=${() => setOpen(false)}
          onKeyDown=${pressed}
        />
        ${mistake && html`<${Mirror} text=${text} mistake=${mistake} scroll=${scroll} />`}
        <ul
          class="choices"
          id="choices"
          role="listbox"
          aria-label="What may stand here"
          hidden=${choices.length === 0}
        >
          ${choices.map(
            (choice, index) => html`<li
              id="choice-${index}"
              role="option"
              aria-selected=${index === place ? "true" : "false"}
              onMouseDown=${(event) => {
                event.preventDefault();
                take(choice);
              }}
            >
              <span>${choice.label}</span><span class="muted">${choice.note}</span>
            </li>`,
          )}
        </ul>
      </div>
      <button
        type="button"
        class="button"
        aria-pressed=${isSaved ? "true" : "false"}
        aria-label=${isSaved ? "Forget this query" : "Save this query"}
        title=${isSaved ? "Forget this query" : "Save this query"}
        disabled=${!text}
        onClick=${() => setSaved(isSaved ? saved.filter((one) => one !== text) : [text, ...saved])}
      ><span aria-hidden="true">${isSaved ? "★" : "☆"}</span></button>
      <${CopyButton} class="button" label="pytest" what="the query as an assertion" title="Copy as pytest assertion" aria-label="Copy as pytest assertion" text=${() => asPytest(text)} />
      <${CopyButton} class="button" label="curl" what="the query for curl" title="Copy as curl" aria-label="Copy as curl" text=${() => asCurl(text, session)} />
    </div>
    ${mistake && html`<p class="problem" id="mistake" role="alert">${mistake.error}</p>`}
  </form>`;
}

const NONE = { word: null, choices: [] };

/** Queries of before where nothing is written yet; else what the schema has. */
function offered(text, caret, names, rids, recent, saved) {
  if (text.trim() === "") {
    const whole = (note) => (query) => ({ label: query, insert: query, note, whole: true });
    const others = recent.filter((one) => !saved.includes(one));
    const before = [...saved.map(whole("saved")), ...others.map(whole("recent"))];
    if (before.length) return { word: { start: 0, end: text.length }, choices: before.slice(0, 12) };
  }
  return names ? completions(text, caret, names, rids) : NONE;
}
