/* PagerDuty: incidents, who is on call, and webhooks; used as any of its people. */

import { html, usePage, useState } from "../html.js";
import { Menu } from "../menu.js";
import { Incidents } from "./incidents.js";
import { OnCall } from "./oncall.js";
import { Webhooks } from "./webhooks.js";

const PARTS = { incidents: ["Incidents", Incidents], oncall: ["On call", OnCall], webhooks: ["Webhooks", Webhooks] };

export function PagerDuty() {
  const { act, change, state } = usePage();
  const [part, setPart] = useState("incidents");
  const people = state.pagerduty.people;
  const [as, setAs] = useState(people[0].id);
  const Part = PARTS[part][1];
  const trigger = (alert) => async () => {
    const answer = await act("pagerduty/trigger", { alert: alert.id });
    if (answer?.incident) change({ incident: answer.incident });
    setPart("incidents");
  };
  const alerts = (state.pagerduty.alerts ?? []).map((each) => ({ label: each.label, note: each.service, choose: trigger(each) }));
  return html`<div class="pagerduty">
    <div class="pd-bar">
      <nav aria-label="PagerDuty">
        ${Object.entries(PARTS).map(([id, [label]]) => html`<button type="button" aria-current=${id === part ? "page" : undefined} onClick=${() => setPart(id)}>${label}</button>`)}
      </nav>
      <label class="pd-as">as <select value=${as} onChange=${(event) => setAs(event.target.value)}>
        ${people.map((each) => html`<option value=${each.id}>${each.name}</option>`)}
      </select></label>
      <${Menu} class="pd-new" label="New incident" items=${alerts}>+ New<span class="long"> incident</span><//>
    </div>
    <div class="pd-part"><${Part} as=${as} /></div>
  </div>`;
}
