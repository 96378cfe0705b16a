"""Pure: a handover in words: who is on call, what is open by how it stands, what flaps, and the last notes."""

from collections.abc import Callable, Sequence
from typing import TypeVar

from bolt_app.handover.shifts import shift_words
from bolt_app.queries.list_incidents import incident_row, paragraphs
from bolt_app.queries.on_call import people_on_call
from bolt_app.queries.on_call_reader import PolicyOnCall
from bolt_app.replies.builder import TITLE, label, people_listed
from shared.model.handover import FLAPS, HOURS, Flap, HandedNote, Handover, Known
from shared.model.handover_posts import ShiftChange
from shared.slack.render.blocks import Message, clamp, date, link, message, named, section, short
from shared.slack.render.card import SYMBOL, next_step_text

T = TypeVar("T")

MOST = (10, 7, 5, 3, 2, 1)
"""Incidents and notes of each kind that are told, as many as there is room for; the others are counted."""
ROOM = 10_000
"""Characters of all paragraphs: Slack refuses messages of some 13,000 as JSON, and documents no number."""
ON_CALL = 800
"""Characters of the people on call for one policy."""
NOTE = 300
"""Characters of a note that are told."""
SUMMARY = 3000
"""Characters of the text beside a message's blocks."""
HEADING = "*Handover of this channel*"
QUIET = "Nothing to hand over."
OLDER = "_Older incidents are not looked at here; PagerDuty has them all._"
UNREAD = "_Who is on call couldn't be read._"


def handover_paragraphs(
    found: Handover, policies: Sequence[PolicyOnCall | None], now_ms: int, *, older: bool
) -> list[str]:
    """Return its paragraphs, escaped. A policy of None could not be read; `older`: not everything was looked at."""
    above, below = "\n".join(_on_call(policies, now_ms)), OLDER if older else ""
    told = [list(filter(None, (above, *(_parts(found, now_ms, most) or [QUIET]), below))) for most in MOST]
    return next((each for each in told if sum(map(len, each)) <= ROOM), told[-1])


def _parts(found: Handover, now_ms: int, most: int) -> list[str]:
    """Return what there is to hand over, `most` of each kind."""

    def row(one: Known) -> str:
        name = f"{SYMBOL[one.shown.status]} *{_link(one)}* {short(one.shown.title, TITLE)}"
        people = people_listed(one.shown.assignees)
        following = next_step_text(one.incident, one.shown)
        return " · ".join(filter(None, (incident_row(name, one.shown, now_ms, people), following)))

    return [
        *_part(f"Not acknowledged: {len(found.triggered)}", found.triggered[:most], row, len(found.triggered)),
        *_part(f"Acknowledged: {len(found.acknowledged)}", found.acknowledged[:most], row, len(found.acknowledged)),
        *_part(f"Snoozed: {len(found.snoozed)}", found.snoozed[:most], row, len(found.snoozed)),
        *_part(
            f"Flapping (opened {FLAPS} times or more in {HOURS} hours)", found.flaps[:most], _flap, len(found.flaps)
        ),
        *_part(f"Notes of the last {HOURS} hours", found.notes[-most:], _note, len(found.notes), "earlier"),
    ]


def handover_message(key: str, heading: str, told: Sequence[str]) -> Message:
    """Return the message that is posted in a channel, below a heading in mrkdwn."""
    blocks = [section(paragraph) for paragraph in (heading, *told)]
    return message(key, clamp("\n".join((heading, *told)), SUMMARY), blocks, {})


def shift_message(key: str, change: ShiftChange, told: Sequence[str]) -> Message:
    """Return the message that is posted when a shift ends; one line if nothing is handed over and someone follows."""
    heading = f"*{shift_words(change)}* · {date(change.at_ms)}"
    if QUIET in told and change.coming:
        return handover_message(key, f"{heading} · {QUIET}", ())
    return handover_message(key, heading, told)


def _on_call(policies: Sequence[PolicyOnCall | None], now_ms: int) -> list[str]:
    first = [(one.policy.name, [entry for entry in one.entries if entry.level == 1]) for one in policies if one]
    people = [
        clamp(f"On call for *{short(name)}*: {people_on_call(entries, now_ms)}", ON_CALL) for name, entries in first
    ]
    return [*people, *([UNREAD] if None in policies else [])]


def _part(heading: str, shown: Sequence[T], row: Callable[[T], str], count: int, others: str = "more") -> list[str]:
    """Return the rows below a heading, and the number of `others` of `count` that are not shown; empty without rows."""
    left = count - len(shown)
    counted = [f"…and {left} {others}."] if left else []
    return paragraphs([f"*{heading}*", *map(row, shown), *counted]) if shown else []


def _flap(flap: Flap) -> str:
    service = f" on {named(flap.newest.shown.service)}" if flap.newest.shown.service else ""
    return f":repeat: {short(flap.newest.shown.title, TITLE)}{service}: {flap.count} times, last {_link(flap.newest)}"


def _note(note: HandedNote) -> str:
    author = short(note.line.agent.name) if note.line.agent else ""
    return f":memo: {_link(note.about)} {author or 'Someone'} · {date(note.line.at.ms)}: {short(note.words, NOTE)}"


def _link(one: Known) -> str:
    return link(one.shown.url, label(one.incident.id, one.shown))
