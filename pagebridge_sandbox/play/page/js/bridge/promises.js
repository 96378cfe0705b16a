/* What has to hold all the time, judged by what the simulators log. */

import { html, usePage } from "../html.js";
import { Verdict } from "./verdict.js";

export function Promises() {
  const { state } = usePage();
  return html`<div class="promises" tabindex="0" role="region" aria-label="What holds"><ul>
    ${state.invariants.map((each) => html`<li key=${each.id} data-invariant=${each.id} data-state=${each.state}>
      <b>${each.text}</b><${Verdict} state=${each.state} text=${each.detail} />
    </li>`)}
  </ul></div>`;
}

/* The label of its tab says at once whether all of it holds. */
export function PromisesLabel() {
  const { state } = usePage();
  const broken = state.invariants.filter((each) => each.state === "broken").length;
  return html`What holds <span class=${broken ? "badge broken" : "badge"}>${broken ? `${broken} broken` : "✓"}</span>`;
}
