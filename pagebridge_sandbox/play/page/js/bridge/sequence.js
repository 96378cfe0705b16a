/* A sequence diagram that grows: who sent what to whom, when, and how it went. A press on a hop shows what went along. */

import { html, useEffect, useLayoutEffect, useMemo, usePage, useRef, useState } from "../html.js";
import { get } from "../server.js";
import { NEAR, PARTIES, Rows, columnOf, rowsOf } from "./hops.js";

export function Sequence() {
  const { change, state, view } = usePage();
  const [incident, setIncident] = useState("");
  const [reads, setReads] = useState(false);
  const hops = state.hops.filter((hop) => (reads || !hop.read) && (!incident || hop.incident === Number(incident)));
  const choose = useMemo(() => (id) => change((before) => ({ hop: id === before.hop ? null : id })), []);
  const numbers = [...new Set(state.hops.map((hop) => hop.incident).filter(Boolean))].sort((one, other) => other - one);
  return html`<div class="sequence">
    <div class="hop-filter">
      <label>Incident <select value=${incident} onChange=${(event) => setIncident(event.target.value)}>
        <option value="">all</option>${numbers.map((each) => html`<option value=${each}>#${each}</option>`)}
      </select></label>
      <label><input type="checkbox" checked=${reads} onChange=${(event) => setReads(event.target.checked)} /> what the bridge reads</label>
      <span class="legend">${hops.length} of ${state.hops.length} hops</span>
    </div>
    <${Diagram} hops=${hops} chosen=${view.hop} choose=${choose} />
    ${view.hop && html`<${Payload} hop=${state.hops.find((each) => each.id === view.hop)} id=${view.hop} close=${() => change({ hop: null })} />`}
  </div>`;
}

const STEP = 150; // pixels by which one scrolls until other hops are drawn

function Diagram({ hops, chosen, choose }) {
  const box = useRef(null);
  const follows = useRef(true);
  const [{ width, room }, setSize] = useState({ width: 0, room: 0 });
  const [top, setTop] = useState(null); // null: it follows the end
  useEffect(() => {
    const watcher = new ResizeObserver(([{ contentRect: it }]) => it.width && setSize({ width: Math.max(320, it.width), room: it.height }));
    watcher.observe(box.current);
    return () => watcher.disconnect();
  }, []);
  useLayoutEffect(() => {
    if (follows.current) box.current.scrollTop = box.current.scrollHeight;
  }, [hops.length, hops.at(-1)?.id, width, room]);
  const scroll = ({ currentTarget: it }) => {
    follows.current = it.scrollHeight - it.scrollTop - it.clientHeight < 60;
    setTop(follows.current ? null : Math.floor(it.scrollTop / STEP) * STEP);
  };
  const { rows, height } = useMemo(() => rowsOf(hops), [hops.map((hop) => hop.id).join()]);
  const first = top ?? height - room;
  return html`<div class="diagram" ref=${box} onScroll=${scroll} tabindex="0" role="group" aria-label="Sequence diagram">
    <div class="parties" aria-hidden="true" style=${`width: ${width}px`}>
      ${PARTIES.map((party) => html`<span style=${`left: ${columnOf(party.id, width)}px`} class="party">${party.label}</span>`)}
    </div>
    ${hops.length === 0 && html`<p class="empty">Nothing has happened yet.</p>`}
    <svg class="hops" width=${width} height=${height} aria-label="Hops">
      ${PARTIES.map((party) => html`<line class="lifeline" x1=${columnOf(party.id, width)} x2=${columnOf(party.id, width)} y1="0" y2=${height} />`)}
      ${width > 0 && html`<${Rows} rows=${rows} hops=${hops} width=${width} from=${first - NEAR} to=${first + room + NEAR} chosen=${chosen} choose=${choose} />`}
    </svg>
  </div>`;
}

function Payload({ hop, id, close }) {
  const [text, setText] = useState("…");
  useEffect(() => {
    let stale = false;
    const show = (words) => stale || setText(words);
    get(`hop/${encodeURIComponent(id)}`).then((answer) => show(JSON.stringify(answer.payload, null, 2)), (error) => show(error.message));
    return () => {
      stale = true;
    };
  }, [id, hop?.ms]);
  return html`<section class="payload" aria-label="What went along">
    <header><b>${hop ? `${hop.from} → ${hop.to}` : "Hop"}</b><span class="grow">${hop?.label}</span>
      <button type="button" class="plain" aria-label="Close" onClick=${close}>✕</button></header>
    <pre tabindex="0">${text}</pre>
  </section>`;
}
