"""A thread with too much to tell: the state comes, the rest is counted, and nothing is told twice or lost."""

from dataclasses import replace

import pytest

from shared.model.archive import crowded_out
from shared.model.backlog import BURST_MS, NEWEST, counted_at_once, seconds_of_burst, told_briefly
from shared.model.event_types import (
    ACKNOWLEDGED,
    ANNOTATED,
    ESCALATED,
    REOPENED,
    RESOLVED,
    SNOOZED,
    TRIGGERED,
    UNACKNOWLEDGED,
    WORKFLOW_STARTED,
)
from shared.model.ids import CommandId, LineKey, MessageTs
from shared.model.incident import Incident, fold
from shared.model.message_state import MessageState
from shared.model.slack_state import SlackState
from shared.model.thread_layout import MOST, SUMMED, Verbosity, has_backlog
from shared.model.timeline import Line
from tests.builders import INCIDENT, NOON, webhook

NOTHING_POSTED = SlackState(INCIDENT)
LONG_AFTER = NOON + 10**9


def heard(*kinds: str, start_ms: int = NOON, known: Incident | None = None) -> Incident:
    """Fold one event of each kind, a second after the other."""
    incident = known or Incident(INCIDENT)
    for number, kind in enumerate(kinds):
        incident = fold(
            incident, webhook(kind, start_ms + number * 1000, None, f"{kind}{start_ms}{number}"), NOON
        ).incident
    return incident


def untold(incident: Incident) -> list[str]:
    """Name the types of the lines that are still to be told."""
    return [line.type for line in incident.lines if not line.told]


def summary(incident: Incident) -> Line:
    """Find the only line that counts others."""
    (found,) = [line for line in incident.lines if line.type == SUMMED and not line.told]
    return found


def briefly(incident: Incident, now_ms: int = NOON, slack_state: SlackState = NOTHING_POSTED) -> Incident:
    """Apply the rule as a pass does, in a thread that tells everything."""
    return told_briefly(incident, slack_state, "all", now_ms)


def test_what_can_be_told_in_a_minute_is_told() -> None:
    """Nothing is counted while few messages wait."""
    incident = heard(*[ANNOTATED] * MOST)

    assert incident == briefly(incident)
    assert not has_backlog(incident.lines)


def test_one_message_too_many() -> None:
    """Notes give way, the state stays, and the line counts what is left out."""
    incident = briefly(heard(TRIGGERED, *[ANNOTATED] * MOST, ACKNOWLEDGED))

    assert [SUMMED, ACKNOWLEDGED] == untold(incident)
    assert str(MOST) == summary(incident).detail_value("count")


def test_what_automation_does_goes_first() -> None:
    """While that makes room enough, people's notes are told one by one."""
    incident = briefly(heard(*[WORKFLOW_STARTED] * MOST, *[ANNOTATED] * 3))

    assert [SUMMED, *[ANNOTATED] * 3] == untold(incident)


def test_a_burst_of_thousands_stays_small() -> None:
    """However much comes and nothing is posted, few lines stay, and all are counted or there."""
    incident, moved = heard(TRIGGERED), 0
    for first in range(0, 3000, 30):
        incident = heard(*[ANNOTATED] * 29, ESCALATED, start_ms=NOON + first * 1000, known=incident)
        incident, gone, _ids = crowded_out(briefly(incident))
        moved += len(gone)
        assert len(incident.lines) <= MOST + 30
        assert len(incident.seen_events) <= MOST + 30

    counted = int(summary(incident).detail_value("count"))
    # The opening is told by the card, the sum is no event.
    assert 3001 == counted + len(untold(incident))
    assert 3001 == moved + len(incident.lines) - 1


