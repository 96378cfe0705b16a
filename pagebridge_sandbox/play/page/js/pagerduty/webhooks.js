/* The webhook subscription, and what it has sent. */

import { classes, html, usePage } from "../html.js";
import { clockOf } from "../time.js";

export function Webhooks() {
  const { state } = usePage();
  const { subscription, deliveries } = state.pagerduty;
  return html`
    <p class="pd-subscription">
      <span class=${classes("pd-status", subscription.active ? "resolved" : "triggered")}>${subscription.active ? "Active" : "Disabled"}</span>
      <code>${subscription.url}</code>
      <span>signed with ${subscription.secret_count} ${subscription.secret_count === 1 ? "secret" : "secrets"}</span>
    </p>
    ${deliveries.length === 0 && html`<p class="empty">Nothing was sent yet.</p>`}
    <ul class="pd-deliveries">
      ${[...deliveries].reverse().map((each) => html`<li key=${each.id}>
        <time>${clockOf(each.at)}</time>
        <span class="grow">${each.event_type}${each.incident ? ` #${each.incident}` : ""}</span>
        <span class="attempts">${each.attempts.map((attempt) => html`<i class=${attempt.status < 300 ? "good" : "bad"}>${attempt.status ?? attempt.error}</i>`)}</span>
        <span class="state">${each.state}</span>
      </li>`)}
    </ul>
  `;
}
