/* What can be filled in, each by one kind of control: `value` is what the state holds, `change` gets the next. */

import { html, usePage, useRef, useState } from "../html.js";
import { Picker } from "./picker.js";

const optionsOf = (element) => [...(element.options ?? []), ...(element.option_groups ?? []).flatMap((group) => group.options)];
const asItem = (option) => ({ id: option.value, label: option.text.text, note: option.description?.text, value: option });

/* Text of one line or several. What is typed is kept here, so that an older state never takes a letter away. */
function TextField({ element, value, change, label, ...aria }) {
  const [typed, setTyped] = useState(value ?? "");
  const input = (event) => {
    setTyped(event.target.value);
    change(event.target.value);
  };
  const kind = { email_text_input: "email", url_text_input: "url", number_input: "number" }[element.type] ?? "text";
  const Tag = element.multiline ? "textarea" : "input";
  return html`<${Tag} ...${aria.field} class="field" type=${element.multiline ? undefined : kind} rows="4" aria-label=${aria.field ? undefined : label}
    value=${typed} placeholder=${element.placeholder?.text} maxlength=${element.max_length} onInput=${input} />`;
}

const native = (type, toInput, fromInput) =>
  function NativeField({ value, change, label, field }) {
    return html`<input ...${field} class="field" type=${type} aria-label=${field ? undefined : label} value=${toInput(value)}
      onInput=${(event) => change(fromInput(event.target.value))} />`;
  };

const asIs = (value) => value || "";
const orNothing = (text) => text || null;

/* The moment is in seconds since the epoch; the control shows it in the reader's zone. */
function toLocal(seconds) {
  if (!seconds) return "";
  const at = new Date(seconds * 1000);
  return new Date(at.getTime() - at.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}
const fromLocal = (text) => (text ? Math.round(new Date(text).getTime() / 1000) : null);

function Buttons({ kind, element, value, change, label, field }) {
  const group = useRef(`g${Math.random().toString(36).slice(2)}`);
  const chosen = (kind === "radio" ? [value] : (value ?? [])).map((each) => each?.value);
  const set = (option, on) => {
    if (kind === "radio") return change(option);
    return change(element.options.filter((each) => (each.value === option.value ? on : chosen.includes(each.value))));
  };
  return html`<div class="choices" role=${kind === "radio" ? "radiogroup" : "group"} ...${field} aria-label=${field ? undefined : label}>
    ${element.options.map(
      (option) => html`<label class="choice">
        <input type=${kind} name=${group.current} checked=${chosen.includes(option.value)}
          onChange=${(event) => set(option, event.target.checked)} />
        <span>${option.text.text}${option.description && html`<small>${option.description.text}</small>`}</span>
      </label>`,
    )}
  </div>`;
}

/* A menu of people: members of the workspace, as Slack lists them. */
function useItems(element) {
  const { state } = usePage();
  if (element.type.includes("users")) {
    return state.slack.people.map((each) => ({ id: each.id, label: each.name, note: each.note, value: each.id, person: true }));
  }
  if (/channels|conversations/.test(element.type)) {
    return state.slack.channels.map((each) => ({ id: each.id, label: `#${each.name}`, value: each.id }));
  }
  return optionsOf(element).map(asItem);
}

function Select({ element, value, change, label, field, surface, path }) {
  const { act, view } = usePage();
  const items = useItems(element);
  const asks = element.type.includes("external");
  const search = async (query) => {
    if (query.length < (element.min_query_length ?? 3)) return [];
    const body = { user: view.who, view_id: surface.view_id, ...path, query };
    const answer = await act("slack/options", body);
    return [...(answer?.options ?? []), ...(answer?.option_groups ?? []).flatMap((group) => group.options)].map(asItem);
  };
  const multi = element.type.startsWith("multi_");
  const known = (each) => (typeof each === "object" ? asItem(each) : (items.find((item) => item.id === each) ?? { id: each, label: each }));
  const chosen = (multi ? (value ?? []) : [value].filter(Boolean)).map(known);
  const pick = (next) => change(multi ? next.map((each) => each.value ?? each.id) : (next[0]?.value ?? null));
  return html`<${Picker} items=${items} search=${asks ? search : null} chosen=${chosen} change=${pick} multi=${multi}
    most=${element.max_selected_items} label=${label} field=${field} placeholder=${element.placeholder?.text ?? hint(element)} />`;
}

const hint = (element) => (element.type.includes("users") ? "Choose a person" : "Choose an option");

const choices = (kind) => (props) => html`<${Buttons} kind=${kind} ...${props} />`;
const RADIO = choices("radio");
const CHECKBOX = choices("checkbox");

export const FIELDS = {
  plain_text_input: TextField,
  email_text_input: TextField,
  url_text_input: TextField,
  number_input: TextField,
  datepicker: native("date", asIs, orNothing),
  timepicker: native("time", asIs, orNothing),
  datetimepicker: native("datetime-local", toLocal, fromLocal),
  radio_buttons: RADIO,
  checkboxes: CHECKBOX,
  static_select: Select,
  external_select: Select,
  users_select: Select,
  channels_select: Select,
  conversations_select: Select,
  multi_static_select: Select,
  multi_external_select: Select,
  multi_users_select: Select,
  multi_channels_select: Select,
  multi_conversations_select: Select,
};
