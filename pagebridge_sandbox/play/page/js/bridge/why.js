/* What `pagebridge why` says of an incident. */

import { html, useEffect, usePage, useState } from "../html.js";
import { post } from "../server.js";

export function Why() {
  const { change, state, view } = usePage();
  const numbers = state.pagerduty.incidents.map((each) => each.number).reverse();
  const number = view.incident ?? numbers[0];
  const [text, setText] = useState("");
  const last = state.hops.filter((hop) => hop.incident === number).at(-1)?.id;
  const ask = () => {
    let stale = false;
    const show = (words) => stale || setText(words);
    if (number) post("why", { incident: number }).then((answer) => show(answer.text), (error) => show(error.message));
    return () => {
      stale = true;
    };
  };
  useEffect(ask, [number, last]);
  if (!number) return html`<p class="empty">There is no incident yet.</p>`;
  return html`<div class="why">
    <div class="hop-filter">
      <label>Incident <select value=${number} onChange=${(event) => change({ incident: Number(event.target.value) })}>
        ${numbers.map((each) => html`<option value=${each}>#${each}</option>`)}
      </select></label>
      <code>pagebridge why ${number}</code>
      <button type="button" class="bar-button" onClick=${ask}>Ask again</button>
    </div>
    <div class="why-text" tabindex="0" role="region" aria-label="Answer" aria-busy=${!text}>
      ${(text || "Asking …").split("\n").map((line) => html`<pre class=${/^\d{4}-/.test(line) ? "timed" : ""}>${line || " "}</pre>`)}
    </div>
  </div>`;
}
