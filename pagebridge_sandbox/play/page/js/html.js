/* The way elements are written here: htm's templates, which Preact makes into nodes. Text is never parsed as HTML. */

import { createContext, h, render } from "../vendor/preact.mjs";
import { useContext, useEffect, useLayoutEffect, useMemo, useRef, useState } from "../vendor/hooks.mjs";
import htm from "../vendor/htm.mjs";

export const html = htm.bind(h);
export { render, useEffect, useLayoutEffect, useMemo, useRef, useState };

/* What every part of the page reads and calls: `state` (the server's), `view` (what is looked at), `change`, `act`. */
export const Page = createContext(null);
export const usePage = () => useContext(Page);

/* Make of a part one that is drawn again only when a property of it is another one. */
export function kept(Part) {
  return function Kept(props) {
    this.shouldComponentUpdate ??= (next) => Object.keys({ ...this.props, ...next }).some((name) => next[name] !== this.props[name]);
    return h(Part, props);
  };
}

const LASTING = ["act", "ask", "change", "notify", "openLink"]; // functions that are the same for as long as the page is there

/* Make of a part one that is drawn again only when something that it reads is another one: in it, nothing else can be read. */
export function pane(Part, { state: parts = [], view: looks = [], page: others = [] }) {
  const KeptPart = kept(Part);
  return function Pane() {
    const page = usePage();
    const [state, view, rest] = [pick(page.state, parts), pick(page.view, looks), pick(page, others)];
    const values = [state, view, rest].flatMap(Object.values);
    const within = useMemo(() => ({ ...pick(page, LASTING), ...rest, state, view }), values);
    return h(Page.Provider, { value: within }, h(KeptPart));
  };
}

const pick = (all, names) => Object.fromEntries(names.map((name) => [name, all[name]]));

/* Join the class names that hold. */
export const classes = (...names) => names.filter(Boolean).join(" ");
