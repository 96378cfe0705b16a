"""Webhooks, answers and the log tell of the same history; any of them may leave out anything, in any order."""

from collections import Counter
from dataclasses import dataclass, replace

from hypothesis import given
from hypothesis import strategies as st

from shared.model.event import SECOND, Agent, Event, Instant, Ref, Source, joined_ids
from shared.model.event_types import (
    ACKNOWLEDGED,
    ESCALATED,
    REASSIGNED,
    REOPENED,
    RESOLVED,
    TRANSITIONS,
    TRIGGERED,
    UNACKNOWLEDGED,
    Status,
)
from shared.model.ids import CommandId, EventId
from shared.model.incident import Incident, fold
from shared.pagerduty.events.from_log import logged
from shared.pagerduty.models.incident_parts import LogEntry
from tests.builders import ALICE, BOB, INCIDENT, NOON, expectation, snapshot

ENTRY = {
    TRIGGERED: "trigger_log_entry",
    REOPENED: "trigger_log_entry",
    ACKNOWLEDGED: "acknowledge_log_entry",
    UNACKNOWLEDGED: "unacknowledge_log_entry",
    RESOLVED: "resolve_log_entry",
    ESCALATED: "escalate_log_entry",
    REASSIGNED: "assign_log_entry",
}
NEXT = {
    Status.TRIGGERED: [ACKNOWLEDGED, RESOLVED, ESCALATED, REASSIGNED],
    Status.ACKNOWLEDGED: [UNACKNOWLEDGED, RESOLVED, ESCALATED, REASSIGNED],
    Status.RESOLVED: [REOPENED],
}
APART = 2 * SECOND + SECOND // 2
"""Milliseconds between two acts that nothing but their time tells apart."""
SERVICE = Agent("PSVC001", "checkout-api", "service_reference")
BY_ITSELF = {TRIGGERED, UNACKNOWLEDGED}


@dataclass(frozen=True)
class Act:
    """What really happened: the type of the event, when, by whom, whose it was then, whether it was done from Slack."""

    type: str
    ms: int
    agent: Agent | None
    assigned: str = ""
    ours: bool = False

    @property
    def detail(self) -> str:
        """What tells it apart from others of its type."""
        return joined_ids([self.assigned]) if self.assigned else ""


@st.composite
def histories(draw: st.DrawFn) -> list[Act]:
    """Let an incident live: each act is possible after the one before, some of them within the same second."""
    acts = [Act(TRIGGERED, NOON + draw(st.integers(0, 999)), None)]
    status, last = Status.TRIGGERED, {TRIGGERED: 0}
    for _ in range(draw(st.integers(0, 7))):
        kind = draw(st.sampled_from(NEXT[status]))
        status = TRANSITIONS.get(kind, status)
        ms = max(acts[-1].ms + draw(st.integers(1, 3000)), last.get(kind, 0) + APART)
        last[kind] = ms
        agent = None if kind in BY_ITSELF else draw(st.sampled_from([ALICE, BOB]))
        assigned = draw(st.sampled_from(["PCAROL1", "PDAVE01"])) if kind in {ESCALATED, REASSIGNED} else ""
        ours = kind in {ACKNOWLEDGED, RESOLVED} and draw(st.booleans())
        acts.append(Act(kind, ms, agent, assigned, ours))
    return acts


def webhook_of(number: int, act: Act) -> Event:
    """Tell of an act by webhook: to the millisecond, with no agent for what PagerDuty does by itself."""
    status = TRANSITIONS.get(act.type, Status.TRIGGERED)
    return Event(
        EventId(f"w{number}"),
        act.type,
        INCIDENT,
        Source.WEBHOOK,
        Instant(act.ms),
        act.agent,
        snapshot(status),
        act.detail,
    )


def second(ms: int) -> Instant:
    """Cut a time to its second, as REST does."""
    return Instant(ms // SECOND * SECOND, SECOND)


def log_of(acts: list[Act]) -> list[LogEntry]:
    """Write the log: to the second, with the service for what PagerDuty does by itself, and with what belongs to it."""
    log = []
    for number, act in enumerate(acts):
        agent = act.agent or SERVICE
        channel = "website" if act.agent else "timeout" if act.type == UNACKNOWLEDGED else "api"
        assigned = (Ref(act.assigned),) if act.assigned else ()
        log.append(LogEntry(f"L{number}", ENTRY[act.type], second(act.ms), agent, channel, "", assigned))
        if act.type in {TRIGGERED, REOPENED}:
            own = (Ref("PALICE1"),)
            log.append(LogEntry(f"L{number}a", "assign_log_entry", second(act.ms), agent, channel, "", own))
    return log


def answer_of(number: int, act: Act) -> Event:
    """Tell of an act of ours by PagerDuty's answer."""
    assert act.agent
    return Event(
        EventId(f"a{number}"),
        act.type,
        INCIDENT,
        Source.ANSWER,
        second(act.ms),
        act.agent,
        snapshot(TRANSITIONS[act.type]),
        command=CommandId(f"c{number}"),
        proven=True,
    )


def expected(acts: list[Act]) -> Incident:
    """Know what our own calls were about to cause, and in which second."""
    noted = [
        replace(
            expectation(act.type, act.ms, f"c{number}", act.agent),
            opens_ms=second(act.ms).ms - SECOND,
            closes_ms=second(act.ms).ms + 2 * SECOND,
        )
        for number, act in enumerate(acts)
        if act.ours and act.agent
    ]
    return replace(Incident(INCIDENT), expectations=tuple(noted))


@given(histories(), st.data())
def test_one_line_for_whatever_anybody_told_of(acts: list[Act], data: st.DataObject) -> None:
    """Each act that at least one source told of has exactly one line, and the others none."""
    events = [(number, webhook_of(number, act)) for number, act in enumerate(acts)]
    events += [(int(event.id.strip("log:L")), event) for event in logged(INCIDENT, log_of(acts))]
    events += [(number, answer_of(number, act)) for number, act in enumerate(acts) if act.ours]
    chosen = data.draw(st.lists(st.sampled_from(events), unique_by=lambda pair: pair[1].id, max_size=len(events)))
    again = data.draw(st.lists(st.sampled_from(chosen), max_size=4)) if chosen else []

    incident = expected(acts)
    for _, event in chosen + again:
        incident = fold(incident, event, NOON).incident

    told = Counter(acts[number].type for number in {number for number, _ in chosen})
    assert told == Counter(line.type for line in incident.lines)
