"""
Pure: what happened to an incident as a document in Markdown: who did what, when and where, with notes and links.

It tells what the thread tells, all of it and in full, at every verbosity. What was said privately, and
what only the bridge asked or counted, is no part of it.
"""

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime

from shared.model import event_types
from shared.model.event import SECOND, Snapshot
from shared.model.incident import Incident
from shared.model.thread_layout import SUMMED, ThreadEntry, layout_thread
from shared.slack.render.blocks import escape, external_link, link, named, number
from shared.slack.render.thread_line import headline, written_text

_TOKEN = re.compile(r"<([^<>|]+)(?:\|([^<>]*))?>")
_SPECIAL = re.compile(r"([\\`_~|\[\]])")
_BOLD = re.compile(r"(?<!\w)\*([^*\n]+)\*(?!\w)|\*")
_BLOCK = re.compile(r"^(\d*)([#+=.)-])")
"""The beginning of a line that would make it a heading, a rule, or an item of a list."""


def timeline_document(incident: Incident) -> str:
    """Write the document of an incident with all its lines. Times are in UTC."""
    shown = incident.snapshot
    title = _written(f"{number(shown)} {escape(shown.title)}".strip()) if shown else incident.id
    every = tuple(replace(line, told=False) for line in incident.lines)
    entries = (each for each in layout_thread(every) if _belongs(each))
    happened = [row for each in entries for row in _entry(each)] or ["Nothing is known to have happened."]
    lines = [f"# {title}", "", *(_facts(shown) if shown else ()), *_links(incident), ""]
    return "\n".join([*lines, "## What happened (UTC)", "", *happened]) + "\n"


def to_markdown(text: str) -> str:
    """Write Slack's markup as Markdown; what people wrote becomes no markup of either."""
    parts, at = list[str](), 0
    for token in _TOKEN.finditer(text):
        parts += [_plain(text[at : token.start()]), _shown(token[1], token[2] or "")]
        at = token.end()
    return _BOLD.sub(_bold, "".join([*parts, _plain(text[at:])]))


def _bold(found: re.Match[str]) -> str:
    return f"**{found[1]}**" if found[1] else r"\*"


def _facts(shown: Snapshot) -> Iterator[str]:
    named_refs = {"Service": shown.service, "Priority": shown.priority, "Escalation policy": shown.escalation_policy}
    yield f"- State: {shown.status}, {escape(shown.urgency)} urgency"
    for what, ref in named_refs.items():
        if ref is not None:
            yield f"- {what}: {_written(named(ref))}"
    if shown.created_ms is not None:
        yield f"- Opened: {_time(shown.created_ms)}"


def _links(incident: Incident) -> Iterator[str]:
    if incident.snapshot and (page := link(incident.snapshot.url, "The incident in PagerDuty")).startswith("<"):
        yield f"- {to_markdown(page)}"
    alert = incident.enrichment.alert
    for each in alert.links if alert else ():
        yield f"- {to_markdown(external_link(each.href, each.text))}"


def _belongs(entry: ThreadEntry) -> bool:
    if entry.line.type in {event_types.CHANNEL_OPENED, event_types.CHANNEL_FAILED}:
        return False
    return entry.line.type != SUMMED and (entry.line.type != event_types.REMINDED or bool(entry.sides))


def _entry(entry: ThreadEntry) -> Iterator[str]:
    yield f"- {_time(entry.line.at.ms)} {to_markdown(headline(entry))}"
    for line in written_text(entry).splitlines():
        if line.strip():
            yield f"  > {_line_written(line)}"


def _time(ms: int) -> str:
    return f"{datetime.fromtimestamp(ms // SECOND, UTC):%Y-%m-%d %H:%M:%S}"


def _shown(target: str, label: str) -> str:
    if target.startswith("!date^"):
        return label or _time(int(target.split("^")[1]) * SECOND)
    target = target.replace("*", "%2A")
    return f"[{_plain(label)}]({target})" if label else f"<{target}>"


def _plain(text: str) -> str:
    """Escape what Markdown would read in text of ours, in which asterisks are Slack's markup."""
    return _SPECIAL.sub(r"\\\1", text)


def _line_written(text: str) -> str:
    """Escape what Markdown would read in a line that people wrote, also at its beginning."""
    return _BLOCK.sub(r"\1\\\2", _written(escape(text.strip())))


def _written(text: str) -> str:
    """Escape what Markdown would read within a line that people wrote."""
    return _plain(text).replace("*", r"\*")
