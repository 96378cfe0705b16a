/* What can be done to an incident in PagerDuty's own interface, as one of its people. */

import { html, usePage, useState } from "../html.js";
import { Menu } from "../menu.js";

export function Actions({ incident, as }) {
  const { act, state } = usePage();
  const [note, setNote] = useState(null);
  const doIt = (action, more = {}) => act("pagerduty/act", { as, incident: incident.number, action, ...more });
  const { people, escalation_policies: policies, priorities } = state.pagerduty;
  const isOpen = incident.status !== "resolved";
  const levels = policies.find((each) => each.name.startsWith(incident.service))?.levels.length ?? 1;
  const items = {
    reassign: people.map((each) => ({ label: each.name, choose: () => doIt("reassign", { to: [each.id] }) })),
    more: more({ incident, doIt, priorities, levels }),
  };
  const send = async (event) => {
    event.preventDefault();
    if (note.trim() && (await doIt("note", { text: note }))) setNote(null);
  };
  return html`<div class="pd-actions">
    ${incident.status === "triggered" && html`<button type="button" class="pd-button strong" onClick=${() => doIt("acknowledge")}>Acknowledge</button>`}
    ${isOpen && html`<button type="button" class="pd-button" onClick=${() => doIt("resolve")}>Resolve</button>`}
    ${!isOpen && html`<button type="button" class="pd-button" onClick=${() => doIt("reopen")}>Reopen</button>`}
    ${isOpen && html`<${Menu} class="pd-button" label="Reassign" items=${items.reassign}>Reassign ▾<//>`}
    <button type="button" class="pd-button" aria-expanded=${note !== null} onClick=${() => setNote(note === null ? "" : null)}>Add note</button>
    ${isOpen && html`<${Menu} class="pd-button" label="More actions" items=${items.more}>More ▾<//>`}
    ${note !== null &&
    html`<form class="pd-note" onSubmit=${send}>
      <input class="field" aria-label="Note" placeholder="Note" value=${note} ref=${(box) => box?.focus()} onInput=${(event) => setNote(event.target.value)} />
      <button type="submit" class="pd-button strong" disabled=${!note.trim()}>Add</button>
    </form>`}
  </div>`;
}

function more({ incident, doIt, priorities, levels }) {
  const low = incident.urgency === "low";
  return [
    incident.level < levels && !low && { label: `Escalate to level ${incident.level + 1}`, choose: () => doIt("escalate") },
    incident.status === "acknowledged" && { label: "Snooze for 1 hour", choose: () => doIt("snooze", { seconds: 3600 }) },
    incident.status === "acknowledged" && { label: "Unacknowledge", note: "as when its time runs out", choose: () => doIt("unacknowledge") },
    { label: low ? "Urgency: high" : "Urgency: low", choose: () => doIt("urgency", { urgency: low ? "high" : "low" }) },
    ...priorities.map((name) => ({ label: `Priority: ${name}`, checked: incident.priority === name, choose: () => doIt("priority", { priority: name }) })),
  ].filter(Boolean);
}
