/* Where people type: messages, mentions, and commands, which are suggested. */

import { classes, html, usePage, useRef, useState } from "../html.js";
import { escape } from "../markup.js";
import { COMMANDS } from "./commands.js";

export function Composer({ channel, thread, label }) {
  const { act, state, view } = usePage();
  const [typed, setTyped] = useState("");
  const [active, setActive] = useState(-1);
  const box = useRef(null);
  const found = suggestions(typed, state.slack, thread);
  const choose = (item) => {
    setTyped(item.text);
    setActive(-1);
    box.current.focus();
  };
  const send = async (event) => {
    event?.preventDefault();
    const text = typed.trim();
    if (!text) return;
    setTyped("");
    const isCommand = text.startsWith("/") && !thread;
    const words = isCommand ? text : mention(escape(text), state.slack.people);
    const answer = await act("slack/type", { user: view.who, channel: channel.id, text: words, thread_ts: thread });
    if (answer === null) setTyped(text);
  };
  const keys = (event) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step && found.length) {
      event.preventDefault();
      setActive((active + step + found.length) % found.length);
    } else if ((event.key === "Enter" || event.key === "Tab") && found[active]) {
      event.preventDefault();
      choose(found[active]);
    } else if (event.key === "Enter" && !event.shiftKey) send(event);
    else if (event.key === "Escape") setActive(-1);
  };
  const id = thread ? "suggest-thread" : "suggest";
  return html`<form class="composer" onSubmit=${send}>
    ${found.length > 0 &&
    html`<div class="suggestions" id=${id} role="listbox" aria-label="Suggestions">
      ${found.map((item, at) => html`<div id=${`${id}-${at}`} role="option" aria-selected=${at === active} class=${classes("menu-item", at === active && "active")}
        onMouseDown=${(event) => { event.preventDefault(); choose(item); }}><span>${item.label}</span><small>${item.note}</small></div>`)}
    </div>`}
    <div class="composer-box">
      <textarea ref=${box} rows="1" aria-label=${label} aria-haspopup="listbox" aria-controls=${found.length ? id : undefined}
        aria-activedescendant=${found[active] ? `${id}-${active}` : undefined} aria-autocomplete="list"
        placeholder=${label} value=${typed} onInput=${(event) => { setTyped(event.target.value); setActive(-1); }} onKeyDown=${keys}></textarea>
      <button type="submit" class="send" aria-label="Send" disabled=${!typed.trim()}>➤</button>
    </div>
  </form>`;
}

/* What could be meant: the commands after a slash, people after an at sign. */
function suggestions(typed, slack, thread) {
  if (typed.startsWith("/") && !thread) {
    const begun = typed.toLowerCase();
    return COMMANDS.filter((each) => each.text.startsWith(begun) && each.text.trim() !== begun.trim())
      .map((each) => ({ ...each, label: each.usage }));
  }
  const at = typed.match(/(^|\s)@([\w ]{0,20})$/);
  if (!at) return [];
  const people = slack.people.filter((each) => each.name.toLowerCase().startsWith(at[2].toLowerCase()) && each.name !== at[2]);
  const before = typed.slice(0, typed.length - at[2].length);
  return people.map((each) => ({ text: `${before}${each.name} `, label: `@${each.name}`, note: each.note }));
}

/* Put ids in the place of the names that were mentioned. */
function mention(text, people) {
  return people.reduce((words, each) => words.replaceAll(`@${each.name}`, `<@${each.id}>`), text);
}
