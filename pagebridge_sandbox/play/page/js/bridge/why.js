/* What `pagebridge why` says of an incident. */

import { html, useEffect, useMemo, usePage, useState } from "../html.js";
import { post } from "../server.js";

export function Why() {
  const { change, state, view } = usePage();
  const numbers = state.pagerduty.incidents.map((each) => each.number).reverse();
  const number = view.incident ?? numbers[0];
  const [answer, setAnswer] = useState({});
  const ask = useMemo(() => oneAtATime(setAnswer), []);
  const text = answer.number === number ? answer.text : "";
  const last = state.hops.filter((hop) => hop.incident === number && !hop.read).at(-1)?.id;
  useEffect(() => {
    if (number) ask(number);
  }, [number, last]);
  if (!number) return html`<p class="empty">There is no incident yet.</p>`;
  return html`<div class="why">
    <div class="hop-filter">
      <label>Incident <select value=${number} onChange=${(event) => change({ incident: Number(event.target.value) })}>
        ${numbers.map((each) => html`<option value=${each}>#${each}</option>`)}
      </select></label>
      <code>pagebridge why ${number}</code>
      <button type="button" class="bar-button" onClick=${() => ask(number)}>Ask again</button>
    </div>
    <div class="why-text" tabindex="0" role="region" aria-label="Answer" aria-busy=${!text}>
      ${(text || "Asking …").split("\n").map((line) => html`<pre class=${/^\d{4}-/.test(line) ? "timed" : ""}>${line || " "}</pre>`)}
    </div>
  </div>`;
}

/* Every question starts a process. Of those that come meanwhile, only the newest is asked afterwards. */
function oneAtATime(show) {
  let asking = false;
  let next;
  return async (wanted) => {
    next = wanted;
    if (asking) return;
    asking = true;
    while (next) {
      const number = next;
      next = undefined;
      const text = await post("why", { incident: number }).then((answer) => answer.text, (error) => error.message);
      show({ number, text });
    }
    asking = false;
  };
}
