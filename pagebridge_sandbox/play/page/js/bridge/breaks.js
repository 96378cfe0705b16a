/* What can be broken, what ought to happen then, and whether it did; and what has to hold all the time. */

import { classes, html, usePage } from "../html.js";

export function Breaks() {
  const { state } = usePage();
  const groups = [...new Set((state.breaks ?? []).map((each) => each.group))];
  return html`<div class="breaks">
    <${Invariants} />
    ${groups.map((group) => html`<section>
      <h3>${group}</h3>
      <ul>${state.breaks.filter((each) => each.group === group).map((each) => html`<${Break} key=${each.id} it=${each} />`)}</ul>
    </section>`)}
    ${groups.length === 0 && html`<p class="empty">Nothing can be broken here.</p>`}
  </div>`;
}

const STATES = { held: ["✓", "held"], broken: ["✗", "broken"], idle: ["–", "nothing yet"], waiting: ["…", "waiting"] };

function Invariants() {
  const { state } = usePage();
  if (!state.invariants?.length) return null;
  return html`<section aria-live="polite" class="invariants">
    <h3>What always holds</h3>
    <ul>${state.invariants.map((each) => html`<li class=${`verdict ${each.state}`} data-invariant=${each.id}>
      <i aria-hidden="true">${STATES[each.state]?.[0]}</i>
      <span><b>${each.text}</b><small>${STATES[each.state]?.[1]}${each.detail && `: ${each.detail}`}</small></span>
    </li>`)}</ul>
  </section>`;
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
    ${it.verdict && html`<p class=${`verdict ${it.verdict.state}`} role="status"><i aria-hidden="true">${STATES[it.verdict.state]?.[0]}</i><span><b>${STATES[it.verdict.state]?.[1]}</b> ${it.verdict.text}</span></p>`}
  </li>`;
}
