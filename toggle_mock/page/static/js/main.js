// The beginning.

import { App } from "./app.js";
import { html, render } from "./lib.js";

render(html`<${App} />`, document.getElementById("page"));
