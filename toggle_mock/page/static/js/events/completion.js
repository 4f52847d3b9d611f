// What may stand at the caret of a query, by the schema in force.

import { wordAt, written } from "./query_text.js";

const SHOWN = 12;

const TEXTS = {
  level: "how important it is",
  category: "what it is about",
  payload: "type of payload",
  source: "component that emitted it",
  metadata: "metadata.KEY",
  after: "from after a time",
  before: "from before a time",
  rid: "the Rodent",
  sub: "its organization",
};

/** Choices for the word at the caret, the likeliest first: `[{insert, label, note}]`, and its place. */
export function completions(text, caret, names, rids = []) {
  const word = wordAt(text, caret);
  const choices = word.key === null ? keyChoices(names) : valueChoices(word.key, names, rids);
  const wanted = word.value.replace(/^"/, "").toLowerCase();
  const found = choices
    .map((choice) => ({ choice, place: choice.label.toLowerCase().indexOf(wanted) }))
    .filter(({ choice, place }) => place >= 0 && choice.label.toLowerCase() !== wanted)
    .sort((one, other) => one.place - other.place)
    .map(({ choice }) => ({ ...choice, insert: inserted(word, choice.label) }));
  return { word, choices: found.slice(0, SHOWN) };
}

const inserted = (word, label) =>
  word.key === null ? `${word.minus}${label}:` : `${word.minus}${word.key}:${written(label)} `;

function keyChoices(names) {
  const fields = new Map();
  for (const payload of names.payloads) {
    for (const field of payload.fields) {
      if (!names.keys.includes(field.name) && !fields.has(field.name)) {
        fields.set(field.name, `${field.type} of ${payload.name}`);
      }
    }
  }
  return [
    ...names.keys.map((key) => ({ label: key, note: TEXTS[key] ?? "" })),
    ...[...fields].map(([label, note]) => ({ label, note })),
  ];
}

function valueChoices(key, names, rids) {
  const plain = (values, note = "") => values.map((label) => ({ label, note }));
  const known = {
    level: () => plain(names.levels),
    category: () => plain(names.categories),
    payload: () => names.payloads.map(({ name, category }) => ({ label: name, note: category })),
    rid: () => plain(rids, "has connected"),
  };
  if (known[key]) return known[key]();
  const name = key.replace(/^payload\./, "").replace(/\?$/, "");
  const fields = names.payloads.flatMap((payload) =>
    payload.fields.filter((field) => field.name === name).map((field) => ({ field, payload })),
  );
  const values = new Map();
  for (const { field, payload } of fields) {
    const said = field.type.endsWith("bool") ? ["true", "false"] : field.values;
    for (const value of said) if (!values.has(value)) values.set(value, payload.name);
  }
  return [...values].map(([label, note]) => ({ label, note }));
}
