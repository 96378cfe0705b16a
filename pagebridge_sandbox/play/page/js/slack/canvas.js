/* A canvas: a document, for those with whom it was shared. */

import { html, usePage } from "../html.js";
import { Markdown } from "../markdown.js";
import { Frame } from "./frame.js";

export function Canvas({ canvas }) {
  const { change, openLink, view } = usePage();
  const close = () => change({ canvas: null });
  const isShared = canvas.readers.includes(view.who);
  return html`<${Frame} title=${isShared ? canvas.title : "Canvas"} wide=${true} close=${close}>
    <div class="dialog-body canvas" tabindex="0" role="document" aria-label="Canvas">
      ${isShared ? html`<${Markdown} text=${canvas.markdown} onLink=${(url) => openLink(url) && (close(), true)} />` : html`<p>This canvas is not shared with you.</p>`}
    </div>
  <//>`;
}
