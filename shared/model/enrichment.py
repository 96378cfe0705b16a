"""
What a card says besides the state: the first alert, and what PagerDuty will do next.

No webhook carries either, so both are read once the card is posted, and kept in the projection. Pending actions are
forgotten as soon as the incident moves on: no time is better than a wrong time at 3 a.m.
"""

from dataclasses import dataclass

from shared.model.event import Instant, Ref


@dataclass(frozen=True)
class Link:
    """A page that the monitoring refers to."""

    href: str
    text: str


@dataclass(frozen=True)
class FirstAlert:
    """The first alert; all fields are empty if the incident has none."""

    summary: str = ""
    source: str = ""
    links: tuple[Link, ...] = ()


@dataclass(frozen=True)
class PendingActions:
    """
    What PagerDuty will do by itself with the incident as of `as_of`, in PagerDuty's time.

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
