/* What can be broken, what ought to happen then, and whether it did. */

import { classes, html, usePage } from "../html.js";
import { Verdict } from "./verdict.js";

export function Breaks() {
  const { state } = usePage();
  const groups = [...new Set((state.breaks ?? []).map((each) => each.group))];
  return html`<div class="breaks">
    ${groups.map((group) => html`<section>
      <h3>${group}</h3>
      <ul>${state.breaks.filter((each) => each.group === group).map((each) => html`<${Break} key=${each.id} it=${each} />`)}</ul>
    </section>`)}
    ${groups.length === 0 && html`<p class="empty">Nothing can be broken here.</p>`}
  </div>`;
}

function Break({ it }) {
  const { act } = usePage();
  const id = `break-${it.id}`;
  const turn = () => act("breaks", { id: it.id, on: !it.on });
  return html`<li class=${classes("break", it.on && "on")} data-break=${it.id}>
    <div class="break-line">
      <b id=${id}>${it.label}</b>
      ${it.kind === "switch"
        ? html`<button type="button" class="switch" role="switch" aria-checked=${it.on} aria-labelledby=${id} onClick=${turn}><i></i></button>`
        : html`<button type="button" class="pd-button" aria-describedby=${id} onClick=${() => act("breaks", { id: it.id, on: true })}>Do it</button>`}
    </div>
    <small>${it.expect}</small>
    ${it.verdict && html`<p role="status"><${Verdict} state=${it.verdict.state} text=${it.verdict.text} /></p>`}
  </li>`;
}