def test_nothing_but_the_state_changes() -> None:
    """Even then the newest are told, and the others counted."""
    incident = briefly(heard(*[UNACKNOWLEDGED, ACKNOWLEDGED] * 200))

    assert [SUMMED, *[UNACKNOWLEDGED, ACKNOWLEDGED] * (NEWEST // 2)] == untold(incident)
    assert "state" == summary(incident).detail_value("level")


def test_what_people_did_in_slack_is_told() -> None:
    """Their own acts are never only counted."""
    burst = heard(*[ANNOTATED] * 2 * MOST)
    lines = tuple(replace(line, command=CommandId("c1")) if at == 3 else line for at, line in enumerate(burst.lines))

    assert [ANNOTATED, SUMMED] == untold(briefly(replace(burst, lines=lines)))


def test_an_ended_snooze_stays_known_as_one() -> None:
    """The line that a later one is understood by is kept."""
    incident = briefly(heard(ACKNOWLEDGED, SNOOZED, *[ANNOTATED] * MOST, UNACKNOWLEDGED))

    assert [ACKNOWLEDGED, SNOOZED, SUMMED, UNACKNOWLEDGED] == untold(incident)


def posted(incident: Incident) -> SlackState:
    """Let everything be posted that is to be told."""
    keys = [line.key for line in incident.lines if not line.told]
    return replace(NOTHING_POSTED, lines={key: MessageState(ts=MessageTs(f"{at}.0")) for at, key in enumerate(keys)})


def test_a_burst_goes_on_in_the_same_line() -> None:
    """What comes within a minute is counted at once, and the message is written again only when it is many more."""
    incident = briefly(heard(*[ANNOTATED] * 100))
    slack_state = posted(incident)

    more = briefly(heard(*[ANNOTATED] * 20, start_ms=NOON + 100_000, known=incident), slack_state=slack_state)
    many = briefly(heard(*[ANNOTATED] * 20, start_ms=NOON + 130_000, known=more), slack_state=slack_state)

    assert [SUMMED] == untold(more) == untold(many)
    assert ["100", "100", "140"] == [summary(one).detail_value("said") for one in (incident, more, many)]
    assert ["100", "120", "140"] == [summary(one).detail_value("count") for one in (incident, more, many)]


def test_a_burst_ends() -> None:
    """After a minute of quiet the line says how many there were, and what comes then is told again."""
    incident = briefly(heard(*[ANNOTATED] * 100))
    slack_state, last_ms = posted(incident), NOON + 99_000
    incident = briefly(heard(ANNOTATED, start_ms=last_ms + 1000, known=incident), last_ms + 1000, slack_state)
    assert (BURST_MS / 1000) + 1 == seconds_of_burst(incident, last_ms + 1000)

    over = briefly(incident, LONG_AFTER, slack_state)
    later = briefly(heard(ANNOTATED, start_ms=last_ms + 2 * BURST_MS, known=over), LONG_AFTER, slack_state)

    assert ("101", "yes") == (summary(over).detail_value("said"), summary(over).detail_value("over"))
    assert seconds_of_burst(over, LONG_AFTER) is None
    assert [SUMMED, ANNOTATED] == untold(later)


def test_another_burst_has_another_line() -> None:
    """A message that was posted long ago is not looked at again by people."""
    incident = briefly(heard(*[ANNOTATED] * 100), LONG_AFTER)

    again = heard(*[ANNOTATED] * 50, start_ms=NOON + 10 * BURST_MS, known=incident)

    assert 2 == untold(briefly(again, LONG_AFTER, posted(incident))).count(SUMMED)
    assert 1 == untold(briefly(again, LONG_AFTER)).count(SUMMED)


def test_a_thread_that_is_lost_ends_its_line() -> None:
    """In the thread that follows, another line counts."""
    incident = briefly(heard(*[ANNOTATED] * 100))
    lost = posted(incident).thread_lost()

    again = briefly(heard(*[ANNOTATED] * 50, start_ms=NOON + 100_000, known=incident), NOON, lost)

    assert [SUMMED] == untold(again)
    assert "50" == summary(again).detail_value("count")


@pytest.mark.parametrize("verbosity", ["changes", "state"])
def test_what_is_not_wanted_is_not_counted(verbosity: Verbosity) -> None:
    """A thread that leaves automation out says nothing of it in a burst either."""
    incident = told_briefly(heard(TRIGGERED, *[WORKFLOW_STARTED] * 100, RESOLVED), NOTHING_POSTED, verbosity, NOON)

    assert [RESOLVED] == untold(incident)


def test_what_may_be_under_way_is_left_alone() -> None:
    """Without the lease the oldest messages stay: another worker may be posting them."""
    incident = heard(*[ANNOTATED] * 100)
    first = [line.key for line in incident.lines[:MOST]]

    left = told_briefly(incident, NOTHING_POSTED, "all", NOON, spared=MOST)

    assert first == [line.key for line in left.lines if not line.told and line.type != SUMMED]


def test_one_that_reopens_and_resolves() -> None:
    """Notes in between are counted, the changes of the state told, in their order."""
    incident = briefly(heard(TRIGGERED, *[ANNOTATED] * 30, RESOLVED, *[ANNOTATED] * 30, REOPENED))

    assert [RESOLVED, SUMMED, REOPENED] == untold(incident)
    assert LineKey(f"{SUMMED}@{NOON + 1000}") == summary(incident).key


def test_a_burst_that_is_on_takes_an_event_at_once() -> None:
    """What belongs to it needs no step of its own; what matters is told."""
    burst = briefly(heard(*[ANNOTATED] * 100))
    note = heard(ANNOTATED, start_ms=NOON + 110_000, known=burst)
    state = heard(ACKNOWLEDGED, start_ms=NOON + 110_000, known=burst)
    far = heard(ANNOTATED, start_ms=NOON + 110_000 + BURST_MS, known=burst)

    assert [SUMMED] == untold(counted_at_once(burst, note))
    assert "101" == summary(counted_at_once(burst, note)).detail_value("count")
    assert state == counted_at_once(burst, state)
    assert far == counted_at_once(burst, far)
