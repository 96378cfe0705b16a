/* Times as Slack shows them: in the zone and the words of who reads. */

const clock = new Intl.DateTimeFormat("en-US", { hour: "numeric", minute: "2-digit" });
const clockWithSeconds = new Intl.DateTimeFormat("en-US", { hour: "numeric", minute: "2-digit", second: "2-digit" });
const short = new Intl.DateTimeFormat("en-US", { month: "short", day: "numeric", year: "numeric" });
const long = new Intl.DateTimeFormat("en-US", { weekday: "long", month: "long", day: "numeric", year: "numeric" });
const plain = new Intl.DateTimeFormat("en-US", { month: "long", day: "numeric", year: "numeric" });

const DAY = 86_400_000;
const startOfDay = (date) => new Date(date.getFullYear(), date.getMonth(), date.getDate()).getTime();

/* Return "today", "yesterday" or "tomorrow", or null for another day. */
function nearby(date, now) {
  const days = Math.round((startOfDay(date) - startOfDay(now)) / DAY);
  return { "-1": "yesterday", 0: "today", 1: "tomorrow" }[days] ?? null;
}

const PARTS = {
  date: (at) => plain.format(at),
  date_num: (at) => at.toLocaleDateString("en-CA"),
  date_short: (at) => short.format(at),
  date_long: (at) => long.format(at),
  date_pretty: (at, now) => nearby(at, now) ?? plain.format(at),
  date_short_pretty: (at, now) => nearby(at, now) ?? short.format(at),
  date_long_pretty: (at, now) => nearby(at, now) ?? long.format(at),
  time: (at) => clock.format(at),
  time_secs: (at) => clockWithSeconds.format(at),
};

/* Fill in the pattern of a `<!date^...>`; what is not known stays. `seconds` are since the epoch. */
export function formatDate(seconds, pattern, now = new Date()) {
  const at = new Date(seconds * 1000);
  return pattern.replace(/\{(\w+)\}/g, (whole, name) => PARTS[name]?.(at, now) ?? whole).replace(/ /g, "\u00a0");
}

/* The time of day of a message. */
export const clockTime = (seconds) => clock.format(new Date(seconds * 1000));

/* The words above the first message of a day. */
export function dayName(seconds, now = new Date()) {
  const at = new Date(seconds * 1000);
  const word = nearby(at, now);
  return word ? word[0].toUpperCase() + word.slice(1) : long.format(at);
}

/* How long ago, in words. */
export function ago(iso, now = Date.now()) {
  const seconds = Math.max(0, Math.round((now - Date.parse(iso)) / 1000));
  if (seconds < 60) return `${seconds} s ago`;
  const minutes = Math.round(seconds / 60);
  return minutes < 60 ? `${minutes} min ago` : `${Math.round(minutes / 60)} h ago`;
}

/* Hours, minutes and seconds of a moment. */
export const clockOf = (iso) => clockWithSeconds.format(new Date(iso));
