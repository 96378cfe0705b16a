/* The frame of every dialog: it lies above Slack, and not above the rest of the page, where things can be broken meanwhile. */

import { classes, html, useLayoutEffect, useRef } from "../html.js";

const FOCUSABLE = "button:not([disabled]), input, textarea, select, a[href], [tabindex='0']";

export function Frame({ title, small, wide, close, back, children }) {
  const box = useRef(null);
  const before = useRef(document.activeElement); // as it was before what lies below could no longer be used
  useLayoutEffect(() => keepFocus(box.current, before.current), []);
  const keys = (event) => {
    if (event.key === "Escape") close(event);
    if (event.key === "Tab") wrap(event, box.current);
    event.stopPropagation();
  };
  return html`<div class="dialog-cover">
    <div
      ref=${box}
      class=${classes("slack-dialog", small && "small", wide && "wide")}
      role="dialog"
      aria-modal="true"
      aria-label=${title}
      tabindex="-1"
      onKeyDown=${keys}
    >
      <header class="dialog-head">
        ${back && html`<button type="button" class="plain" aria-label="Back" onClick=${back}>←</button>`}
        <h2>${title}</h2>
        <button type="button" class="plain close" aria-label="Close" onClick=${close}>✕</button>
      </header>
      ${children}
    </div>
  </div>`;
}

/* Focus the first field. Returns what gives the focus back. */
function keepFocus(box, before) {
  const first = box.querySelector("input:not([type=hidden]), textarea, .dialog-buttons .primary") ?? box;
  first.focus();
  return () => requestAnimationFrame(() => before?.isConnected && before.focus());
}

function wrap(event, box) {
  const all = [...box.querySelectorAll(FOCUSABLE)].filter((each) => each.offsetParent !== null);
  const [from, to] = event.shiftKey ? [all[0], all.at(-1)] : [all.at(-1), all[0]];
  if (document.activeElement === from && to) {
    event.preventDefault();
    to.focus();
  }
}
