/* A picture of somebody: their initials on a colour of their own, or the app's symbol. */

import { html } from "./html.js";

export const ICON = new URL("../icon.svg", import.meta.url).pathname;
const COLORS = ["#1264a3", "#8d3f87", "#007a5a", "#a0522d", "#5b4ab5", "#b3261e", "#33691e"];

export function Avatar({ id = "", name = "", bot, small }) {
  const size = small ? "avatar small" : "avatar";
  if (bot) return html`<img class=${size} src=${ICON} alt="" />`;
  const sum = [...id].reduce((total, letter) => total * 7 + letter.charCodeAt(0), 0);
  const initials = name.split(" ").map((word) => word[0] ?? "").slice(0, 2).join("");
  return html`<span class=${size} style=${`background: ${COLORS[sum % COLORS.length]}`} aria-hidden="true">${initials}</span>`;
}
