/* The way elements are written here: htm's templates, which Preact makes into nodes. Text is never parsed as HTML. */

import { createContext, h, render } from "../vendor/preact.mjs";
import { useContext, useEffect, useLayoutEffect, useMemo, useRef, useState } from "../vendor/hooks.mjs";
import htm from "../vendor/htm.mjs";

export const html = htm.bind(h);
export { render, useEffect, useLayoutEffect, useMemo, useRef, useState };

/* What every part of the page reads and calls: `state` (the server's), `view` (what is looked at), `change`, `act`. */
export const Page = createContext(null);
export const usePage = () => useContext(Page);

/* Join the class names that hold. */
export const classes = (...names) => names.filter(Boolean).join(" ");
