/* A dialog (a modal view): what is filled in, what is wrong, loading, and what lies below it. */

import { html, useEffect, usePage, useRef, useState } from "../html.js";
import { Blocks } from "./blocks.js";
import { Frame } from "./frame.js";

export function Dialog({ modals }) {
  const { act, view } = usePage();
  const modal = modals.at(-1);
  const { drafts, fill, settled } = useDrafts(modal.view_id);
  const [busy, setBusy] = useState(false);
  const named = { user: view.who, view_id: modal.view_id };
  const submit = async (event) => {
    event.preventDefault();
    if (busy) return;
    setBusy(true);
    await settled();
    await act("slack/modal/submit", named);
    setBusy(false);
  };
  const close = (all) => act("slack/modal/close", { ...named, all });
  const surface = { ...named, modal: true, values: merge(modal.values, drafts), errors: modal.errors, fill };
  return html`<${Frame} key=${modal.view_id + modal.loading} title=${modal.title} close=${() => close(true)} back=${modals.length > 1 && (() => close(false))}>
    <form class="dialog-form" onSubmit=${submit} novalidate>
      <div class="dialog-body" aria-busy=${modal.loading} aria-live="polite">
        ${modal.trouble && html`<p class="trouble" role="alert">⚠ ${modal.trouble}</p>`}
        ${modal.loading && html`<span class="spinner" aria-hidden="true"></span>`}
        <${Blocks} blocks=${modal.blocks} surface=${surface} />
      </div>
      <footer class="dialog-buttons">
        <button type="button" class="slack-button" onClick=${() => close(false)}>${modal.close ?? "Close"}</button>
        ${modal.submit &&
        html`<button type="submit" class="slack-button primary" aria-disabled=${busy} aria-busy=${busy}>${modal.submit}</button>`}
      </footer>
    </form>
  <//>`;
}

/* What was filled in but has perhaps not come back yet; acts go one after the other, and are awaited before it is sent. */
function useDrafts(viewId) {
  const { act, view } = usePage();
  const [drafts, setDrafts] = useState({});
  const line = useRef(Promise.resolve());
  const waiting = useRef(new Map());
  useEffect(() => setDrafts({}), [viewId]);
  const send = (path, value) => {
    const chosen = Array.isArray(value) ? value.map(idOf) : idOf(value);
    line.current = line.current.then(() => act("slack/modal/fill", { user: view.who, view_id: viewId, ...path, value: chosen }));
  };
  const fill = (path, value) => {
    const key = `${path.block_id}/${path.action_id}`;
    setDrafts((before) => ({ ...before, [key]: value }));
    clearTimeout(waiting.current.get(key)?.timer);
    const run = () => {
      waiting.current.delete(key);
      send(path, value);
    };
    waiting.current.set(key, { run, timer: setTimeout(run, 250) });
  };
  const settled = () => {
    for (const { run, timer } of [...waiting.current.values()]) {
      clearTimeout(timer);
      run();
    }
    return line.current;
  };
  return { drafts, fill, settled };
}

const idOf = (chosen) => (chosen && typeof chosen === "object" ? chosen.value : chosen);

function merge(values, drafts) {
  const merged = structuredClone(values ?? {});
  for (const [key, value] of Object.entries(drafts)) {
    const [block, action] = [key.slice(0, key.indexOf("/")), key.slice(key.indexOf("/") + 1)];
    (merged[block] ??= {})[action] = value;
  }
  return merged;
}
