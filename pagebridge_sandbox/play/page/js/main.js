/* The page: what is looked at is kept here, what happens comes from the server. */

import { Page, html, render, useEffect, useMemo, useRef, useState } from "./html.js";
import { listen, post } from "./server.js";
import { Layout } from "./layout.js";
import { changed, share } from "./share.js";

const FIRST_VIEW = {
  who: null, channel: null, thread: null, canvas: null, drawer: false, phone: false, read: {}, seen: {},
  side: "pagerduty", below: "hops", narrow: "slack", incident: null, hop: null, theme: localStorage.getItem("theme") ?? "auto",
};

function App() {
  const [state, setState] = useState(null);
  const [isLost, setLost] = useState(false);
  const [view, setView] = useState(FIRST_VIEW);
  const [question, ask] = useState(null);
  const [notice, notify] = useState(null);
  const latest = useRef({ names: {}, shown: {} });
  const lasting = useMemo(() => lastingOf(latest), []);
  const change = (patch) => setView((before) => ({ ...before, ...(typeof patch === "function" ? patch(before) : patch) }));
  useEffect(() => listen((changes) => { setState((before) => changed(before, changes)); setLost(false); }, () => setLost(true)), []);
  useEffect(() => {
    document.documentElement.dataset.theme = view.theme;
    localStorage.setItem("theme", view.theme);
  }, [view.theme]);
  useEffect(() => ask(null), [view.who]);
  if (!state) return html`<p class="starting" role="status">${isLost ? "The server is not there. Start it again with make play." : "Starting …"}</p>`;
  const act = async (path, body) => {
    try {
      return await post(path, body);
    } catch (error) {
      notify({ words: error.message, at: Date.now() });
      return null;
    }
  };
  const who = view.who ?? state.slack.people[0].id;
  const shown = share(latest.current.shown, { ...view, who, seen: { ...view.seen, [who]: (state.slack.private[who] ?? []).length } });
  const names = share(latest.current.names, namesOf(state.slack));
  latest.current = { names, shown, act, change: keepSeen(change, shown), openLink: openHere(state, change) };
  const page = { state, view: shown, ask, question, notice, notify, isLost, names, ...lasting };
  return html`<${Page.Provider} value=${page}><${Layout} /><//>`;
}

/* Functions that stay the same from state to state, and do what the latest do. */
const lastingOf = (latest) => Object.fromEntries(["act", "change", "openLink"].map((name) => [name, (...given) => latest.current[name](...given)]));

/* What somebody had in front of them counts as seen when another one looks. */
const keepSeen = (change, shown) => (patch) => change((before) => ({ seen: { ...before.seen, ...shown.seen }, ...(typeof patch === "function" ? patch(before) : patch) }));

function namesOf(slack) {
  const all = [...slack.people, ...slack.channels, ...(slack.bot ? [slack.bot] : [])];
  return Object.fromEntries(all.map((each) => [each.id, each.name]));
}

/* A link to an incident opens it here, in the PagerDuty of this page, and one to a canvas opens that. Gives whether it did. */
function openHere(state, change) {
  return (url) => {
    const canvas = state.slack.canvases.find((each) => url === each.address);
    if (canvas) change({ canvas: canvas.id });
    if (canvas) return true;
    const found = state.pagerduty.incidents.find((each) => url === each.html_url);
    if (!found) return false;
    change({ side: "pagerduty", narrow: "pagerduty", incident: found.number });
    return true;
  };
}

render(html`<${App} />`, document.getElementById("app"));
