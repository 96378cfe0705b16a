/* The app's own place: its Home tab, and below it the messages that the app has sent to this person alone. */

import { html, useEffect, usePage } from "../html.js";
import { Blocks } from "./blocks.js";
import { Message } from "./message.js";

/* What stands in the place of a channel while it is looked at. */
export const HOME = "home";

export function Home() {
  const { act, change, state, view } = usePage();
  const { who } = view;
  const shown = state.slack.homes[who];
  const messages = state.slack.direct[who] ?? [];
  useEffect(() => {
    act("slack/home", { user: who });
  }, [who]);
  return html`<section class="channel" aria-label="Home">
    <header class="channel-head">
      <button type="button" class="plain drawer" aria-label="Channels" onClick=${() => change({ drawer: !view.drawer })}>☰</button>
      <h1>${state.slack.bot.name}</h1>
    </header>
    <div class="messages home" tabindex="0" role="region" aria-label="Home tab">
      ${shown ? html`<${Blocks} blocks=${shown.blocks} surface=${{ home: true }} />` : html`<p class="empty">The app is asked for its Home tab …</p>`}
      ${messages.length > 0 && html`<h2>Messages</h2>${messages.map((each) => html`<${Message} key=${each.ts} message=${each} thread=${true} />`)}`}
    </div>
  </section>`;
}
