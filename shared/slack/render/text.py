"""
Pure: text from outside, made safe to show in Slack.

`escape` first, `clamp` after it: cutting never leaves half of what escaping wrote. Source of the three entities and of
the date token: Slack's page on formatting text for app surfaces.
"""

import re
from datetime import UTC, datetime
from urllib.parse import urlsplit

ELLIPSIS = "…"

_BREAKS = re.compile(r"[\t-\r\x1c-\x1f\x85\u2028\u2029]+")
"""Tabs and line ends: a title is one line, and must not be able to start another."""
_INVISIBLE = re.compile(
    "["
    "\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f"  # control characters
    "\u200b-\u200d\u2060-\u2064\ufeff\u180e"  # of no width
    "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"  # turn the direction of what follows
    "]"
)
_SURROGATE = re.compile("[\ud800-\udfff]")
_ENTITIES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})
_BROKEN_END = re.compile(r"(&[a-z]{0,4}|<[^<>]*)$")
"""The remainder of an entity or a token, such as a link, at a cut."""

_PAGERDUTY = re.compile(r"https://(?:[a-z0-9-]+\.)+pagerduty\.com(?:[/?#][!-~]*)?")
_LOOPBACK = re.compile(r"http://(?:127\.0\.0\.1|localhost|\[::1\])(?::[0-9]+)?(?:[/?#][!-~]*)?")
_NOT_IN_LINKS = frozenset('<>|"\\')
_OUTSIDE = re.compile(r"https?://[!-~]+")
_LONGEST_OUTSIDE = 500
_LONGEST_LABEL = 80
_ENCODED = {ord(char): f"%{ord(char):02X}" for char in _NOT_IN_LINKS}


def escape(text: str) -> str:
    """
    Make `text` one harmless line of mrkdwn.

    No mention, link or token of its own survives, nothing invisible, nothing that turns the reading direction. What
    remains is left as it was: a title full of asterisks stays readable.
    """
    return _clean(text).translate(_ENTITIES)


def clamp(text: str, limit: int) -> str:
    """
    Cut escaped `text` to `limit` characters, the last of which is then an ellipsis.

    Never cuts through an entity or a token. Slack counts the characters as they are sent, entities and all.
    """
    if len(text) <= limit:
        return text
    kept = _BROKEN_END.sub("", text[: max(0, limit - 1)])
    return (kept.rstrip() + ELLIPSIS)[: max(0, limit)]


def plain(text: str, limit: int) -> str:
    """Make `text` fit for a `plain_text` field, where nothing is markup and so nothing is escaped."""
    cleaned = _clean(text)
    return cleaned if len(cleaned) <= limit else (cleaned[: max(0, limit - 1)].rstrip() + ELLIPSIS)[: max(0, limit)]


def link(url: str, label: str, *, base: str = "") -> str:
    """Link the escaped `label` to `url` if that is PagerDuty's (`linkable`); else give the label alone."""
    return f"<{url.translate(_ENTITIES)}|{label}>" if linkable(url, base=base) else label


def linkable(url: str, *, base: str = "") -> bool:
    """
    True if `url` may be linked: a page at `https://*.pagerduty.com`.

    `base` is the address of the PagerDuty in use. If that is plain http on this machine, its own pages count as well.
    """
    if _NOT_IN_LINKS & set(url):
        return False
    if _PAGERDUTY.fullmatch(url):
        return True
    return bool(_LOOPBACK.fullmatch(base) and _LOOPBACK.fullmatch(url)) and urlsplit(url)[:2] == urlsplit(base)[:2]


def external_link(url: str, label: str) -> str:
    """
    Link to a page that monitoring named, beside the host that it leads to: the label may say anything.

    An address that cannot be linked is shown as text. `label` is not escaped yet, and may be empty.
    """
    words, host = clamp(escape(label), _LONGEST_LABEL), _host(url)
    address = url.translate(_ENCODED).translate(_ENTITIES)
    if not host or len(address) > _LONGEST_OUTSIDE:
        return ": ".join(filter(None, (words, clamp(escape(url), _LONGEST_OUTSIDE))))
    return f"<{address}|{words}> ({host})" if words not in ("", host, escape(url)) else f"<{address}|{host}>"


UNITS = ((3600, "hour"), (60, "minute"))


def duration(seconds: float) -> str:
    """Return a length of time in its largest fitting unit, such as `5 minutes` or `48 hours`."""
    size, unit = next((each for each in UNITS if seconds >= 2 * each[0]), (1, "second"))
    count = round(seconds / size)
    return f"{count} {unit}{'' if count == 1 else 's'}"


def date(ms: int, fallback: str = "") -> str:
    """
    Show a moment, in milliseconds since 1970, in each reader's own time zone.

    `fallback` is what programs show that know no dates; by default the moment in UTC.
    """
    seconds = ms // 1000
    otherwise = escape(fallback) or f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M} UTC"
    return f"<!date^{seconds}^{{date_short_pretty}} {{time}}|{otherwise}>"


def _host(url: str) -> str:
    """Return the host of an address; empty for an address that must not be followed."""
    if not _OUTSIDE.fullmatch(url):
        return ""
    try:
        return clamp(escape(urlsplit(url).hostname or ""), _LONGEST_LABEL)
    except ValueError:
        return ""


def _clean(text: str) -> str:
    return _SURROGATE.sub("\ufffd", _INVISIBLE.sub("", _BREAKS.sub(" ", text)))
