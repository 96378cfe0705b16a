/* The question that comes before a button does something (Slack's confirmation dialog object). */

import { classes, html } from "../html.js";
import { Frame } from "./frame.js";

export function ConfirmDialog({ title, text, confirm, deny, style, yes, cancel }) {
  return html`<${Frame} title=${title} small=${true} close=${cancel}>
    <div class="dialog-body">${text}</div>
    <footer class="dialog-buttons">
      <button type="button" class="slack-button" onClick=${cancel}>${deny}</button>
      <button type="button" class=${classes("slack-button", style === "danger" ? "danger" : "primary")} onClick=${yes}>
        ${confirm}
      </button>
    </footer>
  <//>`;
}
