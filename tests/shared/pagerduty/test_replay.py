"""What is missing from a projection, found by comparing it with what PagerDuty shows."""

from dataclasses import replace

from shared.model.event import SECOND, Instant, Ref
from shared.model.event_types import (
    ACKNOWLEDGED,
    ANNOTATED,
    NOTE_EDITED,
    PRIORITY_UPDATED,
    REOPENED,
    RESPONDER_ADDED,
    RESPONDER_REPLIED,
    SERVICE_UPDATED,
    TITLE_CHANGED,
    TRIGGERED,
    URGENCY_CHANGED,
    Status,
)
from shared.model.incident import Incident, fold
from shared.pagerduty.events.replay import Repaired, Shown, Window, noticed, repaired, suspicious
from shared.pagerduty.models.incident import Asked, RestIncident
from shared.pagerduty.models.incident_parts import Change, LogEntry, Note
from tests.builders import ALICE, BOB, INCIDENT, NOON, snapshot, webhook

MINUTE = 60 * SECOND
LATER = NOON + 10 * MINUTE
ALL = Window(0, LATER)


def at(ms: int) -> Instant:
    """Give a second of REST."""
    return Instant(ms, SECOND)


def entry(kind: str, ms: int = NOON, changes: tuple[Change, ...] = (), note: str = "") -> LogEntry:
    """Make an entry of Alice's doing."""
    return LogEntry(f"{kind}@{ms}", f"{kind}_log_entry", at(ms), ALICE, "website", "", note=note, changes=changes)


def read(updated: int = NOON, **changed: object) -> RestIncident:
    """Make a reading of the incident; what is given replaces fields of its snapshot."""
    shown = replace(snapshot(), **changed)  # type: ignore[arg-type]  # a test names the fields
    return RestIncident(INCIDENT, shown, at(updated), None, (), "")


def known(*extra: str) -> Incident:
    """Make a projection that knows of the trigger, and of notes with these ids."""
    incident = fold(Incident(INCIDENT), webhook(TRIGGERED, NOON, None), NOON).incident
    for note in extra:
        event = replace(webhook(ANNOTATED, NOON + 5), subject=note, snapshot=None, id=note)  # type: ignore[arg-type]
        incident = fold(incident, event, NOON).incident
    return incident


def look(
    incident: Incident,
    reading: RestIncident,
    *log: LogEntry,
    notes: tuple[Note, ...] = (),
    window: Window = ALL,
) -> Repaired:
    """Compare a projection with what PagerDuty shows later."""
    trigger = entry("trigger")
    trigger = replace(trigger, agent=None)
    return repaired(incident, Shown(reading, at(LATER), (trigger, *log), notes), window, NOON)


def opened(found: Repaired) -> list[str]:
    """Name what was missing."""
    return [line.type for line in found.lines]


def note(content: str, ms: int = NOON + 5, updated: int | None = None, name: str = "PNOTE01") -> Note:
    """Make a note of Alice's."""
    return Note(name, content, Ref(ALICE.id, ALICE.name), at(ms), None if updated is None else at(updated))


def test_nothing_is_missing() -> None:
    """Entries take their slots, and that is all."""
    found = look(known(), read())

    assert ([], False, False) == (opened(found), found.state, found.young)
    assert 2 == len(found.incident.lines[0].slots)
    assert [] == opened(look(found.incident, read()))


def test_a_lost_acknowledge() -> None:
    """Its line and the state; once, however often it is looked at."""
    acknowledged = read(NOON + MINUTE, status=Status.ACKNOWLEDGED)
    found = look(known(), acknowledged, entry("acknowledge", NOON + MINUTE))

    assert ([ACKNOWLEDGED], True) == (opened(found), found.state)
    assert found.incident.status is Status.ACKNOWLEDGED
    again = look(found.incident, acknowledged, entry("acknowledge", NOON + MINUTE))
    assert again == Repaired(found.incident)


def test_what_is_young_may_still_come_by_itself() -> None:
    """The state is put right at once, the line waits, and neither counts as lost."""
    window = Window(0, NOON + MINUTE)
    found = look(
        known(), read(NOON + MINUTE, status=Status.ACKNOWLEDGED), entry("acknowledge", NOON + MINUTE), window=window
    )

    assert ([], False, True) == (opened(found), found.state, found.young)
    assert found.incident.status is Status.ACKNOWLEDGED


