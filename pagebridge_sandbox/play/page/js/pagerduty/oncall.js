/* Who is on call, policy by policy and level by level. */

import { html, usePage } from "../html.js";

export function OnCall() {
  const { state } = usePage();
  return html`<div class="pd-policies">
    ${state.pagerduty.escalation_policies.map((policy) => html`<section class="pd-policy">
      <h3>${policy.name}</h3>
      <ol>${policy.levels.map((names, place) => html`<li><b>Level ${place + 1}</b><span>${names.join(", ")}</span></li>`)}</ol>
    </section>`)}
    <section class="pd-policy">
      <h3>People</h3>
      <ul>${state.pagerduty.people.map((each) => html`<li><b>${each.name}</b><span>${each.email}</span></li>`)}</ul>
    </section>
  </div>`;
}
