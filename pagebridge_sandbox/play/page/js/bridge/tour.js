/* The guided tour: what to do next, and whether it came out as it ought to. */

import { classes, html, usePage, useState } from "../html.js";

export function Tour() {
  const { act, state } = usePage();
  const [isClosed, setClosed] = useState(false);
  const tour = state.tour;
  if (!tour || isClosed) return null;
  const { step, steps } = tour;
  if (step === 0) {
    return html`<section class="tour" aria-label="Guided tour">
      <p class="grow"><b>New here?</b> Seven short steps show what the bridge promises. You do them, and each checks itself.</p>
      <button type="button" class="tour-button" onClick=${() => act("tour", { start: true, do: "start" })}>Start the tour</button>
      <button type="button" class="plain" aria-label="Close the tour" onClick=${() => setClosed(true)}>✕</button>
    </section>`;
  }
  const now = steps[step - 1];
  const isLast = step === steps.length;
  return html`<section class=${classes("tour", now.done && "done")} aria-label="Guided tour" data-step=${now.id}>
    <ol class="tour-dots" aria-label=${`Step ${step} of ${steps.length}`}>
      ${steps.map((each, place) => html`<li class=${classes(each.done && "done", place === step - 1 && "now")} title=${each.title}>${each.done ? "✓" : place + 1}</li>`)}
    </ol>
    <div class="grow">
      <h2>${now.title}</h2>
      <p>${now.task}</p>
      ${!now.done && now.hint && html`<details><summary>Hint</summary>${now.hint}</details>`}
      <p class=${classes("tour-check", now.done && "held")} role="status">${now.done ? "✓ " : ""}${now.check}</p>
    </div>
    <div class="tour-buttons">
      ${!isLast && html`<button type="button" class="tour-button" disabled=${!now.done} onClick=${() => act("tour", { do: "next" })}>Next</button>`}
      ${isLast && now.done && html`<b>That was all.</b>`}
      <button type="button" class="plain" onClick=${() => act("tour", { do: "reset" })}>Leave</button>
    </div>
  </section>`;
}
