// Queries as text: words, quotes, and what they become elsewhere. docs/assertions.md has the language.

/** A value as it stands in a query: in quotes if it would mean something else without. */
export function written(value) {
  const bare = /^[^\s"():*?[\]<>=!|&{}~+-][^\s"():*?[\]]*$/.test(value);
  return bare && value !== "OR" && !value.includes("..") ? value : JSON.stringify(value);
}

/** A term for a key and a value. */
export const term = (key, value) => `${key}:${written(value)}`;

/** A query with one more term. */
export const narrowed = (query, more) =>
  !query || query.split(" ").includes(more) ? query || more : `${grouped(query)} ${more}`;

const grouped = (query) => (/\sOR\s/.test(query) && !/^\(.*\)$/.test(query) ? `(${query})` : query);

/** The word that the caret is in: `{start, end, minus, key, value}`; key is null where there is none. */
export function wordAt(text, caret) {
  let start = 0;
  let quoted = false;
  for (let place = 0; place < caret; place += 1) {
    if (text[place] === '"' && text[place - 1] !== "\\") quoted = !quoted;
    else if (!quoted && /[\s()]/.test(text[place])) start = place + 1;
  }
  const rest = /^[^\s()]*/.exec(text.slice(caret))[0];
  const word = text.slice(start, caret);
  const minus = word.startsWith("-") ? "-" : "";
  const colon = word.indexOf(":");
  const key = colon < 0 ? null : word.slice(minus.length, colon);
  const value = colon < 0 ? word.slice(minus.length) : word.slice(colon + 1);
  return { start, end: caret + rest.length, minus, key, value };
}

/** The same as an assertion in a test with pytest. */
export function asPytest(query) {
  const matcher = query ? pythonText(query) : "";
  return `def test_it_arrives(toggle_server):\n    toggle_server.assert_received(${matcher})\n`;
}

/** The same as a question to this mock, on the command line. */
export function asCurl(query, session) {
  const data = { ...(query ? { query } : {}), ...(session ? { session } : {}) };
  const said = Object.entries(data).map(([key, value]) => ` \\\n  --data-urlencode ${shellText(`${key}=${value}`)}`);
  return `curl --silent --show-error --fail-with-body --get ${shellText(`${location.origin}/api/v1/events`)}${said.join("")}\n`;
}

const shellText = (text) => `'${text.replaceAll("'", "'\\''")}'`;

// JSON's escapes are Python's too, but for surrogates, which stay as they are.
const pythonText = (text) => JSON.stringify(text);
