/* What can be pressed or chosen on a message or a view. Source: Slack's pages on block elements. */

import { classes, html, usePage, useState } from "../html.js";
import { plainText } from "../markup.js";
import { Menu } from "../menu.js";
import { FIELDS } from "./fields.js";

/* Show an element; a kind that this page does not draw is named, and never left out in silence. */
export function Element({ block, element, surface }) {
  if (element.type === "button") return html`<${Button} block=${block} element=${element} surface=${surface} />`;
  if (element.type === "overflow") return html`<${Overflow} block=${block} element=${element} surface=${surface} />`;
  const Field = FIELDS[element.type];
  if (!Field) return html`<span class="unknown">[${element.type}]</span>`;
  return html`<${Choice} block=${block} element=${element} surface=${surface} Field=${Field} />`;
}

/* Press something: gives the function, whether it is on its way, and what went wrong. A question may come first. */
function usePress(block, surface) {
  const { act, ask, view } = usePage();
  const [state, setState] = useState({});
  const press = async (element, value, confirmed = false) => {
    setState({ busy: true });
    const path = { block_id: block.block_id, action_id: element.action_id };
    const answer = await act("slack/click", { user: view.who, ...place(surface), ...path, value, confirmed });
    if (answer?.confirm) ask({ ...answer.confirm, style: styleOf(element), yes: () => press(element, value, true) });
    setState({ failure: answer?.failure });
  };
  return { press, ...state };
}

/* What an act has to name of a surface. */
const place = ({ channel, ts, private: alone, modal, home, view_id }) => ({ channel, ts, private: Boolean(alone), modal: Boolean(modal), home: Boolean(home), view_id });

const styleOf = (element) => element.confirm?.style ?? element.style;

function Button({ block, element, surface }) {
  const { openLink } = usePage();
  const pressing = usePress(block, surface);
  const click = () => {
    if (element.url) openLink(element.url) || open(element.url, "_blank", "noopener");
    pressing.press(element, element.value);
  };
  return html`
    <button
      type="button"
      class=${classes("slack-button", element.style, pressing.busy && "busy")}
      aria-label=${element.accessibility_label}
      aria-busy=${Boolean(pressing.busy)}
      onClick=${click}
    >
      ${element.text.emoji === false ? element.text.text : plainText(element.text.text)}
    </button>
    <${After} pressing=${pressing} />
  `;
}

function Overflow({ block, element, surface }) {
  const { openLink } = usePage();
  const pressing = usePress(block, surface);
  const choose = (option) => {
    if (option.url) openLink(option.url) || open(option.url, "_blank", "noopener");
    pressing.press(element, option.value);
  };
  const items = element.options.map((option) => ({ label: plainText(option.text.text), choose: () => choose(option) }));
  return html`
    <${Menu} class=${classes("slack-button more", pressing.busy && "busy")} label="More actions" items=${items}>…<//>
    <${After} pressing=${pressing} />
  `;
}

/* What follows a press that failed, in Slack's words. */
function After({ pressing: { failure } }) {
  return failure && html`<span class="failure" role="alert">⚠ This app is not responding. Try again. (${failure})</span>`;
}

/* A field outside of an input block: the app is told at once. */
function Choice({ block, element, surface, Field }) {
  const { act, view } = usePage();
  const [value, setValue] = useState(undefined);
  const path = { block_id: block.block_id, action_id: element.action_id };
  const change = (next) => {
    setValue(next);
    const chosen = Array.isArray(next) ? next.map(idOf) : idOf(next);
    if (surface.modal) return act("slack/modal/fill", { user: view.who, view_id: surface.view_id, ...path, value: chosen });
    return act("slack/select", { user: view.who, ...place(surface), ...path, value: chosen });
  };
  const label = element.placeholder?.text ?? block.text?.text ?? element.action_id;
  return html`<${Field} element=${element} value=${value ?? initial(element)} change=${change} label=${label} surface=${surface} path=${path} />`;
}

const idOf = (chosen) => (chosen && typeof chosen === "object" ? chosen.value : chosen);
const initial = (element) =>
  element.initial_option ?? element.initial_options ?? element.initial_user ?? element.initial_date ?? element.initial_time ?? null;
