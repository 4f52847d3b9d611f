// Levels: a sign and a colour for each, and the name beside, as colour alone says nothing to some.

import { html } from "./lib.js";

const SIGNS = {
  TRACE: "·",
  DEBUG: "○",
  INFO: "●",
  WARN: "▲",
  ERROR: "✖",
  CRITICAL: "◆",
  ESSENTIAL: "★",
};

export const Level = ({ level, ...rest }) => html`
  <span class="level level-${SIGNS[level] ? level : "other"}" ...${rest}>
    <span aria-hidden="true">${SIGNS[level] ?? "?"}</span>${level}
  </span>
`;
