"""The thread under any order, number and duplication of events of every kind."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from shared.model.event import Agent, Event
from shared.model.event_types import (
    ACKNOWLEDGED,
    ANNOTATED,
    ANNOUNCED_TYPES,
    PRIORITY_UPDATED,
    REASSIGNED,
    RESOLVED,
    RESPONDER_ADDED,
    TRIGGERED,
)
from shared.model.ids import LineKey
from shared.model.incident import Incident, fold
from shared.model.thread_layout import layout_thread
from shared.model.timeline import Line
from shared.slack.render import thread_line as thread
from tests.builders import ALICE, BOB, INCIDENT, NOON, webhook

OFTEN = [TRIGGERED, ACKNOWLEDGED, REASSIGNED, RESOLVED, ANNOTATED, RESPONDER_ADDED, PRIORITY_UPDATED]
ACTS = st.lists(
    st.tuples(
        st.sampled_from(OFTEN) | st.sampled_from(sorted(ANNOUNCED_TYPES)),
        st.integers(0, 40),
        st.sampled_from([ALICE, BOB, None]),
        st.sampled_from(["", ALICE.id, "other"]),
    ),
    min_size=1,
    max_size=10,
    unique_by=lambda act: (act[0], act[1], act[3]),
)
Acts = list[tuple[str, int, Agent | None, str]]


def events_of(acts: Acts) -> list[Event]:
    """Make the deliveries of what was done, a hundred milliseconds or a multiple of them apart."""
    return [event_of(*act) for act in acts]


def event_of(kind: str, after: int, agent: Agent | None, detail: str) -> Event:
    """Make one delivery, which says a little of everything."""
    event = webhook(kind, NOON + after * 100, agent, f"{kind}:{after}:{detail}")
    text = "Resolution Note: done" if kind == ANNOTATED else f"{kind} {detail}"
    said = (("text", text), ("assigned", detail), ("priority", detail), ("message", ""), ("responder", f"{after}"))
    return replace(event, detail=detail, details=said)


def lines_of(events: list[Event]) -> tuple[Line, ...]:
    """Fold events one after the other."""
    incident = Incident(INCIDENT)
    for event in events:
        incident = fold(incident, event, NOON).incident
    return incident.lines


def read(lines: tuple[Line, ...]) -> list[str]:
    """Read the thread."""
    messages = [thread.render_line(INCIDENT, one) for one in layout_thread(lines)]
    return [message.text for message in messages]


@given(ACTS, st.data())
def test_any_order_and_duplication_gives_the_same_thread(acts: Acts, data: st.DataObject) -> None:
    """However deliveries are shuffled and repeated, the thread reads the same."""
    events = events_of(acts)
    again = data.draw(st.lists(st.sampled_from(events), max_size=5))
    shuffled = data.draw(st.permutations(events + again))

    assert read(lines_of(events)) == read(lines_of(shuffled))


@given(ACTS, st.data())
def test_every_event_is_told_once(acts: Acts, data: st.DataObject) -> None:
    """Each event is told by its own message or by one other, whatever was posted already; what was posted stays."""
    events = events_of(acts)
    lines = lines_of(events)
    posted = data.draw(st.sets(st.sampled_from([line.key for line in lines])))

    tellings = layout_thread(lines, posted)

    by_message = [event for one in tellings for line in (one.line, *one.sides) for _, event in line.slots]
    assert sorted(event.id for event in events) == sorted(by_message)
    assert posted <= {one.line.key for one in tellings}


@given(ACTS, st.data())
def test_what_is_posted_pass_by_pass_tells_every_event_once(acts: Acts, data: st.DataObject) -> None:
    """A thread that is brought up to date after every few events has one message for each, and tells none twice."""
    events = data.draw(st.permutations(events_of(acts)))
    posted: dict[LineKey, list[str]] = {}
    for number in range(1, len(events) + 1):
        if number < len(events) and data.draw(st.booleans()):
            continue
        for one in layout_thread(lines_of(events[:number]), posted.keys()):
            posted[one.line.key] = [event for line in (one.line, *one.sides) for _, event in line.slots]

    assert sorted(event.id for event in events) == sorted(event for told_by in posted.values() for event in told_by)
