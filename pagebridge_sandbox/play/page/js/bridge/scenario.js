/* What was done, as a link, a file, or the skeleton of a test; and playing one again. */

import { html, useEffect, usePage, useRef, useState } from "../html.js";
import { Menu } from "../menu.js";
import { get } from "../server.js";
import { Frame } from "../slack/frame.js";

export function Scenario() {
  const { act, notify } = usePage();
  const [skeleton, setSkeleton] = useState(null);
  const file = useRef(null);
  const attempt = (what) => () => what().catch((error) => notify({ words: error.message, at: Date.now() }));
  const copyLink = async () => {
    const link = `${location.origin}/#scenario=${encode(await get("scenario"))}`;
    await navigator.clipboard.writeText(link);
    notify({ words: "The link is copied. It holds what you did so far.", at: Date.now() });
  };
  const save = async () => download("scenario.json", JSON.stringify(await get("scenario"), null, 2));
  const load = async (event) => {
    const [chosen] = event.target.files;
    event.target.value = "";
    if (chosen) await act("scenario", JSON.parse(await chosen.text()));
  };
  const items = [
    { label: "Copy a link", note: "to what you did so far", choose: attempt(copyLink) },
    { label: "Save to a file", note: "scenario.json", choose: attempt(save) },
    { label: "Play a file", note: "one that was saved", choose: () => file.current.click() },
    { label: "Save the webhooks", note: "for pagebridge replay", choose: attempt(async () => download("webhooks.jsonl", (await get("deliveries")).text)) },
    { label: "As a test", note: "the skeleton of a story", choose: attempt(async () => setSkeleton((await get("scenario/test")).text)) },
  ];
  return html`<${Menu} class="bar-button" label="Scenario" items=${items}>Scenario ▾<//>
    <input ref=${file} type="file" accept="application/json" hidden aria-label="Scenario file" onChange=${(event) => attempt(() => load(event))()} />
    ${skeleton !== null && html`<div class="over-page"><${Frame} title="The skeleton of a test" close=${() => setSkeleton(null)}>
      <div class="dialog-body"><pre class="skeleton" tabindex="0">${skeleton}</pre></div>
      <footer class="dialog-buttons"><button type="button" class="slack-button primary" onClick=${() => navigator.clipboard.writeText(skeleton)}>Copy</button></footer>
    <//></div>`}`;
}

/* A link that holds a scenario asks before it plays it. */
export function ScenarioLink() {
  const { act, notify } = usePage();
  const [text, setText] = useState(linked);
  useEffect(() => {
    const look = () => setText(linked());
    window.addEventListener("hashchange", look);
    return () => window.removeEventListener("hashchange", look);
  }, []);
  if (!text) return null;
  const done = () => {
    history.replaceState(null, "", "/");
    setText(null);
  };
  const play = () => {
    done();
    try {
      act("scenario", decode(text));
    } catch {
      notify({ words: "This link does not hold a scenario.", at: Date.now() });
    }
  };
  return html`<section class="tour" aria-label="Scenario of this link">
    <p class="grow">This link holds a scenario. Playing it does what somebody else did here.</p>
    <button type="button" class="tour-button" onClick=${play}>Play it</button>
    <button type="button" class="plain" onClick=${done}>Ignore it</button>
  </section>`;
}

function linked() {
  return location.hash.match(/^#scenario=([\w-]+)$/)?.[1];
}

function encode(scenario) {
  const bytes = new TextEncoder().encode(JSON.stringify(scenario));
  // One by one: as arguments of one call they would be too many for a long recording.
  const letters = Array.from(bytes, (byte) => String.fromCharCode(byte)).join("");
  return btoa(letters).replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
}

function decode(text) {
  const binary = atob(text.replaceAll("-", "+").replaceAll("_", "/"));
  return JSON.parse(new TextDecoder().decode(Uint8Array.from(binary, (letter) => letter.charCodeAt(0))));
}

function download(name, text) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([text], { type: "application/json" }));
  link.download = name;
  link.click();
  URL.revokeObjectURL(link.href);
}
