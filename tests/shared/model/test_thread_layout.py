"""How the thread tells its lines: what reads as one, what was so before, what is left out, what is loud."""

from dataclasses import replace

import pytest

from shared.model.event import Agent, Details, Event
from shared.model.event_types import (
    ACKNOWLEDGED,
    ANNOTATED,
    ANNOUNCED_TYPES,
    CUSTOM_FIELDS,
    ESCALATED,
    PRIORITY_UPDATED,
    REASSIGNED,
    REOPENED,
    RESOLVED,
    RESPONDER_ADDED,
    SNOOZED,
    TRIGGERED,
    UNACKNOWLEDGED,
    WORKFLOW_STARTED,
)
from shared.model.incident import Incident, fold
from shared.model.thread_layout import (
    BEFORE_WAKE,
    ThreadEntry,
    awaits_resolve,
    broadcast_kind,
    is_wanted,
    layout_thread,
)
from shared.model.timeline import Line
from tests.builders import ALICE, BOB, INCIDENT, NOON, answer, expectation, webhook


def event(event_type: str, after: int, agent: Agent | None = ALICE, detail: str = "", **said: str) -> Event:
    """Make the event of a delivery, so many milliseconds after noon."""
    made = webhook(event_type, NOON + after, agent, f"{event_type}:{after}:{detail}")
    return replace(made, detail=detail, details=tuple(said.items()))


def lines(*events: Event) -> tuple[Line, ...]:
    """Fold events into the lines of an incident."""
    incident = Incident(INCIDENT)
    for one in events:
        incident = fold(incident, one, one.at.ms).incident
    return incident.lines


def read(tellings: tuple[ThreadEntry, ...]) -> list[tuple[str, list[str]]]:
    """List what the thread tells, by the types."""
    return [(telling.line.type, [side.type for side in telling.sides]) for telling in tellings]


RESOLUTION = event(ANNOTATED, 300, text="Resolution Note: Restarted it")
SELF = event(REASSIGNED, 200, detail=ALICE.id)


@pytest.mark.parametrize(
    ("main", "side"),
    [
        (event(RESOLVED, 0), RESOLUTION),
        (event(ACKNOWLEDGED, 0), SELF),
        (event(RESPONDER_ADDED, 0, detail="PA:pending"), event(RESPONDER_ADDED, 1900, detail="PB:pending")),
    ],
)
def test_one_act_reads_as_one_line(main: Event, side: Event) -> None:
    """What PagerDuty reports of one act as two events is told by the main one, whichever came first."""
    assert [(main.type, [side.type])] == read(layout_thread(lines(main, side)))
    assert layout_thread(lines(main, side)) == layout_thread(lines(side, main))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (event(RESOLVED, 0), replace(RESOLUTION, agent=BOB)),
        (event(RESOLVED, 0), event(ANNOTATED, 300, text="Restarted it")),
        (event(RESOLVED, 0), event(ANNOTATED, 1500, text="Resolution Note: later")),
        (event(ACKNOWLEDGED, 0), event(REASSIGNED, 200, detail=BOB.id)),
        (event(ACKNOWLEDGED, 0), event(REASSIGNED, 1500, detail=ALICE.id)),
        (event(TRIGGERED, 0), event(ACKNOWLEDGED, 130)),
        (event(RESPONDER_ADDED, 0, detail="PA:pending"), event(RESPONDER_ADDED, 2500, detail="PB:pending")),
        (event(RESPONDER_ADDED, 0, message="DB"), event(RESPONDER_ADDED, 9, detail="PB:pending", message="Network")),
        (event(ACKNOWLEDGED, 0), event(RESOLVED, 100)),
    ],
)
def test_two_acts_read_as_two_lines(one: Event, other: Event) -> None:
    """Somebody else, another time, another matter: each is told on its own."""
    assert 2 == len(layout_thread(lines(one, other)))


def test_many_responders_are_one_line() -> None:
    """However many are asked at once, each within two seconds of the one before, one line tells of all."""
    known = lines(*(event(RESPONDER_ADDED, 1000 * place, detail=f"P{place:03}:pending") for place in range(40)))

    assert [(RESPONDER_ADDED, [RESPONDER_ADDED] * 39)] == read(layout_thread(known))


def test_responders_that_automation_asks_are_one_line() -> None:
    """A workflow asks several at once, and PagerDuty names nobody for it."""
    known = lines(*(event(RESPONDER_ADDED, n, None, detail=f"P{n}:pending", message="Help") for n in range(3)))

    assert [(RESPONDER_ADDED, [RESPONDER_ADDED] * 2)] == read(layout_thread(known))


def test_a_side_that_has_a_message_keeps_it() -> None:
    """A resolution's note that came and was posted first is not told again by the resolve."""
    known = lines(event(RESOLVED, 0), RESOLUTION)

    assert [(RESOLVED, []), (ANNOTATED, [])] == read(layout_thread(known, {known[1].key}))
    assert [(RESOLVED, [ANNOTATED])] == read(layout_thread(known, {known[0].key}))


