"""What the next shift has to know: how each incident stands, what counts as flapping, and which notes are recent."""

from dataclasses import replace

from shared.model.event import Event, Ref
from shared.model.event_types import (
    ACKNOWLEDGED,
    ANNOTATED,
    NOTE_EDITED,
    REOPENED,
    RESOLVED,
    SNOOZED,
    TRIGGERED,
    UNACKNOWLEDGED,
)
from shared.model.handover import FLAPS, HOURS, summarize
from shared.model.ids import IncidentId
from shared.model.incident import Incident, fold
from tests.builders import BOB, NOON, webhook

MINUTE, HOUR = 60_000, 3_600_000
NOW = NOON + HOURS * HOUR


def folded(name: str, *events: Event, opened: int = NOON, title: str = "Checkout is slow") -> Incident:
    """Fold events into an incident that was opened then; what changes no state leaves it as it was."""
    incident = Incident(IncidentId(name))
    for number, one in enumerate((webhook(TRIGGERED, opened), *events)):
        shown = replace(one.snapshot, created_ms=opened, title=title) if one.snapshot else None
        kept = shown if one.type not in {ANNOTATED, NOTE_EDITED, SNOOZED} else None
        named = replace(one, incident=incident.id, snapshot=kept, id=type(one.id)(f"{name}:{number}"))
        incident = fold(incident, named, NOON).incident
    return incident


def note(at: int, subject: str, text: str, kind: str = ANNOTATED) -> Event:
    """Make a note, or what one was changed to."""
    state = (("state", "deleted"),) if text == "deleted" else (("text", text),)
    return replace(webhook(kind, at, BOB), subject=subject, detail=text, details=state)


def test_open_incidents_are_told_by_how_they_stand() -> None:
    """One that was acknowledged after its snooze is not asleep any more; a resolved one is not open."""
    acknowledged = webhook(ACKNOWLEDGED, NOON + MINUTE)
    snoozed = webhook(SNOOZED, NOON + 2 * MINUTE)
    found = summarize(
        [
            folded("QOPEN"),
            folded("QACK", acknowledged),
            folded("QZZZ", acknowledged, snoozed),
            folded("QAWAKE", acknowledged, snoozed, webhook(ACKNOWLEDGED, NOON + 3 * MINUTE)),
            folded("QWOKEN", acknowledged, snoozed, webhook(UNACKNOWLEDGED, NOON + 3 * MINUTE, None)),
            folded("QOVER", webhook(RESOLVED, NOON + MINUTE)),
            Incident(IncidentId("QUNKNOWN")),
        ],
        NOON + HOURS * HOUR * 2,
    )

    named = [[one.incident.id for one in part] for part in (found.triggered, found.acknowledged, found.snoozed)]
    assert [["QOPEN", "QWOKEN"], ["QACK", "QAWAKE"], ["QZZZ"]] == named


def test_the_most_urgent_come_first() -> None:
    """Of high urgency, then the newest."""
    old, new, low = folded("QOLD"), folded("QNEW", opened=NOON + HOUR), folded("QLOW", opened=NOON + 2 * HOUR)
    assert low.snapshot is not None
    low = replace(low, snapshot=replace(low.snapshot, urgency="low"))

    found = summarize([low, old, new], NOW)

    assert ["QNEW", "QOLD", "QLOW"] == [one.incident.id for one in found.triggered]


def test_what_is_opened_again_and_again_flaps() -> None:
    """As several incidents of one title at one service, or as one that is reopened; an older opening does not count."""
    several = [
        folded(f"QSAME{number}", webhook(RESOLVED, NOON + number * HOUR + MINUTE), opened=NOON + number * HOUR)
        for number in range(FLAPS)
    ]
    again = [webhook(kind, NOON + at * MINUTE) for at, kind in enumerate((RESOLVED, REOPENED) * 2, 1)]
    reopened = folded("QAGAIN", *again, title="Disk is full")
    elsewhere = folded("QOTHER")
    assert elsewhere.snapshot is not None
    elsewhere = replace(elsewhere, snapshot=replace(elsewhere.snapshot, service=Ref("POTHER", "search")))

    found = summarize([*several, reopened, elsewhere], NOW)

    assert [("QSAME2", 3), ("QAGAIN", 3)] == [(flap.newest.incident.id, flap.count) for flap in found.flaps]
    assert [] == summarize([*several[1:], reopened], NOW + MINUTE).flaps


def test_an_acknowledgement_that_ends_opens_nothing() -> None:
    """It says that no one works on it, not that it came again."""
    ends = [webhook(kind, NOON + at * MINUTE) for at, kind in enumerate((ACKNOWLEDGED, UNACKNOWLEDGED) * 3, 1)]

    assert [] == summarize([folded("QENDS", *ends)], NOW).flaps


def test_the_notes_of_the_last_hours_read_as_they_are_now() -> None:
    """Of open and resolved incidents, the oldest first; without those that were deleted, or are older."""
    first = folded(
        "QFIRST",
        note(NOON - MINUTE, "N0", "Too old"),
        note(NOON + HOUR, "N1", "Restarted"),
        note(NOON + 2 * HOUR, "N1@5", "Restarted twice", NOTE_EDITED),
        note(NOON + HOUR, "N2", "Wrong incident"),
        note(NOON + 2 * HOUR, "N2@deleted", "deleted", NOTE_EDITED),
    )
    other = folded("QOTHER", note(NOON + MINUTE, "N3", "Looking"), webhook(RESOLVED, NOON + HOUR))

    found = summarize([first, other], NOW)

    assert ["Looking", "Restarted twice"] == [one.words for one in found.notes]
    assert not found.is_quiet
    assert summarize([], NOW).is_quiet
