/* Whether something holds: by sign, by word and by colour. */

import { html } from "../html.js";

const SIGNS = { held: "✓", broken: "✗", idle: "–", waiting: "…" };
const WORDS = { held: "Held", broken: "Broken", idle: "Nothing to judge yet", waiting: "Waiting" };

export function Verdict({ state, text }) {
  return html`<span class=${`verdict ${state}`}><i aria-hidden="true">${SIGNS[state]}</i> <b>${WORDS[state]}</b>${text && `: ${text}`}</span>`;
}