def test_a_side_of_our_own_command_is_told_by_it() -> None:
    """PagerDuty's answer knows the second alone; the note of its resolution is told by the command's line."""
    start = replace(Incident(INCIDENT), expectations=(expectation(RESOLVED, NOON, "c1"),))
    resolved = fold(start, answer(RESOLVED, NOON, "c1"), NOON).incident

    tellings = layout_thread(fold(resolved, RESOLUTION, NOON).incident.lines)

    assert [("command:c1", 1)] == [(telling.line.key, len(telling.sides)) for telling in tellings]


def test_what_was_so_before_comes_from_the_lines_before() -> None:
    """A change knows from what it came, if an earlier line said it, in whatever order the events arrived."""
    first = event(TRIGGERED, 0, None, priority="P3", assigned="Alice Ng")
    second = event(PRIORITY_UPDATED, 5000, detail="P2", priority="P2")
    third = event(PRIORITY_UPDATED, 9000, detail="P1", priority="P1")

    fourth = event(REASSIGNED, 12_000, detail=BOB.id, assigned="Bob Ng")

    befores: list[Details] = [telling.before for telling in layout_thread(lines(third, first, fourth, second))]

    assert [(), (("priority", "P3"),), (("priority", "P2"),), (("assigned", "Alice Ng"),)] == befores
    assert ((),) == tuple(telling.before for telling in layout_thread(lines(third)))


@pytest.mark.parametrize(
    ("earlier", "expected"),
    [
        ([event(ACKNOWLEDGED, 0), event(SNOOZED, 5)], (BEFORE_WAKE,)),
        ([event(ACKNOWLEDGED, 0)], ()),
        ([event(SNOOZED, 0), event(UNACKNOWLEDGED, 5), event(ACKNOWLEDGED, 9)], ()),
    ],
)
def test_what_ran_out(earlier: list[Event], expected: Details) -> None:
    """A snooze, if the last that happened to the acknowledgement was one."""
    known = lines(*earlier, event(UNACKNOWLEDGED, 99_000, None))

    assert expected == layout_thread(known)[-1].before


def test_a_field_of_that_name_is_no_priority() -> None:
    """People may name a custom field as they like; it says nothing of the incident itself."""
    known = lines(
        replace(event(CUSTOM_FIELDS, 0), details=(("field:priority", "none"),)),
        event(PRIORITY_UPDATED, 5000, detail="P1", priority="P1"),
    )

    assert [(), ()] == [telling.before for telling in layout_thread(known)]


def test_longer_texts_win_in_whatever_order_they_come() -> None:
    """A webhook cuts a long note; what the answer to our own call says of it is whole."""
    cut, whole = (replace(event(ANNOTATED, 0), subject="PNOTE01", details=(("text", text),)) for text in ("Lo", "Long"))
    whole = replace(whole, id=answer(ACKNOWLEDGED, NOON, "c1").id)

    assert "Long" == lines(cut, whole)[0].detail_value("text") == lines(whole, cut)[0].detail_value("text")


def test_the_opening_is_told_by_the_card() -> None:
    """A new incident is one message: its thread begins with the first change, whatever the verbosity."""
    opened = lines(event(TRIGGERED, 0))[0]

    assert not any(is_wanted(opened, verbosity) for verbosity in ("all", "changes", "state"))


@pytest.mark.parametrize("event_type", sorted(ANNOUNCED_TYPES - {TRIGGERED}))
def test_quieter_threads_tell_less(event_type: str) -> None:
    """What `state` tells `changes` tells as well, and `all` tells every change."""
    line = lines(event(event_type, 0))[0]

    assert is_wanted(line, "all")
    assert is_wanted(line, "changes") >= is_wanted(line, "state")


@pytest.mark.parametrize(
    ("event_type", "changes", "state"),
    [(ESCALATED, True, True), (UNACKNOWLEDGED, True, True), (ANNOTATED, True, False), (WORKFLOW_STARTED, False, False)],
)
def test_what_each_thread_tells(event_type: str, changes: bool, state: bool) -> None:  # noqa: FBT001 -- a table
    """`changes` leaves out what automation does, `state` everything but the state and who is called."""
    line = lines(event(event_type, 0))[0]

    assert (changes, state) == (is_wanted(line, "changes"), is_wanted(line, "state"))


@pytest.mark.parametrize(
    ("event_type", "agent", "expected"),
    [
        (ESCALATED, ALICE, "escalated"),
        (UNACKNOWLEDGED, None, "escalated"),
        (UNACKNOWLEDGED, ALICE, None),
        (REOPENED, ALICE, "reopened"),
        (TRIGGERED, None, None),
        (RESOLVED, ALICE, None),
    ],
)
def test_what_is_loud(event_type: str, agent: Agent | None, expected: str | None) -> None:
    """An acknowledgement that ran out is as loud as an escalation; one that somebody took back is not."""
    assert expected == broadcast_kind(layout_thread(lines(event(event_type, 0, agent)))[0])


def test_a_resolution_note_waits_for_its_resolve() -> None:
    """It is held while its resolve is not known; a note of another kind, and one that came after it, is not."""
    alone, both = lines(RESOLUTION), lines(RESOLUTION, event(RESOLVED, 0))
    note = next(line for line in both if line.type == ANNOTATED)
    other = lines(event(ANNOTATED, 300, text="Looking"))

    assert awaits_resolve(alone[0], alone)
    assert not awaits_resolve(note, both)
    assert not awaits_resolve(other[0], other)
