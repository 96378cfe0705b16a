/* Symbols by their names in Slack: those that the bridge posts, and some that people type. */

const EMOJI = {
  "+1": "👍", "-1": "👎", alarm_clock: "⏰", arrow_double_up: "⏫", arrow_right: "➡️", bell: "🔔", boom: "💥", bug: "🐛",
  busts_in_silhouette: "👥", clipboard: "📋", clock1: "🕐", coffee: "☕", eyes: "👀", fast_forward: "⏩", fire: "🔥", gear: "⚙️",
  grey_question: "❔", heart: "❤️", heavy_check_mark: "✔️", hourglass: "⌛", hourglass_flowing_sand: "⏳",
  information_source: "ℹ️", joy: "😂", label: "🏷️", link: "🔗", lock: "🔒", mag: "🔍", mega: "📣", memo: "📝",
  no_entry: "⛔", ok_hand: "👌", pager: "📟", pray: "🙏", question: "❓", raising_hand: "🙋", red_circle: "🔴",
  rocket: "🚀", rotating_light: "🚨", satellite_antenna: "📡", smile: "😄", sos: "🆘", speech_balloon: "💬",
  tada: "🎉", telephone_receiver: "📞", thinking_face: "🤔", thread: "🧵", thumbsup: "👍", triangular_flag_on_post: "🚩",
  warning: "⚠️", wave: "👋", white_check_mark: "✅", wrench: "🔧", x: "❌", zap: "⚡", zzz: "💤",
};

/* Return the symbol of a name, or undefined. */
export const emoji = (name) => (Object.hasOwn(EMOJI, name) ? EMOJI[name] : undefined);
