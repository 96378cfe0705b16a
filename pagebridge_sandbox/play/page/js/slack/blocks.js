/* Block Kit: the blocks of a message or a view. Source: Slack's pages on blocks. */

import { html, usePage } from "../html.js";
import { Link, Markup, plainText } from "../markup.js";
import { Element } from "./elements.js";
import { Input } from "./inputs.js";

/* Show blocks on a `surface`: where they stand, which is what an act has to name. */
export function Blocks({ blocks, surface }) {
  return blocks.map((block, place) => html`<${Block} key=${surface.modal ? block.block_id : place} block=${block} surface=${surface} />`);
}

const KINDS = {
  section: Section,
  context: Context,
  header: ({ block }) => html`<h4 class="block-header">${plainText(block.text.text)}</h4>`,
  divider: () => html`<hr />`,
  actions: Actions,
  image: Picture,
  input: Input,
};

function Block({ block, surface }) {
  const Kind = KINDS[block.type];
  if (!Kind) return html`<p class="unknown">A block of the kind “${block.type}”, which this page does not draw.</p>`;
  return html`<div class=${`block block-${block.type}`}><${Kind} block=${block} surface=${surface} /></div>`;
}

/* A text object: markup, or plain words. */
export function Text({ text }) {
  const { names, openLink } = usePage();
  if (!text) return null;
  if (text.type === "mrkdwn") return html`<${Markup} text=${text.text} names=${names} onLink=${openLink} />`;
  return html`<span>${text.emoji === false ? text.text : plainText(text.text)}</span>`;
}

function Section({ block, surface }) {
  const fields = block.fields ?? [];
  return html`
    <div class="section">
      <div class="section-text">
        <${Text} text=${block.text} />
        ${fields.length > 0 &&
        html`<div class="fields">${fields.map((field) => html`<div><${Text} text=${field} /></div>`)}</div>`}
      </div>
      ${block.accessory &&
      html`<div class="accessory"><${Element} block=${block} element=${block.accessory} surface=${surface} /></div>`}
    </div>
  `;
}

function Context({ block }) {
  return html`<div class="context">
    ${block.elements.map((element) =>
      element.type === "image" ? html`<${Picture} block=${element} />` : html`<div><${Text} text=${element} /></div>`,
    )}
  </div>`;
}

function Actions({ block, surface }) {
  return html`<div class="actions">
    ${block.elements.map(
      (element) =>
        html`<${Element} key=${element.action_id} block=${block} element=${element} surface=${surface} />`,
    )}
  </div>`;
}

/* The page loads nothing from the network, so a picture is its words and a link. */
function Picture({ block }) {
  return html`<${Link} url=${block.image_url ?? ""}>[${block.alt_text}]<//>`;
}

/* What a message has below its blocks, each with its bar. */
export function Attachments({ attachments, surface }) {
  return attachments.map(
    (each) => html`<div class="attachment" style=${`--bar: ${barColor(each.color)}`}>
      ${each.pretext && html`<${Text} text=${markup(each.pretext)} />`}
      ${each.title &&
      html`<strong><${Link} url=${each.title_link ?? ""}>${plainText(each.title)}<//></strong>`}
      ${each.text && html`<${Text} text=${markup(each.text)} />`}
      ${each.fields && html`<div class="fields">${each.fields.map(Field)}</div>`}
      <${Blocks} blocks=${each.blocks ?? []} surface=${surface} />
      ${each.footer && html`<div class="context">${plainText(each.footer)}</div>`}
    </div>`,
  );
}

function Field(field) {
  return html`<div><strong>${plainText(field.title)}</strong><br /><${Text} text=${markup(field.value)} /></div>`;
}

const NAMED = { good: "#2eb67d", warning: "#ecb22e", danger: "#e01e5a" };
const markup = (text) => ({ type: "mrkdwn", text });

/* Only what is a colour gets into a style. */
function barColor(color) {
  if (Object.hasOwn(NAMED, color ?? "")) return NAMED[color];
  return /^#?[0-9a-f]{6}$/i.test(color ?? "") ? `#${color.replace("#", "")}` : "var(--line-strong)";
}
