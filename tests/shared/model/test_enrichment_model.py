"""What a card says besides the state: when it has to be asked for, and when it must not be shown any more."""

from dataclasses import replace

import pytest

from shared.model.enrichment import Enrichment, FirstAlert, PendingActions
from shared.model.event import Event, Instant, Ref, Source
from shared.model.event_types import ACKNOWLEDGED, ESCALATED, PRIORITY_UPDATED, RESOLVED, SNOOZED, TRIGGERED, Status
from shared.model.ids import EventId
from shared.model.incident import Incident, fold, settle
from tests.builders import ALICE, BOB, INCIDENT, NOON, answer, snapshot, webhook

READ = Enrichment(FirstAlert("Slow"), PendingActions(Instant(NOON), NOON + 60_000, (Ref("PBOB001", "Bob"),)))


def known(*events: Event) -> Incident:
    """Fold events onto an incident that was triggered at noon, of which all has been read then."""
    incident = replace(fold(Incident(INCIDENT), webhook(TRIGGERED, NOON), NOON).incident, enrichment=READ)
    for event in events:
        incident = fold(incident, event, NOON).incident
    return incident


def wanted(incident: Incident) -> bool:
    """Ask the projection whether something has to be read."""
    assert incident.snapshot is not None
    return incident.needs_enrichment


def test_a_new_incident_has_to_be_read() -> None:
    """Both parts, and each for itself."""
    new = fold(Incident(INCIDENT), webhook(TRIGGERED, NOON), NOON).incident

    assert wanted(new)
    assert wanted(replace(new, enrichment=replace(READ, alert=None)))
    assert wanted(replace(new, enrichment=replace(READ, pending=None)))
    assert not wanted(known())


def test_an_alert_without_anything_is_known_as_well() -> None:
    """An incident without alerts is not asked about again and again."""
    assert not wanted(replace(known(), enrichment=replace(READ, alert=FirstAlert())))


@pytest.mark.parametrize("type_", [ACKNOWLEDGED, ESCALATED])
def test_what_was_to_come_is_forgotten_once_it_moves_on(type_: str) -> None:
    """Another state, or others to answer for it: nothing at all is better than the wrong time."""
    moved = webhook(type_, NOON + 5000)
    if type_ == ESCALATED:
        moved = replace(moved, snapshot=snapshot(Status.TRIGGERED, "Slow", BOB))

    incident = known(moved)

    assert incident.enrichment == replace(READ, pending=None)
    assert wanted(incident)


def test_what_changes_nothing_about_it_lets_it_stand_and_asks_again() -> None:
    """The same people at the next level, or another priority: what is known may be old, but is not surely wrong."""
    incident = known(replace(webhook(PRIORITY_UPDATED, NOON + 5000), snapshot=known().snapshot))

    assert incident.enrichment == READ
    assert wanted(incident)


def test_an_older_event_changes_nothing() -> None:
    """It comes late, and everybody knows better by now."""
    incident = known(replace(webhook(ACKNOWLEDGED, NOON - 5000)))

    assert incident.enrichment == READ
    assert not wanted(incident)


def test_a_resolved_incident_has_nothing_to_come() -> None:
    """Its alert is still read, once."""
    resolved = settle(known(), snapshot(Status.RESOLVED), Instant(NOON + 5000, 1000))

    assert resolved.enrichment.pending is None
    assert not wanted(resolved)
    assert wanted(replace(resolved, enrichment=Enrichment()))


@pytest.mark.parametrize(("seconds", "forgotten"), [(-1, False), (0, True), (5, True)])
def test_a_snooze_moves_the_end_of_the_acknowledgement(seconds: int, forgotten: bool) -> None:  # noqa: FBT001 -- of the table
    """Only its line tells of it: the snapshot stays as it was. One that was there before the read is in it."""
    at = Instant(NOON + seconds * 1000, 1000)
    snooze = Event(EventId("R1"), SNOOZED, INCIDENT, Source.LOG, at, ALICE)

    assert forgotten is (known(snooze).enrichment.pending is None)


def test_an_answer_that_says_when_the_acknowledgement_ends_leaves_nothing_to_read() -> None:
    """The card has the time at once; the echo of the change, which does not say it, lets it stand."""
    told = replace(answer(ACKNOWLEDGED, NOON + 5000, "c1"), ends_ms=NOON + 600_000)
    incident = known(told)
    echoed = known(told, webhook(ACKNOWLEDGED, NOON + 5400))

    assert PendingActions(Instant(NOON + 5000, 1000), ends_ms=NOON + 600_000) == incident.enrichment.pending
    assert not wanted(incident)
    assert incident.enrichment == echoed.enrichment
    assert not wanted(echoed)


def test_an_answer_is_not_believed_of_what_has_moved_on() -> None:
    """Neither one that is older than what is known, nor one to a call that changed nothing, tells when it ends."""
    told = replace(answer(ACKNOWLEDGED, NOON + 5000, "c1"), ends_ms=NOON + 600_000)
    resolved = known(webhook(RESOLVED, NOON + 9000), told)

    assert resolved.enrichment.pending is None
    assert known(replace(told, proven=False)).enrichment.pending is None


def test_a_snooze_of_ours_tells_when_it_ends() -> None:
    """Its answer has the new end of the acknowledgement, and so nothing is read for it."""
    until = replace(answer(ACKNOWLEDGED, NOON + 5000, "c1"), ends_ms=NOON + 600_000)
    snoozed = replace(answer(ACKNOWLEDGED, NOON + 9000, "c2"), type=SNOOZED, ends_ms=NOON + 900_000)

    incident = known(until, snoozed)

    assert PendingActions(Instant(NOON + 9000, 1000), ends_ms=NOON + 900_000) == incident.enrichment.pending
    assert not wanted(incident)


def test_a_read_of_the_same_second_is_not_repeated() -> None:
    """REST knows seconds: what is a part of the second that is known asks nobody again."""
    assert not wanted(replace(known(), as_of=Instant(NOON, 1000)))
