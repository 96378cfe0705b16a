"""What is moved out of a projection makes no difference to any event, whenever it comes."""

from dataclasses import dataclass, field, replace
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from shared.model.archive import (
    BATCH,
    KEPT,
    Moved,
    concerns_moved,
    crowded_out,
    moved_out,
    name_of_id,
    name_of_line,
    names_of_event,
    names_of_line,
    put_back,
    recall,
    told_for_good,
)
from shared.model.backlog import counted_at_once, told_briefly
from shared.model.event import Event, Source
from shared.model.event_types import ACKNOWLEDGED, ANNOTATED, PRIORITY_UPDATED, REASSIGNED, RESOLVED, SNOOZED, TRIGGERED
from shared.model.ids import EventId, LineKey, MessageTs
from shared.model.incident import FoldResult, Incident, fold
from shared.model.message_state import MessageState
from shared.model.slack_state import SlackState
from shared.model.thread_layout import SUMMED, layout_thread
from shared.model.timeline import Line
from shared.slack.render import card, thread_line
from tests.builders import ALICE, BOB, INCIDENT, NOON, expectation, webhook

KINDS = [TRIGGERED, ACKNOWLEDGED, RESOLVED, REASSIGNED, PRIORITY_UPDATED, SNOOZED]
FEWER = settings().max_examples // 2
"""Examples of what takes long."""
LIVES = st.integers(0, 2**32).map(lambda seed: life(Random(seed)))  # noqa: S311 -- a life that can be lived again
"""What happened to an incident, each with whether everything is told before the next."""


@dataclass
class Bounded:
    """A projection as the store keeps it, with what was moved out of it, and what Slack shows of it."""

    incident: Incident
    fields: dict[str, Line | None] = field(default_factory=dict)
    slack_state: SlackState = field(default_factory=lambda: SlackState(INCIDENT))
    posts: list[LineKey] = field(default_factory=list)

    def whole(self) -> Incident:
        """Give the projection with everything."""
        ids = [EventId(name[3:]) for name in self.fields if name.startswith("id:")]
        return recall(self.incident, filter(None, self.fields.values()), ids)

    def fold(self, event: Event) -> FoldResult:
        """Fold an event as the store does, and resync: with what was moved out, as far as it is concerned by it."""
        known, *others = [name in self.fields for name in names_of_event(event)]
        if known:
            before = recall(self.incident, (), [event.id])
        else:
            late = concerns_moved(self.incident, event) or any(others) or event.source is Source.LOG
            before = self.whole() if late else self.incident
        folded = fold(before, event, NOON)
        self.incident = put_back(counted_at_once(before, folded.incident))
        return folded.result

    def tell(self) -> None:
        """Post what is to be posted, and move out what may be."""
        entries = layout_thread(self.whole().lines, self.slack_state.lines.keys())
        for entry in entries:
            if entry.line.key not in self.slack_state.lines:
                self.posts.append(entry.line.key)
                state = MessageState(ts=MessageTs(f"{len(self.posts)}.0"), content_digest="")
                lines = {**self.slack_state.lines, entry.line.key: state}
                self.slack_state = replace(self.slack_state, lines=lines)
        self.keep(moved_out(self.incident, told_for_good(entries, self.slack_state)))

    def count(self) -> None:
        """Count what is too much to tell, as a pass does before it posts."""
        self.keep(crowded_out(told_briefly(self.incident, self.slack_state, "all", NOON)))

    def keep(self, moved: Moved) -> None:
        """Keep what was moved out beside the projection."""
        self.incident, gone, ids = moved
        self.fields |= {name_of_id(event): None for event in ids}
        self.fields |= {name: None for line in gone for name in names_of_line(line)}
        self.fields |= {name_of_line(line.key): line for line in gone}
        if gone or ids:
            self.slack_state = self.slack_state.with_only({line.key for line in self.incident.lines if not line.told})


def life(random: Random) -> list[tuple[Event, bool]]:
    """Let much happen: mostly in order, some of it told late or again, or by another source of the same thing."""
    at_ms, events = NOON, [webhook(TRIGGERED, NOON, None)]
    for number in range(70):
        at_ms += random.choice([100, 1500, 4000, 9000, 30_000])
        then_ms = random.choice([at_ms, at_ms, at_ms, random.randrange(NOON, at_ms)])
        kind = random.choice([ANNOTATED, random.choice(KINDS)])
        event = webhook(kind, then_ms, random.choice([ALICE, BOB, None]), f"E{number}")
        detail = random.choice(["", "one", "two"])
        said = (("text", f"{detail} {number}"), ("assigned", detail), ("priority", detail))
        subject = random.choice(["", f"N{number // 30}"]) if kind == ANNOTATED else ""
        events.append(replace(event, detail=detail, details=said, subject=subject))
        old = random.choice(events)
        other = replace(old, id=EventId(f"L{number}"), source=Source.LOG, snapshot=None)
        events += random.choice([[], [], [old], [other]])
    return [(event, random.random() < 0.7) for event in events]


def bare(incident: Incident) -> tuple[object, ...]:
    """Give what must be the same: everything but the marks of what is told."""
    lines = tuple(replace(line, told=False, message=None) for line in incident.lines if line.type != SUMMED)
    return replace(incident, lines=lines, seen_events=(), moved_until_ms=None, recalled=Incident(INCIDENT).recalled), 0


