/* A channel: its messages and the private ones among them, from day to day. */

import { Page, html, kept, useEffect, useLayoutEffect, useMemo, usePage, useRef } from "../html.js";
import { dayName } from "../time.js";
import { Composer } from "./composer.js";
import { Message } from "./message.js";

const KeptMessage = kept(Message);
const JOINED_WITHIN = 300; // seconds in which messages of one author share a head

export function Channel({ channel }) {
  const { change, state, view } = usePage();
  const messages = withPrivate(channel.messages, state.slack.private[view.who] ?? [], (each) => each.channel === channel.id && !each.thread_ts);
  const count = channel.members.length;
  useEffect(() => {
    const last = Number(channel.messages.at(-1)?.ts ?? 0);
    if (last > (view.read[channel.id] ?? 0)) change({ read: { ...view.read, [channel.id]: last } });
  });
  return html`<section class="channel" aria-label=${`#${channel.name}`}>
    <header class="channel-head">
      <button type="button" class="plain drawer" aria-label="Channels" onClick=${() => change({ drawer: !view.drawer })}>☰</button>
      <h1><span aria-hidden="true">${channel.private ? "🔒" : "#"}</span> ${channel.name}</h1>
      ${channel.topic && html`<span class="topic" title=${channel.topic}><bdi>${channel.topic}</bdi></span>`}
      <span class="members">${count} ${count === 1 ? "member" : "members"}</span>
    </header>
    <${Messages} messages=${messages} label=${`Messages in #${channel.name}`} older=${channel.older} />
    <${Composer} key=${channel.id + view.who} channel=${channel} label=${`Message #${channel.name}`} />
  </section>`;
}

/* Put what only this person sees in its place among the rest. */
export function withPrivate(messages, alone, belongs) {
  const shown = alone.filter(belongs).map((each) => ({ ...each, bot: true, private: true, user: "bot" }));
  return [...messages, ...shown].sort((one, other) => Number(one.ts) - Number(other.ts));
}

/* Messages that follow their end, unless somebody has scrolled up. */
export function Messages({ messages, label, older, thread }) {
  const box = useRef(null);
  const follows = useRef(true);
  const page = usePage();
  const { bot, people, shortcuts } = page.state.slack;
  const within = useMemo(() => page, [page.names, page.view.who, bot, people, shortcuts]); // all that a message reads
  useLayoutEffect(() => {
    if (follows.current) box.current.scrollTop = box.current.scrollHeight;
  });
  const scroll = ({ currentTarget: it }) => {
    follows.current = it.scrollHeight - it.scrollTop - it.clientHeight < 80;
  };
  return html`<div class="messages" ref=${box} onScroll=${scroll} role="log" aria-live="polite" aria-label=${label} tabindex="0">
    <div class="fill">
      ${older > 0 && html`<p class="older">${older} older messages are not shown.</p>`}
      ${messages.length === 0 && html`<p class="empty">Nothing here yet. Trigger an incident in PagerDuty, or type <code>/pd help</code>.</p>`}
      <${Page.Provider} value=${within}>
        ${messages.map((message, place) => {
          const before = messages[place - 1];
          return html`<${Above} key=${message.ts + Boolean(message.private)} message=${message} before=${before} thread=${thread}>
            <${KeptMessage} message=${message} thread=${thread} joined=${isJoined(message, before)} />
          <//>`;
        })}
      <//>
    </div>
  </div>`;
}

/* What stands above a message: the day, or in a thread how many replies follow. */
function Above({ message, before, thread, children }) {
  if (thread) {
    const { length } = message.replies ?? [];
    const words = length === 1 ? "1 reply" : `${length} replies`;
    return html`${children}${length > 0 && html`<div class="replies" role="separator"><span>${words}</span></div>`}`;
  }
  const day = dayName(Number(message.ts));
  const isNew = !before || dayName(Number(before.ts)) !== day;
  return html`${isNew && html`<div class="day" role="separator"><span>${day}</span></div>`}${children}`;
}

function isJoined(message, before) {
  if (!before || before.private || message.private || before.replies?.length || message.replies?.length) return false;
  return before.user === message.user && Number(message.ts) - Number(before.ts) < JOINED_WITHIN;
}