def test_what_is_older_than_the_data_counts_as_told() -> None:
    """After a loss of data, the log of an old incident opens no lines; what happened since does."""
    window = Window(NOON + 5 * MINUTE, LATER)
    log = [entry("acknowledge", NOON + MINUTE), entry("resolve", NOON + 6 * MINUTE)]

    found = repaired(Incident(INCIDENT), Shown(read(), at(LATER), tuple(log), ()), window, NOON)

    assert ["incident.resolved"] == opened(found)


def test_a_reading_that_lags_behind_changes_nothing() -> None:
    """A replica that is late shows the old title: that is no change of the title."""
    newer = fold(known(), webhook(ACKNOWLEDGED, NOON + MINUTE), NOON).incident

    late = Shown(read(NOON + 1, title="Older title"), at(NOON + 2 * MINUTE), (), ())
    found = repaired(newer, late, ALL, NOON)

    assert [] == opened(found)
    assert newer.snapshot == found.incident.snapshot


def test_title_urgency_priority_and_service() -> None:
    """What differs from what was told is told, once."""
    reading = read(
        NOON + MINUTE, title="Down", urgency="low", priority=Ref("PPRIO02", "P2"), service=Ref("PSVC002", "payments")
    )

    found = look(known(), reading)

    assert {TITLE_CHANGED, URGENCY_CHANGED, PRIORITY_UPDATED, SERVICE_UPDATED} == set(opened(found))
    said = {line.type: dict(line.details) for line in found.lines}
    assert {"title": "Down", "was": "Checkout is slow"} == said[TITLE_CHANGED]
    assert {"urgency": "low", "was": "high"} == said[URGENCY_CHANGED]
    assert "P2" == said[PRIORITY_UPDATED]["priority"]
    assert [] == opened(look(found.incident, reading))


def test_a_change_and_back_again() -> None:
    """Each of the two resyncs in between has something to tell."""
    first = look(known(), read(NOON + MINUTE, title="Down"))
    second = look(first.incident, read(NOON + 2 * MINUTE))

    assert [TITLE_CHANGED] == opened(second)
    assert "Checkout is slow" == second.lines[0].detail_value("title")


def test_a_title_that_another_event_brought() -> None:
    """The projection has the new title already, but nobody told of it."""
    title = webhook(ACKNOWLEDGED, NOON + MINUTE, title="Down")
    incident = fold(known(), title, NOON).incident

    assert [TITLE_CHANGED] == opened(look(incident, read(NOON + MINUTE, title="Down", status=Status.ACKNOWLEDGED)))


def test_the_only_entry_tells_who_and_when() -> None:
    """One changed field, one entry that nothing else explains."""
    found = look(known(), read(NOON + 2 * MINUTE, title="Down"), entry("field_value_change", NOON + MINUTE))

    assert (ALICE, NOON + MINUTE) == (found.lines[0].agent, found.lines[0].at.ms)


def test_an_entry_that_names_the_field_tells_who_and_when() -> None:
    """However many others there are."""
    naming = entry("field_value_change", NOON + MINUTE, (Change("priority", "", "P2"),))
    others = [entry("field_value_change", NOON + 2 * MINUTE), entry("field_value_change", NOON + 3 * MINUTE)]

    found = look(known(), read(NOON + 4 * MINUTE, priority=Ref("PPRIO02", "P2")), naming, *others)

    assert (ALICE, NOON + MINUTE) == (found.lines[0].agent, found.lines[0].at.ms)


def test_nobody_is_named_on_a_guess() -> None:
    """Two changes and two entries: who did which cannot be told."""
    entries = [entry("field_value_change", NOON + MINUTE), entry("field_value_change", NOON + 2 * MINUTE)]

    found = look(known(), read(NOON + 3 * MINUTE, title="Down", priority=None), *entries)

    assert [None, None] == [line.agent for line in found.lines]


def test_a_late_webhook_finds_the_line() -> None:
    """The line of a priority that was found by comparing takes the webhook that comes after all."""
    found = look(
        known(), read(NOON + MINUTE, priority=Ref("PPRIO02", "P2")), entry("field_value_change", NOON + MINUTE)
    )
    late = replace(webhook(PRIORITY_UPDATED, NOON + MINUTE + 250), detail="PPRIO02")

    assert len(found.incident.lines) == len(fold(found.incident, late, NOON).incident.lines)


