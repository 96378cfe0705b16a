"""What the log of an incident tells, as events."""

import pytest

from shared.model.event import SECOND, Agent, Event, Instant, Ref, Source, joined_ids
from shared.model.event_types import (
    ACKNOWLEDGED,
    DELEGATED,
    ESCALATED,
    REASSIGNED,
    REOPENED,
    RESOLVED,
    SNOOZED,
    TRIGGERED,
    UNACKNOWLEDGED,
    Status,
)
from shared.pagerduty.events.from_log import logged
from shared.pagerduty.models.incident import PendingAction
from shared.pagerduty.models.incident_parts import LogEntry
from tests.builders import ALICE, BOB, INCIDENT, NOON

SERVICE = Agent("PSVC001", "checkout-api", "service_reference")


def entry(
    kind: str, after: int = 0, agent: Agent | None = ALICE, *assignees: str, channel: str = "website", note: str = ""
) -> LogEntry:
    """Make an entry of so many seconds after noon."""
    at = Instant(NOON + after * SECOND, SECOND)
    to = tuple(Ref(user) for user in assignees)
    return LogEntry(f"{kind}{after}", f"{kind}_log_entry", at, agent, channel, "", to, note)


def told(*log: LogEntry, status: Status | None = None) -> list[Event]:
    """Make the events of a log."""
    return list(logged(INCIDENT, log, status))


def types(*log: LogEntry, status: Status | None = None) -> list[str]:
    """Name the events of a log."""
    return [event.type for event in told(*log, status=status)]


def test_an_entry_is_known_by_its_id_and_tells_to_the_second() -> None:
    """Two resyncs make the same event of it."""
    [event] = told(entry("acknowledge"))

    assert ("log:acknowledge0", Source.LOG, Instant(NOON, SECOND)) == (event.id, event.source, event.at)
    assert (ALICE, "acknowledged") == (event.agent, event.detail)


@pytest.mark.parametrize(
    ("kind", "event"),
    [
        ("acknowledge", ACKNOWLEDGED),
        ("unacknowledge", UNACKNOWLEDGED),
        ("resolve", RESOLVED),
        ("escalate", ESCALATED),
        ("delegate", DELEGATED),
        ("assign", REASSIGNED),
        ("snooze", SNOOZED),
    ],
)
def test_what_each_kind_tells_of(kind: str, event: str) -> None:
    """Each of them stands for one event."""
    assert [event] == types(entry(kind))


@pytest.mark.parametrize(
    "kind", ["notify", "annotate", "field_value_change", "urgency_change", "reach_ack_limit", "new"]
)
def test_what_tells_of_nothing_by_itself(kind: str) -> None:
    """Notes and changed fields are found by comparing, because their entries do not say what has changed."""
    assert [] == types(entry(kind))


def test_whom_something_went_to() -> None:
    """What came out is the same as a webhook gives: the ids in order."""
    [event] = told(entry("escalate", 0, ALICE, "PZOE001", "PBOB001"))

    assert joined_ids(["PBOB001", "PZOE001"]) == event.detail
    assert "PBOB001, PZOE001" == dict(event.details).get("assigned")


def test_a_trigger_on_a_resolved_incident_reopens_it() -> None:
    """Only there: each further alert of an open incident triggers it again, and nothing happens."""
    log = [entry("trigger"), entry("trigger", 5), entry("resolve", 10), entry("trigger", 20), entry("trigger", 25)]

    assert [TRIGGERED, RESOLVED, REOPENED] == types(*log)
    assert [REOPENED] == types(entry("trigger"), status=Status.RESOLVED)
    assert [] == types(entry("trigger"), status=Status.ACKNOWLEDGED)


@pytest.mark.parametrize(
    ("cause", "assigned"),
    [
        (entry("trigger", 0, SERVICE), entry("assign", 0, SERVICE, "PALICE1")),
        (entry("acknowledge", 0, ALICE), entry("assign", 1, ALICE, "PALICE1")),
        (entry("escalate", 0, ALICE, "PBOB001"), entry("assign", 0, ALICE, "PBOB001")),
        (entry("delegate", 0, ALICE, "PBOB001"), entry("assign", 1, ALICE, "PBOB001")),
    ],
    ids=["trigger", "acknowledge", "escalate", "delegate"],
)
def test_an_assignment_that_belongs_to_something_else(cause: LogEntry, assigned: LogEntry) -> None:
    """It is no reassignment of its own."""
    assert 1 == len(told(cause, assigned, status=None))


@pytest.mark.parametrize(
    ("cause", "assigned"),
    [
        (entry("trigger", 0, SERVICE), entry("assign", 0, BOB, "PALICE1")),
        (entry("trigger", 0, SERVICE), entry("assign", 2, SERVICE, "PALICE1")),
        (entry("acknowledge", 0, ALICE), entry("assign", 0, ALICE, "PBOB001")),
        (entry("acknowledge", 0, ALICE), entry("assign", 0, BOB, "PBOB001")),
        (entry("escalate", 0, ALICE, "PBOB001"), entry("assign", 0, ALICE, "PALICE1")),
    ],
    ids=["another agent", "later", "to somebody else", "by somebody else", "to others"],
)
def test_an_assignment_for_its_own_sake(cause: LogEntry, assigned: LogEntry) -> None:
    """Close to something else, and yet a reassignment."""
    assert REASSIGNED == told(cause, assigned)[-1].type


def test_only_one_assignment_belongs_to_a_cause() -> None:
    """Somebody who opens an incident again and then gives it away has done both."""
    log = [entry("trigger", 0, ALICE), entry("assign", 0, ALICE, "PALICE1"), entry("assign", 1, ALICE, "PBOB001")]

    assert [REOPENED, REASSIGNED] == types(*log, status=Status.RESOLVED)


def test_what_pagerduty_does_by_itself_has_no_agent() -> None:
    """The log names the service, webhooks name nobody; a person who uses the API stays a person."""
    assert told(entry("escalate", 0, SERVICE, channel="timeout"))[0].agent is None
    assert told(entry("trigger", 0, SERVICE, channel="api"))[0].agent == SERVICE
    assert told(entry("resolve", 0, ALICE, channel="auto"))[0].agent == ALICE


def test_when_a_snooze_ends_and_what_a_resolution_said() -> None:
    """The words of a line come along."""
    wakes = Instant(NOON + 3600 * SECOND, SECOND)
    snooze = LogEntry(
        "s", "snooze_log_entry", Instant(NOON), ALICE, "", "", pending=(PendingAction("unacknowledge", wakes),)
    )

    assert str(wakes.ms) == dict(told(snooze)[0].details).get("until")
    assert "Restarted" == dict(told(entry("resolve", note="Restarted"))[0].details).get("resolution")


def test_into_what_it_was_merged() -> None:
    """The last resolve was the merge."""
    log = [entry("trigger"), entry("resolve", 5), entry("trigger", 10), entry("resolve", 20)]

    events = logged(
        INCIDENT, log, into=Ref("QOTHER1", "[#12] The real one", "https://acme.pagerduty.com/incidents/QOTHER1")
    )

    assert ["", "", "", "#12"] == [dict(event.details).get("merged", "") for event in events]