@settings(max_examples=FEWER)
@given(LIVES)
def test_a_bounded_projection_folds_like_an_unbounded_one(happened: list[tuple[Event, bool]]) -> None:
    """Whatever was moved out, each event has the same result, the whole is the same, and the card looks the same."""
    start = replace(Incident(INCIDENT), expectations=(expectation(ACKNOWLEDGED, NOON + 20_000, "c1"),))
    unbounded, bounded = start, Bounded(start)

    for event, told in happened:
        folded = fold(unbounded, event, NOON)
        unbounded = folded.incident
        assert folded.result is bounded.fold(event)
        if told:
            bounded.tell()

    assert bare(unbounded) == bare(bounded.whole())
    assert unbounded.snapshot is not None
    shown = [card.render(one, unbounded.snapshot, {}).digest for one in (unbounded, bounded.incident)]
    assert shown[0] == shown[1]
    assert {FoldResult.DUPLICATE} == {bounded.fold(event) for event, _ in happened}


@settings(max_examples=FEWER)
@given(LIVES, st.integers(0, 2**32))
def test_what_is_counted_makes_no_difference(happened: list[tuple[Event, bool]], seed: int) -> None:
    """Whatever was only counted, each event has the same result, no line is lost, and none is told or counted twice."""
    random = Random(seed)  # noqa: S311 -- as above
    start = replace(Incident(INCIDENT), expectations=(expectation(ACKNOWLEDGED, NOON + 20_000, "c1"),))
    unbounded, bounded = start, Bounded(start)

    for event, _ in happened:
        folded = fold(unbounded, event, NOON)
        unbounded = folded.incident
        assert folded.result is bounded.fold(event)
        if random.random() < 0.2:
            bounded.count()
        if random.random() < 0.02:
            bounded.tell()

    assert bare(unbounded) == bare(bounded.whole())
    assert {FoldResult.DUPLICATE} == {bounded.fold(event) for event, _ in happened}
    every = [line for line in bounded.whole().lines if line.type != SUMMED]
    assert len(every) == len({line.key for line in every})


@settings(max_examples=FEWER)
@given(LIVES)
def test_each_line_is_told_once(happened: list[tuple[Event, bool]]) -> None:
    """A line has one message, or is part of that of another one, however often lines are moved out in between."""
    bounded = Bounded(Incident(INCIDENT))

    for event, told in happened:
        bounded.fold(event)
        if told:
            bounded.tell()
    bounded.tell()

    assert len(bounded.posts) == len(set(bounded.posts))
    assert {line.key for line in bounded.whole().lines} >= set(bounded.posts)


def test_a_projection_stays_small() -> None:
    """However many lines there were, few stay once they are told, and few ids."""
    bounded = Bounded(Incident(INCIDENT))

    for number in range(300):
        bounded.fold(webhook(ANNOTATED, NOON + number * 1000, ALICE, f"E{number}"))
        bounded.tell()

        assert len(bounded.incident.lines) < 3 * KEPT + BATCH
        assert len(bounded.incident.seen_events) < KEPT + 3 * BATCH
        assert len(bounded.slack_state.lines) < 3 * KEPT + BATCH
        assert number + 1 == len(bounded.whole().lines)


@settings(max_examples=FEWER)
@given(st.integers(0, 5000))
def test_a_new_line_says_the_same_beside_few_lines(apart: int) -> None:
    """What a line tells of the state before it is the same when nearly all lines before it were moved out."""
    bounded, unbounded = Bounded(Incident(INCIDENT)), Incident(INCIDENT)
    first = replace(webhook(REASSIGNED, NOON, BOB, "E"), detail="PX", details=(("assigned", "Xenia"),))
    notes = [webhook(ANNOTATED, NOON + 10_000 + number * 1000, ALICE, f"E{number}") for number in range(40)]
    last = replace(webhook(REASSIGNED, NOON + 50_000 + apart, BOB, "F"), detail="PY", details=(("assigned", "Yann"),))
    for event in [first, *notes, last]:
        bounded.tell()
        bounded.fold(event)
        unbounded = fold(unbounded, event, NOON).incident

    told = [layout_thread(one.lines, bounded.slack_state.lines)[-1] for one in (bounded.incident, unbounded)]

    assert len(bounded.incident.lines) < 30
    assert thread_line.render_line(INCIDENT, told[0]) == thread_line.render_line(INCIDENT, told[1])


def test_what_was_counted_is_known_to_another_source() -> None:
    """A log entry told of it first; the webhook of the same, a moment apart, is the same line and no other."""
    bounded = Bounded(Incident(INCIDENT))
    told = [webhook(PRIORITY_UPDATED, NOON + number * 10_000, ALICE, f"E{number}") for number in range(60)]
    for number, event in enumerate(told):
        bounded.fold(replace(event, id=EventId(f"L{number}"), source=Source.LOG, snapshot=None))
    bounded.count()
    assert len(bounded.incident.lines) < 30

    for event in told:
        bounded.fold(replace(event, at=replace(event.at, ms=event.at.ms + 700)))

    assert 60 == len([line for line in bounded.whole().lines if line.type != SUMMED])
