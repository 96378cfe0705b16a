/* Markdown as nodes, as far as a canvas of the bridge has it: headings, lists, links and bold. Nothing in it is HTML. */

import { html } from "./html.js";
import { Link, plainText } from "./markup.js";

const TOKEN = /\\(?<escaped>[\\`*_[\]])|\[(?<label>(?:\\.|[^\]\\])*)\]\((?<target>(?:[^()\s]|\([^()\s]*\))+)\)|<(?<address>https?:[^<>\s]+)>|\*\*(?<bold>(?:\\.|[^*\\])+)\*\*/g;

export function Markdown({ text, onLink }) {
  const nodes = [];
  for (const line of text.split("\n")) {
    const [, spaces, mark, words] = line.match(/^( *)(#+|-) (.*)$/) ?? [null, "", "", line];
    const shown = inline(words, onLink);
    if (mark === "-") item(nodes, spaces !== "", shown);
    else if (mark === "#") nodes.push(html`<h3>${shown}</h3>`);
    else if (mark) nodes.push(html`<h4>${shown}</h4>`);
    else if (words.trim()) nodes.push(html`<p>${shown}</p>`);
    else nodes.push(null); // ends a list
  }
  return nodes.map((node) => (Array.isArray(node) ? list(node) : node));
}

/* Add an item to the list that the lines before began, or within its last item. */
function item(nodes, inner, shown) {
  if (!Array.isArray(nodes.at(-1))) nodes.push([]);
  const items = nodes.at(-1);
  if (inner && items.length) items.at(-1).below.push({ shown, below: [] });
  else items.push({ shown, below: [] });
}

const list = (items) => html`<ul>${items.map(({ shown, below }) => html`<li>${shown}${below.length > 0 && list(below)}</li>`)}</ul>`;

function inline(text, onLink) {
  const nodes = [];
  let end = 0;
  for (const token of text.matchAll(TOKEN)) {
    nodes.push(plainText(text.slice(end, token.index)), node(token.groups, onLink));
    end = token.index + token[0].length;
  }
  return [...nodes, plainText(text.slice(end))];
}

function node({ escaped, label, target, address, bold }, onLink) {
  if (escaped !== undefined) return escaped;
  if (bold !== undefined) return html`<strong>${inline(bold, onLink)}</strong>`;
  const url = (target ?? address).replaceAll("&amp;", "&");
  return html`<${Link} url=${url} onLink=${onLink}>${label === undefined ? url : inline(label)}<//>`;
}
