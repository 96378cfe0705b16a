"""
What a card says besides the state: the first alert, and what PagerDuty will do next.

No webhook carries either, so both are read once the card is posted, and kept in the projection. Pending actions are
forgotten as soon as the incident moves on: no time is better than a wrong time at 3 a.m.
"""

from dataclasses import dataclass, replace

from shared.model.event import SNOOZED, Event, Instant, Ref, Snapshot, Status


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

    def is_wanted(self, snapshot: Snapshot, as_of: Instant | None) -> bool:
        """True if PagerDuty has to be read, for an incident known up to `as_of`."""
        return self.alert is None or self.is_outdated(snapshot, as_of)

    def is_outdated(self, snapshot: Snapshot, as_of: Instant | None) -> bool:
        """True if the pending actions are not those of the current state; a resolved incident has none."""
        if snapshot.status is Status.RESOLVED:
            return False
        return self.pending is None or (as_of is not None and self.pending.as_of.surely_before(as_of))

    def after_fold(self, before: Snapshot | None, after: Snapshot | None) -> "Enrichment":
        """Forget what was to come if the incident has moved on since then."""
        if before is None or after is None or identifying_fields(before) == identifying_fields(after):
            return self
        return replace(self, pending=None)

    def after_event(self, event: Event) -> "Enrichment":
        """Forget when an acknowledgement ends once it has been snoozed, of which its snapshot shows nothing."""
        if self.pending is None or event.type != SNOOZED or event.at.surely_before(self.pending.as_of):
            return self
        return replace(self, pending=None)


def identifying_fields(snapshot: Snapshot) -> tuple[object, ...]:
    """List what decides about the things to come."""
    policy = snapshot.escalation_policy.id if snapshot.escalation_policy else None
    return snapshot.status, snapshot.urgency, snapshot.assignee_ids, policy
