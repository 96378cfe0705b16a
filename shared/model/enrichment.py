"""
The parts of a card besides the state: the first alert, and what PagerDuty will do next.

No webhook carries either, so both are read once the card is posted, and kept in the projection. When an acknowledgement
from Slack ends, PagerDuty's answer to it says already. Pending actions are forgotten as soon as the incident moves on:
no time is better than a wrong time at 3 a.m.

The escalation level, by which the next one is known, PagerDuty does not expose: it is remembered or derived.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from shared.model.event import Instant, Ref
from shared.model.ids import UserId

OnCallByLevel = Mapping[int, Mapping[UserId, str]]
"""The people on call at each level, by id, with their names."""


@dataclass(frozen=True)
class Link:
    """A page that the monitoring refers to."""

    href: str
    text: str


@dataclass(frozen=True)
class FirstAlert:
    """
    The first alert; all fields but `client` are empty if the incident has none.

    `client` is the monitoring tool that reported the incident, with its page, where one is named. `fields` are those of
    its fields that `bridge.toml` chooses, each by its path, and `images` the pages of its images, if that chooses them.
    """

    summary: str = ""
    source: str = ""
    links: tuple[Link, ...] = ()
    client: Link | None = None
    fields: tuple[tuple[str, str], ...] = ()
    images: tuple[Link, ...] = ()


@dataclass(frozen=True)
class PendingActions:
    """
    The changes that PagerDuty will make by itself, as of `as_of`, in PagerDuty's time.

    `escalates_ms` is when it escalates to the next level unless it is acknowledged, `assignees` to whom, empty unless
    certain. `ends_ms` is when the acknowledgement or the snooze ends. None: never, as far as known.
    """

    as_of: Instant
    escalates_ms: int | None = None
    assignees: tuple[Ref, ...] = ()
    ends_ms: int | None = None


@dataclass(frozen=True)
class Enrichment:
    """Both parts, None while they have not been read."""

    alert: FirstAlert | None = None
    pending: PendingActions | None = None


@dataclass(frozen=True)
class Level:
    """The escalation level that a command of ours brought an incident to, and whom it was assigned to there."""

    number: int
    assignees: frozenset[UserId]


def present_level(remembered: Level | None, assignees: frozenset[UserId], on_call: OnCallByLevel) -> int | None:
    """Return the current escalation level, None if not certain. A remembered one holds for its assignees only."""
    if remembered is not None and remembered.assignees == assignees:
        return remembered.number
    candidates = [level for level, people in on_call.items() if assignees and assignees <= people.keys()]
    return candidates[0] if len(candidates) == 1 else None
