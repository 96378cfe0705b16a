/* The pane of a thread: the message that it belongs to, and the replies. */

import { html, usePage } from "../html.js";
import { withPrivate, Messages } from "./channel.js";
import { Composer } from "./composer.js";

export function Thread({ channel, parent }) {
  const { change, state, view } = usePage();
  const alone = state.slack.private[view.who] ?? [];
  const messages = withPrivate([parent, ...parent.replies], alone, (each) => each.channel === channel.id && each.thread_ts === parent.ts);
  return html`<aside class="thread" aria-label="Thread">
    <header class="channel-head">
      <h2>Thread</h2><span class="members">#${channel.name}</span>
      <button type="button" class="plain close" aria-label="Close thread" onClick=${() => change({ thread: null })}>✕</button>
    </header>
    <${Messages} key=${parent.ts} messages=${messages} label="Messages in the thread" thread=${true} />
    <${Composer} key=${parent.ts + view.who} channel=${channel} thread=${parent.ts} label="Reply…" />
  </aside>`;
}
