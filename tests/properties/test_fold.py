"""The fold under any order, number and duplication of events."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from shared.model.event import Agent, Event
from shared.model.event_types import ACKNOWLEDGED, RESOLVED, TRANSITIONS, TRIGGERED
from shared.model.incident import Incident, fold
from shared.model.thread_layout import ThreadEntry
from shared.slack.render import card, thread_line
from tests.builders import ALICE, BOB, INCIDENT, NOON, answer, expectation, webhook

ACTS = st.lists(
    st.tuples(
        st.sampled_from(sorted(TRANSITIONS)),
        st.integers(0, 4000),
        st.sampled_from([ALICE, BOB, None]),
        st.sampled_from(["", "Another title"]),
    ),
    min_size=1,
    max_size=8,
    unique_by=lambda act: (act[0], act[1]),
)

Acts = list[tuple[str, int, Agent | None, str]]


def events_of(acts: Acts) -> list[Event]:
    """Make the deliveries of what was done, one each."""
    return [webhook(kind, NOON + after, agent, title=title) for kind, after, agent, title in acts]


def folded(incident: Incident, events: list[Event]) -> Incident:
    """Fold events one after the other."""
    for event in events:
        incident = fold(incident, event, NOON).incident
    return incident


def shown(incident: Incident) -> tuple[str, list[str]]:
    """Show what people would see: the card and the lines."""
    assert incident.snapshot is not None
    told = [thread_line.render_line(INCIDENT, ThreadEntry(line)).text for line in incident.lines]
    return card.render(incident, incident.snapshot, {}).digest, told


@given(ACTS, st.data())
def test_any_order_and_duplication_gives_the_same_card(acts: Acts, data: st.DataObject) -> None:
    """However deliveries are shuffled and repeated, the card and the lines come out the same."""
    events = events_of(acts)
    again = data.draw(st.lists(st.sampled_from(events), max_size=8))
    shuffled = data.draw(st.permutations(events + again))

    assert shown(folded(Incident(INCIDENT), events)) == shown(folded(Incident(INCIDENT), shuffled))


@given(ACTS)
def test_every_transition_has_one_line(acts: Acts) -> None:
    """Each distinct event opens exactly one line, and none is lost."""
    events = events_of(acts)

    incident = folded(Incident(INCIDENT), events + events)

    assert sorted(event.id for event in events) == sorted(e for line in incident.lines for _, e in line.slots)
    assert len(events) == len({line.key for line in incident.lines})


@given(ACTS)
def test_the_newest_snapshot_wins(acts: Acts) -> None:
    """The state is that of the event with the greatest time, whatever came last."""
    events = events_of(acts)
    newest = max(event.at.ms for event in events)

    incident = folded(Incident(INCIDENT), sorted(events, key=lambda event: -event.at.ms))

    assert incident.as_of is not None
    assert newest == incident.as_of.ms
    assert incident.status in {TRANSITIONS[event.type] for event in events if event.at.ms == newest}


@given(st.permutations(["trigger", "echo", "answer", "echo", "answer"]), st.integers(0, 999))
def test_our_own_echo_is_invisible(order: list[str], after: int) -> None:
    """The webhook of our own acknowledge, before or after the answer, twice or not, adds no line of its own."""
    clicked = NOON + 5000
    known = {
        "trigger": webhook(TRIGGERED, NOON, None),
        "echo": webhook(ACKNOWLEDGED, clicked + after, ALICE),
        "answer": answer(ACKNOWLEDGED, clicked, "c1"),
    }
    start = replace(Incident(INCIDENT), expectations=(expectation(ACKNOWLEDGED, clicked, "c1"),))

    incident = folded(start, [known[name] for name in order])

    assert [f"{TRIGGERED}@{NOON}", "command:c1"] == [line.key for line in incident.lines]
    assert "in Slack" in shown(incident)[1][1]


@given(st.permutations(["echo", "answer", "outside"]))
def test_the_same_person_acting_elsewhere_is_not_an_echo(order: list[str]) -> None:
    """Alice resolves in PagerDuty a moment after she acknowledged from Slack: both are announced, each as it was."""
    clicked = NOON + 5000
    known = {
        "echo": webhook(ACKNOWLEDGED, clicked + 100, ALICE),
        "answer": answer(ACKNOWLEDGED, clicked, "c1"),
        "outside": webhook(RESOLVED, clicked + 150, ALICE),
    }
    start = replace(Incident(INCIDENT), expectations=(expectation(ACKNOWLEDGED, clicked, "c1"),))

    incident = folded(start, [known[name] for name in order])

    where = {line.type: line.command for line in incident.lines}
    assert {ACKNOWLEDGED: "c1", RESOLVED: None} == where
