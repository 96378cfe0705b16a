/* Slack's window: who looks, the channels, one of them, a thread, and what lies above all. */

import { classes, html, usePage } from "../html.js";
import { Avatar } from "../avatar.js";
import { Canvas } from "./canvas.js";
import { ConfirmDialog } from "./confirm.js";
import { Dialog } from "./dialog.js";
import { Channel } from "./channel.js";
import { HOME, Home } from "./home.js";
import { Thread } from "./thread.js";

export function SlackWindow() {
  const { ask, question, state, view } = usePage();
  const channels = visibleChannels(state.slack, view.who);
  const isHome = view.channel === HOME;
  const channel = isHome ? null : channels.find((each) => each.id === view.channel) ?? channels[0];
  const modals = state.slack.modals[view.who] ?? [];
  const canvas = state.slack.canvases.find((each) => each.id === view.canvas);
  const isCovered = modals.length > 0 || question || canvas;
  const parent = channel?.messages.find((each) => each.ts === view.thread);
  return html`<section class=${classes("slack", view.phone && "phone")} aria-label="Slack">
    <${People} />
    <div class=${classes("slack-window", parent && "has-thread", view.drawer && "has-drawer")}>
      <div class="slack-body" inert=${Boolean(isCovered)}>
        <${Sidebar} channels=${channels} channel=${channel} />
        ${isHome ? html`<${Home} />` : channel ? html`<${Channel} channel=${channel} />` : html`<p class="empty">There is no channel for you here.</p>`}
        ${parent && html`<${Thread} channel=${channel} parent=${parent} />`}
      </div>
      ${canvas && html`<${Canvas} canvas=${canvas} />`}
      ${modals.length > 0 && html`<${Dialog} modals=${modals} />`}
      ${question && html`<${ConfirmDialog} ...${question} yes=${() => { ask(null); question.yes(); }} cancel=${() => ask(null)} />`}
    </div>
  </section>`;
}

/* The channels that somebody can see: guests and people of other organisations see only those that they are in. */
export function visibleChannels(slack, who) {
  const person = slack.people.find((each) => each.id === who);
  const restricted = ["guest", "outsider"].includes(person?.kind);
  return slack.channels.filter((each) => each.members.includes(who) || (!each.private && !restricted));
}

/* Whose screen it is. A dot says that there is something for them that was not looked at. */
function People() {
  const { change, state, view } = usePage();
  const turn = (id) => change({ who: id, thread: null, canvas: null, drawer: false });
  const now = state.slack.people.find((each) => each.id === view.who);
  return html`<div class="people">
    <div class="people-row" role="radiogroup" aria-label="You are">
      ${state.slack.people.map((each) => {
        const chosen = each.id === view.who;
        const waits = !chosen && (state.slack.private[each.id] ?? []).length > (view.seen[each.id] ?? 0);
        return html`<button type="button" role="radio" aria-checked=${chosen} aria-label=${`${each.name}, ${each.note}${waits ? ", has a private message" : ""}`}
          title=${`${each.name}: ${each.note}`} class=${classes("person", chosen && "chosen")} tabindex=${chosen ? 0 : -1}
          onClick=${() => turn(each.id)} onKeyDown=${(event) => step(event, state.slack.people, each, turn)}>
          <${Avatar} small=${true} id=${each.id} name=${each.name} /><span>${each.name.split(" ")[0]}</span>${waits && html`<i class="dot"></i>`}
        </button>`;
      })}
    </div>
    <p class="people-note">You are <b>${now?.name}</b>: ${now?.note}</p>
  </div>`;
}

function step(event, people, each, turn) {
  const way = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
  if (!way) return;
  event.preventDefault();
  const next = people[(people.indexOf(each) + way + people.length) % people.length];
  turn(next.id);
  event.currentTarget.parentElement.children[people.indexOf(next)].focus();
}

function Sidebar({ channels, channel }) {
  const { act, change, state, view } = usePage();
  return html`<nav class="sidebar" aria-label="Channels">
    <h2>${state.slack.team}</h2>
    <ul>
      ${channels.map((each) => html`<li key=${each.id}>
        <button type="button" class=${classes("channel-link", each === channel && "chosen", isUnread(each, view) && "unread")} aria-current=${each === channel ? "page" : undefined}
          onClick=${() => change({ channel: each.id, thread: null, drawer: false })}>
          <span aria-hidden="true">${each.private ? "🔒" : "#"}</span><span class="grow">${each.name}</span>
          ${each.shared && html`<span title="Shared with another organisation" aria-label="shared">◈</span>`}
        </button>
      </li>`)}
    </ul>
    <button type="button" class=${classes("channel-link", view.channel === HOME && "chosen")} aria-current=${view.channel === HOME ? "page" : undefined}
      onClick=${() => change({ channel: HOME, thread: null, drawer: false })}>⌂ Home</button>
    <button type="button" class="channel-link reload" title="As in Slack: private messages are gone after it" onClick=${() => act("slack/reload", { user: view.who })}>↻ Reload Slack</button>
  </nav>`;
}

const isUnread = (channel, view) => Number(channel.messages.at(-1)?.ts ?? 0) > (view.read[channel.id] ?? 0);
