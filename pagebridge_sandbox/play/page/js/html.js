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

/* Join the class names that hold. */
export const classes = (...names) => names.filter(Boolean).join(" ");
