/* Choose one or several from a list that can be searched (the combobox pattern of the ARIA guide). */

import { classes, html, useEffect, useRef, useState } from "../html.js";
import { place } from "../menu.js";

let counted = 0;

export function Picker({ items, search, chosen, change, multi, most, label, field, placeholder }) {
  const [typed, setTyped] = useState(null);
  const [found, setFound] = useState([]);
  const [active, setActive] = useState(0);
  const id = useRef(`picker${(counted += 1)}`).current;
  const input = useRef(null);
  const list = useRef(null);
  const isOpen = typed !== null;
  const shown = search ? found : items.filter((item) => item.label.toLowerCase().includes((typed ?? "").trim().toLowerCase()));
  useEffect(() => {
    if (!isOpen) return;
    list.current.showPopover();
    place(list.current, input.current);
    list.current.style.minWidth = `${input.current.offsetWidth}px`;
  }, [isOpen, shown.length]);
  useEffect(() => {
    let stale = false;
    if (search && isOpen) search(typed.trim()).then((next) => stale || setFound(next));
    return () => {
      stale = true;
    };
  }, [typed]);
  const close = () => setTyped(null);
  const pick = (item) => {
    const others = chosen.filter((each) => each.id !== item.id);
    if (!multi) change([item]);
    else if (others.length < chosen.length) change(others);
    else if (!most || chosen.length < most) change([...chosen, item]);
    close();
  };
  const open = (text) => {
    setTyped(text);
    setActive(0);
  };
  const keys = (event) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) {
      event.preventDefault();
      if (isOpen) setActive((active + step + shown.length) % Math.max(1, shown.length));
      else open("");
    } else if (event.key === "Enter" && isOpen && shown[active]) {
      event.preventDefault();
      pick(shown[active]);
    } else if (event.key === "Escape" && isOpen) {
      event.stopPropagation();
      close();
    } else if (event.key === "Backspace" && !typed && chosen.length) {
      change(chosen.slice(0, -1));
    }
  };
  const single = !multi && chosen[0];
  return html`<div class="picker">
    ${multi && chosen.map((each) => html`<${Chip} item=${each} remove=${() => pick(each)} />`)}
    <input ...${field} ref=${input} class="field" type="text" role="combobox" autocomplete="off"
      aria-label=${field ? undefined : label} aria-expanded=${isOpen} aria-controls=${isOpen ? id : undefined} aria-autocomplete="list"
      aria-activedescendant=${isOpen && shown[active] ? `${id}-${active}` : undefined}
      placeholder=${placeholder} value=${typed ?? (single ? single.label : "")}
      onClick=${() => isOpen || open("")} onInput=${(event) => open(event.target.value)} onKeyDown=${keys} onBlur=${close} />
    ${single && !isOpen && html`<button type="button" class="plain clear" aria-label=${`Clear ${label}`} onClick=${() => change([])}>✕</button>`}
    ${isOpen && html`<div ref=${list} id=${id} class="menu options" popover="manual" role="listbox" aria-label=${label}>
      ${shown.map((item, place) => html`<${Option} id=${`${id}-${place}`} item=${item} active=${place === active}
        chosen=${chosen.some((each) => each.id === item.id)} pick=${() => pick(item)} />`)}
      ${shown.length === 0 && html`<div class="nothing" role="option" aria-disabled="true" aria-selected="false">${search && !typed ? "Type to search" : "No results"}</div>`}
    </div>`}
  </div>`;
}

function Option({ id, item, active, chosen, pick }) {
  const press = (event) => {
    event.preventDefault(); // the field keeps the focus
    pick();
  };
  return html`<div id=${id} role="option" aria-selected=${chosen} class=${classes("menu-item", active && "active", chosen && "checked")} onMouseDown=${press}>
    <span>${item.label}</span>${item.note && html`<small>${item.note}</small>`}
  </div>`;
}

function Chip({ item, remove }) {
  return html`<span class="chip">${item.label}<button type="button" class="plain" aria-label=${`Remove ${item.label}`} onClick=${remove}>✕</button></span>`;
}
