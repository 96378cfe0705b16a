/* How the parts lie: side by side where there is room, else one at a time. */

import { classes, html, pane, useEffect, usePage } from "./html.js";
import { ICON } from "./avatar.js";
import { Menu } from "./menu.js";
import { Tabs } from "./tabs.js";
import { SlackWindow } from "./slack/window.js";
import { PagerDuty } from "./pagerduty/pane.js";
import { Breaks } from "./bridge/breaks.js";
import { Sequence } from "./bridge/sequence.js";
import { Promises, PromisesLabel } from "./bridge/promises.js";
import { Why } from "./bridge/why.js";
import { Tour } from "./bridge/tour.js";
import { Scenario, ScenarioLink } from "./bridge/scenario.js";

const SLACK_VIEW = ["who", "channel", "thread", "canvas", "drawer", "phone", "read", "seen"];
const SlackPane = pane(SlackWindow, { state: ["slack"], view: SLACK_VIEW, page: ["names", "question"] });
const TourPane = pane(Tour, { state: ["tour"] });
const ScenarioPane = pane(Scenario, {});
const SIDE = [
  { id: "pagerduty", label: "PagerDuty", Part: pane(PagerDuty, { state: ["pagerduty"], view: ["incident"] }) },
  { id: "breaks", label: "Break it", Part: pane(Breaks, { state: ["breaks"] }) },
];
const BELOW = [
  { id: "hops", label: "What is going on", Part: pane(Sequence, { state: ["hops"], view: ["hop"] }) },
  { id: "promises", label: html`<${PromisesLabel} />`, Part: pane(Promises, { state: ["invariants"] }) },
  { id: "why", label: "Why?", Part: pane(Why, { state: ["hops", "pagerduty"], view: ["incident"] }) },
];
const NARROW = [
  { id: "slack", label: "Slack", icon: "💬" },
  { id: "pagerduty", label: "PagerDuty", icon: "📟" },
  { id: "hops", label: "Hops", icon: "⇄" },
  { id: "breaks", label: "Break it", icon: "⚡" },
  { id: "tour", label: "Tour", icon: "★" },
];

export function Layout() {
  const { change, view } = usePage();
  const show = (name, id) => change({ [name]: id, narrow: name === "below" ? "hops" : id });
  return html`<main class="page" data-narrow=${view.narrow}>
    <${TopBar} />
    <${ScenarioLink} />
    <div class="tour-slot" data-part="tour"><${TourPane} /></div>
    <div class="slack-slot" data-part="slack"><${SlackPane} /></div>
    <div class="side-slot"><${Tabs} label="PagerDuty and faults" tabs=${SIDE} chosen=${view.side} choose=${(id) => show("side", id)} /></div>
    <div class="below-slot" data-part="hops"><${Tabs} label="What is going on" tabs=${BELOW} chosen=${view.below} choose=${(id) => show("below", id)} /></div>
    <nav class="narrow-tabs" aria-label="Parts of the page">
      ${NARROW.map((each) => html`<button type="button" aria-current=${view.narrow === each.id ? "true" : undefined} onClick=${() => turn(change, each.id)}>
        <span aria-hidden="true">${each.icon}</span>${each.label}${each.id === "tour" && html`<${TourProgress} />`}
      </button>`)}
    </nav>
    <${Notice} />
  </main>`;
}

/* Where the tour is, and that its step is done, while another part is looked at. */
function TourProgress() {
  const { step, steps } = usePage().state.tour;
  return step > 0 && html` <b>${step}/${steps.length}${steps[step - 1].done && " ✓"}</b>`;
}

/* On a narrow page PagerDuty and the faults share one place. */
function turn(change, id) {
  if (id === "pagerduty" || id === "breaks") return change({ narrow: id, side: id });
  return change({ narrow: id });
}

const NEXT_THEME = { auto: "light", light: "dark", dark: "auto" };
const THEME_ICON = { auto: "◐", light: "☀", dark: "☾" };

function TopBar() {
  const { act, change, isLost, notify, state, view } = usePage();
  const restart = async () => {
    notify({ words: "Starting again …", at: Date.now() });
    await act("reset", {});
    change({ thread: null, incident: null, hop: null, read: {}, seen: {} });
    notify(null);
  };
  const stopped = Object.entries(state.processes).filter(([, word]) => word !== "running").map(([name]) => name);
  return html`<header class="top">
    <img src=${ICON} alt="" width="24" height="24" /><b class="brand">pagebridge</b>
    <span class=${classes("health", (isLost || stopped.length > 0) && "bad")} role="status">
      ${isLost ? "server gone" : stopped.length ? `${stopped.join(", ")} stopped` : "receiver, worker and store run"}
    </span>
    <${Playing} />
    <${Counters} />
    <span class="grow"></span>
    <${ScenarioPane} />
    <button type="button" class="bar-button wide-only" aria-pressed=${view.phone} title="Slack as wide as a phone" onClick=${() => change({ phone: !view.phone })}>Phone size</button>
    <button type="button" class="bar-button" title=${`Theme: ${view.theme}`} aria-label=${`Theme: ${view.theme}`} onClick=${() => change({ theme: NEXT_THEME[view.theme] })}>${THEME_ICON[view.theme]}</button>
    <${Menu} class="bar-button" label="Start again" title="Start again" items=${[{ label: "Start again", note: "incidents, messages and logs are gone", choose: restart }]}>↺<//>
  </header>`;
}

const COUNTED = {
  writes: ["write", "writes"],
  slack_calls: ["Slack call", "Slack calls"],
  deliveries: ["webhook", "webhooks"],
  echoes: ["echo", "echoes"],
  duplicates: ["duplicate", "duplicates"],
  stale: ["stale", "stale"],
  cards: ["card", "cards"],
};
const MEANING = {
  writes: "Calls that change something in PagerDuty",
  slack_calls: "Calls of the bridge to Slack",
  deliveries: "Webhooks that the receiver has accepted",
  echoes: "Webhooks about the bridge's own writes: they add nothing",
  duplicates: "Webhooks that came again: they add nothing",
  stale: "Webhooks older than what is known: they take nothing back",
  cards: "Messages of the bridge in channels, threads left out",
};

function Counters() {
  const { state } = usePage();
  return html`<dl class="counters">
    ${Object.entries(COUNTED).map(([name, [one, many]]) => html`<div title=${MEANING[name]}><dt>${state.counters[name] === 1 ? one : many}</dt><dd data-counter=${name}>${state.counters[name] ?? "–"}</dd></div>`)}
  </dl>`;
}

/* How far a scenario is that is being played, and why it stopped. */
function Playing() {
  const played = usePage().state.scenario;
  if (!played || (played.done === played.of && !played.error)) return null;
  return html`<span class=${classes("playing", played.error && "bad")} role="status">Scenario: ${played.done} of ${played.of}${played.error && `. It stopped: ${played.error}`}</span>`;
}

/* What the server had against the last act. */
function Notice() {
  const { notice, notify } = usePage();
  useEffect(() => {
    const timer = notice && setTimeout(() => notify(null), 8000);
    return () => clearTimeout(timer);
  }, [notice]);
  return html`<div class="notice" role="alert">
    ${notice && html`<p>${notice.words}<button type="button" class="plain" aria-label="Close" onClick=${() => notify(null)}>✕</button></p>`}
  </div>`;
}