def test_notes_by_their_ids() -> None:
    """One that no line tells of, one that was edited, one that is gone; each once."""
    incident = known("PNOTE01", "PNOTE02")
    notes = (note("Edited", updated=NOON + MINUTE), note("New", NOON + MINUTE, name="PNOTE03"))

    found = look(incident, read(), notes=notes)

    assert sorted([NOTE_EDITED, NOTE_EDITED, ANNOTATED]) == sorted(opened(found))
    assert {"PNOTE01@1700000060000", "PNOTE02@deleted", "PNOTE03"} == {line.subject for line in found.lines}
    assert [] == opened(look(found.incident, read(), notes=notes))


def test_a_note_that_was_touched_but_says_the_same() -> None:
    """No edit that anybody could see."""
    first = look(known(), read(), notes=(note("The cache"),))

    assert [] == opened(look(first.incident, read(), notes=(note("The  cache", updated=NOON + MINUTE),)))


def test_a_note_that_is_too_young_to_be_missed() -> None:
    """It may not be visible yet, so it is not gone."""
    assert [] == opened(look(known("PNOTE01"), read(), window=Window(0, NOON)))


def test_a_second_is_forgiven_to_the_list_too() -> None:
    """PagerDuty takes `updated_at` a moment before the event's time, so it may be of the second before."""
    reopened = fold(known(), webhook(REOPENED, NOON + MINUTE + 12, BOB), NOON + MINUTE).incident

    assert suspicious(reopened, read(NOON + MINUTE - SECOND, status=Status.ACKNOWLEDGED), [])
    assert not suspicious(reopened, read(NOON + MINUTE - 2 * SECOND, status=Status.ACKNOWLEDGED), [])


def test_a_look_at_the_list_finds_what_is_suspicious() -> None:
    """Only what differs there, or is not there any more, is read in full."""
    assert not suspicious(known(), read(), [])
    assert suspicious(Incident(INCIDENT), read(), [])
    assert suspicious(known(), read(NOON + MINUTE, status=Status.ACKNOWLEDGED), [])
    assert suspicious(known(), read(NOON + MINUTE, title="Down"), [])
    assert suspicious(known(), None, [])
    assert suspicious(known(), read(), [entry("annotate", note="Never told")])


def test_a_list_that_is_older_than_the_projection_is_not_suspicious() -> None:
    """The webhook came between the list and the comparison."""
    acknowledged = fold(known(), webhook(ACKNOWLEDGED, NOON + MINUTE), NOON).incident

    assert not suspicious(acknowledged, read(NOON), [])


def test_recent_entries_take_their_slots() -> None:
    """Of a change that was told; one that was not opens a line, which says that more must be read."""
    acknowledged = fold(known(), webhook(ACKNOWLEDGED, NOON + MINUTE), NOON).incident
    told = noticed(acknowledged, [entry("acknowledge", NOON + MINUTE)], NOON)
    missing = noticed(acknowledged, [replace(entry("resolve", NOON + 2 * MINUTE), agent=BOB)], NOON)

    assert ((), 2) == (told.lines, len(told.incident.lines[1].slots))
    assert ["incident.resolved"] == opened(missing)


def test_who_was_asked_and_who_answered() -> None:
    """The incident itself shows both, with their times; each is told once, and joining reads as in webhooks."""
    carol = Ref("PCAROL1", "Carol Ng")
    asked = Asked(carol, "joined", Ref(ALICE.id, ALICE.name), at(NOON + MINUTE), "Please help", at(NOON + 2 * MINUTE))
    reading = replace(read(), asked=(asked,))

    found = look(known(), reading)

    assert [RESPONDER_ADDED, RESPONDER_REPLIED] == opened(found)
    assert ["PCAROL1:pending", "PCAROL1:joined"] == [line.detail for line in found.lines]
    assert [] == opened(look(found.incident, reading))
    assert suspicious(known(), reading, [])
    assert not suspicious(found.incident, reading, [])


def test_a_request_that_was_cancelled() -> None:
    """PagerDuty sends nothing for it and does not say who did it: it is told as nobody's, once."""
    carol = Ref("PCAROL1", "Carol Ng")
    asked = Asked(carol, "pending", Ref(ALICE.id, ALICE.name), at(NOON + MINUTE), "Please help", at(NOON + MINUTE))
    before = look(known(), replace(read(), asked=(asked,))).incident
    reading = replace(read(), asked=(replace(asked, state="user_cancelled", since=at(NOON + 2 * MINUTE)),))

    found = look(before, reading)

    assert [("PCAROL1:user_cancelled", None)] == [(line.detail, line.agent) for line in found.lines]
    assert [] == opened(look(found.incident, reading))
