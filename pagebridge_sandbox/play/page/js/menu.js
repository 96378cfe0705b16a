/* A button with a menu, for mouse, touch, keyboard and screen reader (the menu button pattern of the ARIA guide). */

import { classes, html, useEffect, useRef, useState } from "./html.js";

/* `items` are `{label, choose, note?, checked?}`. The list lies above everything: nothing cuts it off. */
export function Menu({ class: name, label, items, title, children }) {
  const [isOpen, setOpen] = useState(false);
  const button = useRef(null);
  const list = useRef(null);
  useEffect(() => {
    if (!isOpen) return;
    list.current.showPopover();
    place(list.current, button.current);
    list.current.querySelector("[role^=menuitem]")?.focus();
  }, [isOpen]);
  const close = (back = true) => {
    setOpen(false);
    if (back) button.current?.focus();
  };
  const choose = (item) => {
    close();
    item.choose();
  };
  return html`<span class="menu-anchor">
    <button
      type="button"
      ref=${button}
      class=${name}
      title=${title}
      aria-label=${label}
      aria-haspopup="menu"
      aria-expanded=${isOpen}
      onClick=${() => setOpen(!isOpen)}
    >
      ${children}
    </button>
    ${isOpen &&
    html`<div
      ref=${list}
      class="menu"
      popover="auto"
      role="menu"
      aria-label=${label}
      onToggle=${(event) => event.newState === "closed" && close(false)}
      onKeyDown=${(event) => move(event, close)}
    >
      ${items.map(
        (item) => html`<button
          type="button"
          role=${item.checked === undefined ? "menuitem" : "menuitemradio"}
          aria-checked=${item.checked}
          tabindex="-1"
          class=${classes("menu-item", item.checked && "checked")}
          onClick=${() => choose(item)}
        >
          <span>${item.label}</span>${item.note && html`<small>${item.note}</small>`}
        </button>`,
      )}
    </div>`}
  </span>`;
}

/* Put a list below what it belongs to, or above where there is more room; it stays within the window. */
export function place(list, anchor) {
  const at = anchor.getBoundingClientRect();
  const below = innerHeight - at.bottom - 8;
  const upwards = below < list.offsetHeight && at.top > below;
  const left = Math.max(4, Math.min(at.left, innerWidth - list.offsetWidth - 4));
  list.style.left = `${left}px`;
  list.style.top = upwards ? "auto" : `${at.bottom + 4}px`;
  list.style.bottom = upwards ? `${innerHeight - at.top + 4}px` : "auto";
  list.style.maxHeight = `${Math.max(120, (upwards ? at.top : below) - 8)}px`;
}

function move(event, close) {
  const all = [...event.currentTarget.querySelectorAll("[role^=menuitem]")];
  const now = all.indexOf(document.activeElement);
  const next = { ArrowDown: now + 1, ArrowUp: now - 1, Home: 0, End: all.length - 1 }[event.key];
  if (next !== undefined) {
    event.preventDefault();
    all.at(next % all.length).focus();
  }
  if (event.key === "Escape" || event.key === "Tab") {
    event.preventDefault();
    event.stopPropagation();
    close();
  }
}
