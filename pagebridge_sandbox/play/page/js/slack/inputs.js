/* An input block of a dialog: its label, its field, and what is wrong with it. */

import { html } from "../html.js";
import { FIELDS } from "./fields.js";

export function Input({ block, surface }) {
  const { element } = block;
  const Field = FIELDS[element.type];
  const path = { block_id: block.block_id, action_id: element.action_id };
  const id = `${surface.view_id}-${block.block_id}`;
  const error = surface.errors?.[block.block_id];
  const field = {
    id,
    "aria-required": !block.optional,
    "aria-invalid": Boolean(error),
    "aria-describedby": [error && `${id}-error`, block.hint && `${id}-hint`].filter(Boolean).join(" ") || undefined,
  };
  const grouped = ["radio_buttons", "checkboxes"].includes(element.type);
  const named = grouped ? { "aria-labelledby": `${id}-label`, "aria-describedby": field["aria-describedby"] } : field;
  if (!Field) return html`<p class="unknown">A field of the kind “${element.type}”, which this page does not draw.</p>`;
  return html`<div class=${error ? "input wrong" : "input"}>
    <label id=${`${id}-label`} for=${grouped ? undefined : id}>
      ${block.label.text}${block.optional && html` <span class="optional">(optional)</span>`}
    </label>
    <${Field} element=${element} value=${surface.values?.[block.block_id]?.[element.action_id]} label=${block.label.text}
      field=${named} surface=${surface} path=${path} change=${(value) => surface.fill(path, value)} />
    ${error && html`<p id=${`${id}-error`} class="error" role="alert">${error}</p>`}
    ${block.hint && html`<p id=${`${id}-hint`} class="hint">${block.hint.text}</p>`}
  </div>`;
}
