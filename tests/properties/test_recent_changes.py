"""The values before the last changes, under any order, number and duplication of events."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from shared.model.event import CHANGES_KEPT_MS, Change, Event, Field, Instant, Ref, Snapshot, Source
from shared.model.event_types import Status
from shared.model.ids import EventId
from shared.model.incident import Incident, fold, settle
from shared.slack.render import card
from tests.builders import ALICE, BOB, INCIDENT, NOON, answer, expectation, snapshot, webhook

PRIORITY_CHANGED = "incident.priority_updated"
MINUTE = 60_000

STATES = st.builds(
    lambda title, priority, who, status: replace(
        snapshot(status, title, *who), priority=Ref(priority, priority) if priority else None
    ),
    st.sampled_from(["Slow", "Slower"]),
    st.sampled_from(["P1", "P2", ""]),
    st.sampled_from([(ALICE,), (BOB,), (ALICE, BOB), (BOB, ALICE)]),
    st.sampled_from([Status.TRIGGERED, Status.ACKNOWLEDGED]),
)
HISTORIES = st.lists(st.tuples(STATES, st.integers(1, 900)), min_size=1, max_size=7)
"""States of an incident, with the seconds since the one before."""


def shown(event_id: str, at: Instant, known: Snapshot, source: Source = Source.WEBHOOK) -> Event:
    """Make an event that shows the incident as it is after it."""
    return Event(EventId(event_id), PRIORITY_CHANGED, INCIDENT, source, at, ALICE, known)


def events_of(history: Sequence[tuple[Snapshot, int]]) -> list[Event]:
    """Make a delivery of each state."""
    at_ms, events = NOON, []
    for number, (known, after) in enumerate(history):
        at_ms += after * 1000
        events.append(shown(f"e{number}", Instant(at_ms), known))
    return events


def folded(events: Sequence[Event]) -> Incident:
    """Fold events one after the other."""
    incident = Incident(INCIDENT)
    for event in events:
        incident = fold(incident, event, event.at.ms).incident
    return incident


def comparable(known: Snapshot) -> dict[Field, object]:
    """Read what the fields are."""
    priority = known.priority.id if known.priority else ""
    return {Field.TITLE: known.title, Field.PRIORITY: priority, Field.ASSIGNEES: known.assignee_ids}


def read(known: Snapshot, each: Field) -> str:
    """Read what a field is called."""
    priority = known.priority.name if known.priority else ""
    names = ", ".join(user.name for user in known.assignees)
    return {Field.TITLE: known.title, Field.PRIORITY: priority, Field.ASSIGNEES: names}[each]


@given(HISTORIES)
def test_each_field_has_the_value_before_its_last_change(history: list[tuple[Snapshot, int]]) -> None:
    """In the order in which it happened: that of before the last change, unless another came ten minutes later."""
    events = events_of(history)
    last: dict[Field, Change] = {}
    for before, after in pairwise(events):
        assert before.snapshot
        assert after.snapshot
        was, now = comparable(before.snapshot), comparable(after.snapshot)
        for each in was:
            if was[each] != now[each]:
                last[each] = Change(each, read(before.snapshot, each), after.at.ms)
        valued = {each: change for each, change in last.items() if change.old}
        newest = max((change.at_ms for change in valued.values()), default=0)
        last = {each: change for each, change in valued.items() if change.at_ms > newest - CHANGES_KEPT_MS}

    assert set(last.values()) == set(folded(events).changes)


@given(HISTORIES, st.data())
def test_an_old_value_is_one_that_it_had_and_has_no_more(
    history: list[tuple[Snapshot, int]], data: st.DataObject
) -> None:
    """However deliveries are shuffled and repeated: none is made up or that of now, and a copy changes nothing."""
    events = events_of(history)
    shuffled = data.draw(st.permutations(events + data.draw(st.lists(st.sampled_from(events), max_size=5))))

    incident = folded(shuffled)

    again = [fold(incident, event, event.at.ms).incident for event in events]
    assert {incident.changes} == {each.changes for each in again}
    assert len({change.field for change in incident.changes}) == len(incident.changes)
    latest = max(events, key=lambda event: event.at.ms)
    assert latest.snapshot
    for change in incident.changes:
        assert change.old in {read(event.snapshot, change.field) for event in events if event.snapshot}
        assert change.old != read(latest.snapshot, change.field)
        assert change.at_ms in {event.at.ms for event in events}


@given(HISTORIES)
def test_the_order_of_assignees_and_other_spellings_are_no_change(history: list[tuple[Snapshot, int]]) -> None:
    """Only who they are counts, as a read may spell names in another way than a webhook."""
    incident = folded(events_of(history))
    assert incident.snapshot
    assert incident.as_of
    respelled = replace(
        incident.snapshot,
        assignees=tuple(replace(ref, name=ref.name.upper()) for ref in reversed(incident.snapshot.assignees)),
        service=Ref("PSVC001", "Checkout API"),
    )

    later = fold(incident, shown("again", Instant(incident.as_of.ms + MINUTE), respelled), NOON).incident

    assert incident.changes == later.changes


def test_an_echo_is_no_second_change() -> None:
    """The answer to a press tells of it, in whole seconds; the webhook that follows leaves the old value alone."""
    known = fold(Incident(INCIDENT), webhook("incident.triggered", NOON), NOON).incident
    known = replace(known, expectations=(expectation("incident.acknowledged", NOON + MINUTE, "c1"),))
    now = replace(snapshot(Status.ACKNOWLEDGED), priority=Ref("P2", "P2"))

    told = fold(known, replace(answer("incident.acknowledged", NOON + MINUTE, "c1"), snapshot=now), NOON).incident
    echo = replace(webhook("incident.acknowledged", NOON + MINUTE + 400), snapshot=now)
    after = fold(told, echo, NOON).incident

    assert (Change(Field.PRIORITY, "P1", NOON + MINUTE),) == told.changes == after.changes


def test_what_the_times_cannot_order_has_no_old_value() -> None:
    """Two states of one second: which was first is not known, and neither is it after the read that settles it."""
    first = fold(Incident(INCIDENT), webhook("incident.triggered", NOON), NOON).incident
    other = replace(snapshot(), title="Slower")
    tied = fold(first, shown("tied", Instant(NOON, 1000), other, Source.ANSWER), NOON).incident

    assert () == tied.changes == settle(tied, other, Instant(NOON, 1000)).changes


def test_a_value_is_not_carried_over_to_other_readers() -> None:
    """Where the teams change, as from a private one to a public one, nothing of before is shown."""
    events = events_of([(snapshot(), 1), (replace(snapshot(), title="Secret"), 1)])
    known = folded(events)
    assert known.changes
    public = replace(snapshot(title="Public"), teams=(Ref("PTEAM02"),))

    assert () == fold(known, shown("moved", Instant(NOON + MINUTE), public), NOON).incident.changes


def test_resolving_strikes_no_one() -> None:
    """It takes all assignees away, and reopening gives them back: neither is a change of who they are."""
    alice = snapshot(Status.TRIGGERED, "Slow", ALICE)
    states = [(alice, 1), (snapshot(Status.RESOLVED, "Slow"), 1), (alice, 1)]

    assert () == folded(events_of(states)).changes


@given(HISTORIES)
def test_the_card_without_them_is_as_ever(history: list[tuple[Snapshot, int]]) -> None:
    """Old values that are kept change no card where they are switched off."""
    incident = folded(events_of(history))
    assert incident.snapshot
    without = replace(incident, changes=())

    shown_card = card.render(incident, incident.snapshot, {})
    assert shown_card.digest == card.render(without, incident.snapshot, {}).digest
