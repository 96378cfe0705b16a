/* The rows of the sequence diagram, drawn as SVG. */

import { classes, html, kept } from "../html.js";

export const PARTIES = [
  { id: "person", label: "People" },
  { id: "slack", label: "Slack" },
  { id: "worker", label: "Worker" },
  { id: "store", label: "Store" },
  { id: "receiver", label: "Receiver" },
  { id: "pagerduty", label: "PagerDuty" },
];
const TIMES = 54; // pixels left of the first party, for the times
const ROW = 30;
const GAP = 22;
/* Pixels above and below what is seen within which hops are drawn: there are hundreds. */
export const NEAR = 300;
const LONG_GAP_MS = 1500; // what is longer is drawn as a pause
const minutesAndSeconds = new Intl.DateTimeFormat("en-GB", { minute: "2-digit", second: "2-digit" });

/* Where a party's line is; who is not a machine is a person. */
export function columnOf(id, width) {
  const known = PARTIES.findIndex((party) => party.id === id);
  const room = (width - TIMES - 16) / PARTIES.length;
  return TIMES + room * (Math.max(0, known) + 0.5);
}

/* Give each hop its place, with a pause where nothing happened for a while. */
export function rowsOf(hops) {
  let y = 8;
  const rows = hops.map((hop, place) => {
    const pause = place > 0 ? hop.at_ms - hops[place - 1].at_ms : 0;
    if (pause > LONG_GAP_MS) y += GAP;
    const row = { y, pause: pause > LONG_GAP_MS ? pause : 0 };
    y += ROW;
    return row;
  });
  return { rows, height: y + 8 };
}

/* The hops whose rows lie between `from` and `to`, the chosen one, and the one that has the focus. */
export function Rows({ rows, hops, width, from, to, chosen, choose }) {
  const lasting = [chosen, document.activeElement?.dataset.hop];
  const shown = hops.map((hop, place) => ({ hop, ...rows[place] })).filter(({ hop, y }) => (y >= from && y <= to) || lasting.includes(hop.id));
  const reached = shown.some(({ hop }) => hop.id === chosen) ? chosen : shown.at(-1)?.hop.id; // with Tab; the others with the arrows
  return shown.map(
    ({ hop, y, pause }) => html`<g key=${hop.id} transform=${`translate(0 ${y})`}>
      <${KeptRow} hop=${hop} pause=${pause} width=${width} isChosen=${hop.id === chosen} isReached=${hop.id === reached} choose=${choose} />
    </g>`,
  );
}

const KeptRow = kept(Row); // knows nothing of its place, which is another one whenever the first is left out

function Row({ hop, pause, width, isChosen, isReached, choose }) {
  const [from, to] = [columnOf(hop.from, width), columnOf(hop.to, width)];
  const isPerson = !PARTIES.some((party) => party.id === hop.from);
  const duration = hop.ms === null || hop.ms === undefined ? "" : `${hop.ms} ms`;
  const words = `${isPerson ? `${name(hop.from)}: ` : ""}${hop.label}`;
  const shown = fit(words, width);
  const seen = [clock(hop.at_ms), shown, duration].filter(Boolean).join(" ");
  const label = `${seen}: ${hop.from} to ${hop.to}${shown === words ? "" : `, ${words}`}${hop.ok ? "" : ", failed"}`;
  const keys = (event) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!step && event.key !== "Enter" && event.key !== " ") return;
    event.preventDefault();
    if (!step) return choose(hop.id);
    const all = [...event.currentTarget.ownerSVGElement.querySelectorAll(".hop")];
    all[all.indexOf(event.currentTarget) + step]?.focus();
  };
  return html`
    ${pause > 0 && html`<${Pause} y=${-11} width=${width} milliseconds=${pause} />`}
    <g class=${classes("hop", `kind-${hop.kind}`, !hop.ok && "failed", isChosen && "chosen")} role="button" tabindex=${isReached ? 0 : -1} aria-pressed=${isChosen}
      aria-label=${label} data-hop=${hop.id} onClick=${() => choose(hop.id)} onKeyDown=${keys}>
      <rect class="back" x="0" y="0" width=${width} height=${ROW} />
      <text class="time" x="4" y="18">${clock(hop.at_ms)}${" "}</text>
      <${Arrow} from=${from} to=${to} y=${20} />
      <text class="label" x=${labelAt(from, to, words, width)} y="13">${shown}${duration && html`<tspan class="ms" dx="3">${" "}${duration}</tspan>`}</text>
    </g>
  `;
}

function Arrow({ from, to, y }) {
  const tip = from < to ? -6 : 6;
  return html`<line class="arrow" x1=${from} x2=${to + tip} y1=${y} y2=${y} />
    <path class="tip" d=${`M${to} ${y}l${tip} -4v8z`} /><circle class="foot" cx=${from} cy=${y} r="2.5" />`;
}

function Pause({ y, width, milliseconds }) {
  const words = milliseconds < 60_000 ? `${(milliseconds / 1000).toFixed(1)} s later` : `${Math.round(milliseconds / 60_000)} min later`;
  return html`<g class="pause"><line x1=${TIMES} x2=${width} y1=${y} y2=${y} /><text x=${width - 8} y=${y - 4} text-anchor="end">${words}</text></g>`;
}

const LETTER = 5.6; // pixels, about

/* The words begin above their arrow, or further left if they would not fit. */
function labelAt(from, to, words, width) {
  const left = Math.min(from, to) + 6;
  return Math.max(TIMES + 4, Math.min(left, width - Math.min(words.length + 9, most(width)) * LETTER));
}

const most = (width) => Math.floor((width - TIMES - 12) / LETTER);

function fit(words, width) {
  const room = most(width) - 9;
  return words.length > room ? `${words.slice(0, room - 1)}…` : words;
}

const name = (who) => who[0].toUpperCase() + who.slice(1);

const clock = (at) => `${minutesAndSeconds.format(at)}.${String(Math.floor(at % 1000)).padStart(3, "0")}`;
