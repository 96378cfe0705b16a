/* One message: who, when, what, and what can be done with it. */

import { classes, html, usePage } from "../html.js";
import { clockTime, dayName } from "../time.js";
import { Menu } from "../menu.js";
import { Avatar } from "../avatar.js";
import { Attachments, Blocks, Text } from "./blocks.js";

/* `thread`: it stands in a thread. `joined`: it follows one of the same author and needs no head. */
export function Message({ message, joined, thread }) {
  const { state, names } = usePage();
  const surface = { channel: message.channel, ts: message.ts, private: message.private, thread_ts: message.thread_ts };
  const author = message.bot ? state.slack.bot?.name ?? "pagebridge" : (names[message.user] ?? message.user);
  return html`<article
    class=${classes("message", message.private && "private", joined && "joined")}
    aria-label=${`${author}, ${clockTime(message.ts)}`}
    data-ts=${message.ts}
  >
    <div class="gutter">${joined ? html`<time>${clockTime(message.ts)}</time>` : html`<${Avatar} id=${message.user} name=${author} bot=${message.bot} />`}</div>
    <div class="content">
      ${message.private && html`<p class="only-you"><span aria-hidden="true">👁</span> Only visible to you</p>`}
      ${!joined &&
      html`<p class="head">
        <strong>${author}</strong>${message.bot && html`<span class="app">APP</span>`}<time>${clockTime(message.ts)}</time>
      </p>`}
      <${Body} message=${message} surface=${surface} />
      ${!thread && message.replies?.length > 0 && html`<${ThreadSummary} message=${message} />`}
    </div>
    ${!message.private && html`<${Tools} message=${message} thread=${thread} />`}
  </article>`;
}

function Body({ message, surface }) {
  if (message.deleted) return html`<p class="gone">This message was deleted.</p>`;
  const edited = message.edited && !message.bot && html`<span class="edited">(edited)</span>`;
  return html`
    ${message.blocks.length
      ? html`<${Blocks} blocks=${message.blocks} surface=${surface} />`
      : html`<${Text} text=${{ type: "mrkdwn", text: message.text }} />`}
    ${edited}<${Attachments} attachments=${message.attachments} surface=${surface} />
  `;
}

function ThreadSummary({ message }) {
  const { change, names } = usePage();
  const { replies } = message;
  const people = [...new Map(replies.map((reply) => [reply.user, reply])).values()].slice(0, 5);
  return html`<button type="button" class="thread-summary" onClick=${() => change({ thread: message.ts })}>
    ${people.map((reply) => html`<${Avatar} small=${true} id=${reply.user} name=${names[reply.user] ?? ""} bot=${reply.bot} />`)}
    <b>${replies.length} ${replies.length === 1 ? "reply" : "replies"}</b>
    <span>Last reply ${dayName(replies.at(-1).ts).toLowerCase()} at ${clockTime(replies.at(-1).ts)}</span>
  </button>`;
}

function Tools({ message, thread }) {
  const { act, change, state, view } = usePage();
  const use = (shortcut) => () =>
    act("slack/shortcut", { user: view.who, name: shortcut.name, channel: message.channel, ts: message.ts });
  const items = state.slack.shortcuts
    .filter((each) => each.type === "message")
    .map((each) => ({ label: each.name, note: "pagebridge", choose: use(each) }));
  return html`<div class="tools" role="group" aria-label="Message actions">
    ${!thread &&
    html`<button type="button" class="plain" title="Reply in thread" aria-label="Reply in thread" onClick=${() => change({ thread: message.ts })}>💬</button>`}
    <${Menu} class="plain" label="More message actions" title="More actions" items=${items}>⋮<//>
  </div>`;
}
