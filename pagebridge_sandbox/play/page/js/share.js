/* What has not changed from state to state stays the same object, so that it need not be drawn again. */

/* Give `next`, with the parts of `before` in it that are equal; `before` itself when all is. Items of lists go by `id` or `ts`. */
export function share(before, next) {
  if (!isObject(before) || !isObject(next) || Array.isArray(before) !== Array.isArray(next)) return next;
  return Array.isArray(next) ? shareItems(before, next) : shareFields(before, next);
}

/* Give `before` with other fields, each named by its path: `hops`, or `slack.channels`. */
export function changed(before, changes) {
  const next = { ...before };
  for (const [path, value] of Object.entries(changes)) {
    const [part, field] = path.split(".");
    next[part] = field ? { ...next[part], [field]: share(next[part]?.[field], value) } : share(next[part], value);
  }
  return next;
}

const isObject = (value) => value !== null && typeof value === "object";
const nameOf = (item) => item?.id ?? item?.ts;

function shareFields(before, next) {
  const names = Object.keys(next);
  let isSame = names.length === Object.keys(before).length;
  for (const name of names) {
    next[name] = share(before[name], next[name]);
    isSame &&= next[name] === before[name];
  }
  return isSame ? before : next;
}

function shareItems(before, next) {
  const named = new Map(before.map((each) => [nameOf(each), each]));
  const shared = next.map((each, place) => share(nameOf(each) === undefined ? before[place] : named.get(nameOf(each)), each));
  return shared.length === before.length && shared.every((each, place) => each === before[place]) ? before : shared;
}
