/* The incidents, the newest first, and below the chosen one what is known of it and what can be done. */

import { classes, html, useEffect, usePage, useState } from "../html.js";
import { ago, clockOf } from "../time.js";
import { Actions } from "./actions.js";

const AGAIN_AFTER = 10_000; // milliseconds after which it is told anew how long ago something was

export function Incidents({ as }) {
  const { change, state, view } = usePage();
  const [all, setAll] = useState(true);
  const [, setNow] = useState(0);
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), AGAIN_AFTER);
    return () => clearInterval(timer);
  }, []);
  const { incidents, older } = state.pagerduty;
  const open = incidents.filter((each) => each.status !== "resolved");
  const shown = [...(all ? incidents : open)].reverse();
  const counts = ["triggered", "acknowledged", "resolved"].map((status) => [status, incidents.filter((each) => each.status === status).length]);
  return html`
    <div class="pd-filter">
      ${counts.map(([status, count]) => html`<span class=${`pd-count ${status}`}><b>${count}</b> ${status}</span>`)}
      <label><input type="checkbox" checked=${!all} onChange=${(event) => setAll(!event.target.checked)} /> open only</label>
    </div>
    ${shown.length === 0 && html`<p class="empty">No incidents. Press <b>+ New incident</b>: monitoring reports one.</p>`}
    <ul class="pd-list">
      ${shown.map((incident) => {
        const isOpen = view.incident === incident.number;
        return html`<li key=${incident.id} class=${classes("pd-incident", isOpen && "open")}>
          <${Row} incident=${incident} isOpen=${isOpen} turn=${() => change({ incident: isOpen ? null : incident.number })} />
          ${isOpen && html`<${Details} incident=${incident} as=${as} />`}
        </li>`;
      })}
    </ul>
    ${older > 0 && html`<p class="empty">${older} older incidents are not shown.</p>`}
  `;
}

const WORDS = { triggered: "Triggered", acknowledged: "Acknowledged", resolved: "Resolved" };

function Row({ incident, isOpen, turn }) {
  return html`<button type="button" class="pd-row" aria-expanded=${isOpen} data-incident=${incident.number} onClick=${turn}>
    <span class=${`pd-status ${incident.status}`}>${WORDS[incident.status]}</span>
    <span class="pd-title">
      <span><i class="pd-number">#${incident.number}</i> <bdi>${incident.title}</bdi></span>
      <small>${incident.service} · ${incident.assignees.length ? incident.assignees.join(", ") : "nobody"} · ${ago(incident.created_at)}</small>
    </span>
    <span class="pd-marks">
      ${incident.priority && html`<span class=${`pd-priority ${incident.priority}`}>${incident.priority}</span>`}
      <span class=${`pd-urgency ${incident.urgency}`}>${incident.urgency === "high" ? "High" : "Low"}</span>
    </span>
  </button>`;
}

function Details({ incident, as }) {
  const [part, setPart] = useState("log");
  const facts = [
    ["Assigned to", incident.assignees.join(", ") || "nobody"],
    ["Level", incident.level],
    ["Urgency", incident.urgency],
    incident.snoozed_until && ["Snoozed until", clockOf(incident.snoozed_until)],
    incident.acknowledged_until && !incident.snoozed_until && ["Acknowledged until", clockOf(incident.acknowledged_until)],
  ].filter(Boolean);
  return html`<div class="pd-details">
    <${Actions} incident=${incident} as=${as} />
    <dl class="pd-facts">${facts.map(([name, value]) => html`<div><dt>${name}</dt><dd>${value}</dd></div>`)}</dl>
    <div class="pd-subtabs">
      <button type="button" aria-pressed=${part === "log"} onClick=${() => setPart("log")}>Timeline (${incident.log.length})</button>
      <button type="button" aria-pressed=${part === "notes"} onClick=${() => setPart("notes")}>Notes (${incident.notes.length})</button>
    </div>
    ${part === "log" ? html`<${Log} entries=${incident.log} />` : html`<${Notes} notes=${incident.notes} />`}
  </div>`;
}

function Log({ entries }) {
  return html`<ol class="pd-log">
    ${[...entries].reverse().map((entry) => html`<li><time>${clockOf(entry.at)}</time><span>${entry.text}</span></li>`)}
  </ol>`;
}

function Notes({ notes }) {
  if (!notes.length) return html`<p class="empty">No notes</p>`;
  return html`<ol class="pd-log">
    ${[...notes].reverse().map((note) => html`<li><time>${clockOf(note.at)}</time><span><b>${note.by ?? "an integration"}</b>: ${note.text}</span></li>`)}
  </ol>`;
}
