/* Tabs, as the ARIA guide has them: one in the tab order, arrows to the others. */

import { classes, html } from "./html.js";

export function Tabs({ label, tabs, chosen, choose }) {
  const now = tabs.find((each) => each.id === chosen) ?? tabs[0];
  const keys = (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step) return;
    const next = tabs[(tabs.indexOf(now) + step + tabs.length) % tabs.length];
    choose(next.id);
    event.currentTarget.querySelector(`[data-tab=${next.id}]`).focus();
  };
  return html`<section class="tabbed" aria-label=${label}>
    <div class="tabs" role="tablist" aria-label=${label} onKeyDown=${keys}>
      ${tabs.map((each) => html`<button type="button" role="tab" id=${`tab-${each.id}`} data-tab=${each.id} aria-selected=${each === now}
        aria-controls=${`part-${each.id}`} tabindex=${each === now ? 0 : -1} class=${classes("tab", each === now && "chosen")} onClick=${() => choose(each.id)}>${each.label}</button>`)}
    </div>
    <div class="part" role="tabpanel" id=${`part-${now.id}`} aria-labelledby=${`tab-${now.id}`}><${now.Part} /></div>
  </section>`;
}
