/* Slack's text markup (mrkdwn) as nodes. Source: Slack's page on formatting message text. */

import { emoji } from "./emoji.js";
import { html } from "./html.js";
import { formatDate } from "./time.js";

const INSIDE = (mark) => `(?:<[^<>\\n]+>|[^\\s${mark}])(?:(?:<[^<>\\n]+>|[^\\n${mark}])*?(?:<[^<>\\n]+>|[^\\s${mark}]))?`;
/* A mark works only at the edge of a word. */
const SPAN = (name, mark) => `(?<![\\w${mark}])${mark}(?<${name}>${INSIDE(mark)})${mark}(?![\\w${mark}])`;
const TOKEN = new RegExp(
  [
    "<(?<reference>[^<>\\n]+)>",
    "`(?<code>[^`\\n]+)`",
    SPAN("bold", "\\*"),
    SPAN("italic", "_"),
    SPAN("strike", "~"),
    ":(?<emoji>[a-z0-9_+-]+):",
  ].join("|"),
  "g",
);

/* Turn Slack's three escapes back: the only ones that it knows. */
export const unescape = (text) =>
  text.replaceAll("&lt;", "<").replaceAll("&gt;", ">").replaceAll("&amp;", "&");

/* Escape what a person typed, as Slack's client does before it sends. */
export const escape = (text) => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");

/* Show markup. `names` has the names of people and channels by id; `onLink` may take a link instead of the browser. */
export function Markup({ text, names, onLink }) {
  const parts = text.split(/```\n?([\s\S]+?)\n?```/);
  return parts.map((part, place) =>
    place % 2 ? html`<pre>${unescape(part)}</pre>` : paragraphs(part, { names, onLink }),
  );
}

function paragraphs(text, context) {
  const nodes = [];
  for (const { quoted, lines } of runs(text.split("\n"))) {
    const shown = lines.flatMap((line, place) => (place ? [html`<br />`, ...inline(line, context)] : inline(line, context)));
    nodes.push(quoted ? html`<blockquote>${shown}</blockquote>` : html`<div class="lines">${shown}</div>`);
  }
  return nodes;
}

/* Put lines of a quotation together, and those of none. */
function runs(lines) {
  const found = [];
  for (const line of lines) {
    const quote = line.match(/^(?:>|&gt;) ?(.*)$/);
    const quoted = quote !== null;
    if (found.at(-1)?.quoted !== quoted) found.push({ quoted, lines: [] });
    found.at(-1).lines.push(quoted ? quote[1] : line);
  }
  return found.filter((run) => run.lines.some((line) => line !== ""));
}

function inline(text, context) {
  const nodes = [];
  let end = 0;
  for (const token of text.matchAll(TOKEN)) {
    nodes.push(unescape(text.slice(end, token.index)), node(token, context));
    end = token.index + token[0].length;
  }
  return [...nodes, unescape(text.slice(end))].filter((each) => each !== "");
}

function node(token, context) {
  const { reference: inside, code, bold, italic, strike, emoji: name } = token.groups;
  if (inside !== undefined) return reference(inside, context);
  if (code !== undefined) return html`<code>${unescape(code)}</code>`;
  if (bold !== undefined) return html`<strong>${inline(bold, context)}</strong>`;
  if (italic !== undefined) return html`<em>${inline(italic, context)}</em>`;
  if (strike !== undefined) return html`<s>${inline(strike, context)}</s>`;
  return symbol(name) ?? token[0];
}

function symbol(name) {
  const shown = emoji(name);
  return shown && html`<span class="emoji" role="img" aria-label=${name.replaceAll("_", " ")}>${shown}</span>`;
}

function reference(inside, { names, onLink }) {
  const [target, label] = split(inside, "|");
  const date = target.match(/^!date\^(\d+)\^([^^]+)(?:\^.*)?$/);
  if (date) return html`<time title=${label}>${formatDate(Number(date[1]), date[2])}</time>`;
  if (target[0] === "@") return html`<span class="mention">@${names[target.slice(1)] ?? label ?? target.slice(1)}</span>`;
  if (target[0] === "#") return html`<span class="mention">#${names[target.slice(1)] ?? label ?? target.slice(1)}</span>`;
  if (target[0] === "!") return html`<span class="mention">@${label ?? target.slice(1)}</span>`;
  return html`<${Link} url=${unescape(target)} onLink=${onLink}>${plainText(label ?? target)}<//>`;
}

function split(text, mark) {
  const at = text.indexOf(mark);
  return at < 0 ? [text, undefined] : [text.slice(0, at), text.slice(at + 1)];
}

/* A link, if it leads to a web or mail address; of anything else only the words are shown. */
export function Link({ url, onLink, children }) {
  if (!/^(https?:\/\/|mailto:)/i.test(url)) return html`<span>${children}</span>`;
  const press = (event) => onLink?.(url) && event.preventDefault();
  return html`<a href=${url} target="_blank" rel="noopener noreferrer" onClick=${press}>${children}</a>`;
}

/* Text without markup: only the names of symbols stand for something. */
export function plainText(text) {
  return text.split(/(:[a-z0-9_+-]+:)/).map((part) => symbol(part.slice(1, -1)) ?? unescape(part));
}

/* Markup as plain words, for titles and for the screen reader. */
export function toWords(text, names) {
  return unescape(
    text
      .replace(/<([@#])([^<>|]+)(?:\|([^<>]*))?>/g, (_, kind, id, label) => kind + (names[id] ?? label ?? id))
      .replace(/<!date\^(\d+)\^([^^>]+)[^>]*>/g, (_, seconds, pattern) => formatDate(Number(seconds), pattern))
      .replace(/<(?:[^<>|]+\|)?([^<>]+)>/g, "$1")
      .replace(/[*~`]/g, ""),
  );
}
