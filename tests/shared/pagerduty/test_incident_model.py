"""What PagerDuty's incidents mean."""

from functools import partial

import pytest

from shared.errors import Malformed
from shared.model.event import Agent, Instant, Ref, StatusChange
from shared.model.event_types import Status
from shared.pagerduty.models import incident as incident_model
from tests.shared.pagerduty.responses import ALICE, BOB, EPOCH_MS, INCIDENT, incident, reference


def changed(**fields: object) -> incident_model.RestIncident:
    """Parse an incident with some fields replaced."""
    return incident_model.parse_incident({"incident": incident(**fields)})


def test_an_incident() -> None:
    """Everything that the bridge shows or decides by is read off a full incident."""
    read = changed(
        status="acknowledged",
        priority=reference("PPRIO01", "priority", "P1"),
        acknowledgements=[{"at": "2023-11-14T22:13:25Z", "acknowledger": ALICE}],
    )
    assert read.id == INCIDENT
    assert read.snapshot.status is Status.ACKNOWLEDGED
    assert (read.snapshot.number, read.snapshot.title, read.snapshot.urgency) == (37, "Checkout is slow", "high")
    assert read.snapshot.url == "https://acme.pagerduty.com/incidents/Q1INCIDENT"
    assert read.snapshot.created_ms == EPOCH_MS
    assert read.snapshot.service == Ref("PSVC001", "checkout-api", "https://acme.pagerduty.com/PSVC001")
    assert read.snapshot.priority is not None
    assert read.snapshot.priority.name == "P1"
    assert read.snapshot.assignee_ids == {"PALICE1"}
    assert [team.id for team in read.snapshot.teams or ()] == ["PTEAM01"]
    assert read.updated == Instant(EPOCH_MS + 10_000, 1000)
    assert read.status_change == StatusChange(Agent("PALICE1", "Alice Ng"), Instant(EPOCH_MS + 5_000, 1000))
    assert [ref.name for ref in read.acknowledgers] == ["Alice Ng"]
    assert read.assigned_via == "escalation_policy"


def test_an_incident_with_little_in_it() -> None:
    """What PagerDuty may leave out or give as null reads as nothing."""
    bare = {"id": INCIDENT, "status": "resolved", "title": "", "urgency": "low", "html_url": None}
    read = incident_model.parse_incident({"incident": bare})
    assert read.updated is None
    assert read.status_change is None
    assert read.responders == frozenset()
    assert read.snapshot.assignees == ()
    assert read.snapshot.number is None
    assert changed(last_status_change_by=None).status_change == StatusChange(None, Instant(EPOCH_MS + 5_000, 1000))


def test_what_pagerduty_will_do_by_itself() -> None:
    """Pending actions come in the order of their times, and each can be asked for."""
    later, sooner = "2023-11-14T23:13:20Z", "2023-11-14T22:43:20Z"
    read = changed(
        pending_actions=[
            {"type": "resolve", "at": later},
            {"type": "unacknowledge", "at": sooner},
            {"type": "urgency_change", "at": later, "to": "high"},
        ]
    )
    assert [action.type for action in read.pending] == ["unacknowledge", "resolve", "urgency_change"]
    assert read.due("unacknowledge") == Instant(EPOCH_MS + 30 * 60_000, 1000)
    assert read.due("escalate") is None


def test_until_when_it_is_acknowledged() -> None:
    """The time, or never where nothing is to end it; no word of it is made up where PagerDuty gives none."""
    ends = {"type": "unacknowledge", "at": "2023-11-14T22:43:20Z"}
    until = partial(changed, status="acknowledged")

    assert until(pending_actions=[ends]).acknowledged_until_ms == EPOCH_MS + 30 * 60_000
    assert until(pending_actions=[]).acknowledged_until_ms == 0
    assert until(pending_actions=None).acknowledged_until_ms is None
    assert until(pending_actions=[{**ends, "type": "escalate"}]).acknowledged_until_ms is None
    assert changed(status="triggered", pending_actions=[ends]).acknowledged_until_ms is None


def test_who_has_had_it_and_when() -> None:
    """Assignments and acknowledgements carry their times, where PagerDuty gives them."""
    read = changed(acknowledgements=[{"at": "2023-11-14T22:13:25Z", "acknowledger": BOB}, {"acknowledger": ALICE}])
    assert [(stamp.by.id, stamp.at) for stamp in read.assignments] == [("PALICE1", Instant(EPOCH_MS, 1000))]
    assert [stamp.at for stamp in read.acknowledgements] == [Instant(EPOCH_MS + 5_000, 1000), None]
    assert [ref.id for ref in read.acknowledgers] == ["PBOB001", "PALICE1"]


def test_what_else_an_incident_tells() -> None:
    """The alerts and the type are read where they are."""
    read = changed(
        alert_counts={"all": 3, "triggered": 2, "resolved": 1},
        incident_type={"name": "major_incident"},
    )
    assert read.alerts == incident_model.AlertCounts(3, 2)
    assert read.kind == "major_incident"


def test_a_merged_incident_names_the_other_one() -> None:
    """A merge resolves, and the reason says where it goes on."""
    target = reference("Q2TARGET", "incident", "[#12] Checkout is down")
    merged = changed(
        status="resolved",
        resolved_at="2023-11-14T22:13:25Z",
        resolve_reason={"type": "merge_resolve_reason", "incident": target},
    )
    assert merged.merged_into is not None
    assert merged.merged_into.id == "Q2TARGET"
    assert changed(resolve_reason=None).merged_into is None


def test_a_page_of_incidents() -> None:
    """A page gives each of its incidents."""
    page = {"incidents": [incident(), incident(id="Q2INCIDENT")], "more": False}
    assert [one.id for one in incident_model.parse_incidents(page).members] == [INCIDENT, "Q2INCIDENT"]


def test_responders_are_those_asked_or_joined() -> None:
    """Who declined or was cancelled is no responder any more."""
    people = {"P1": "pending", "P2": "joined", "P3": "declined", "P4": "user_cancelled"}
    entries = [{"state": state, "user": reference(id_, "user", id_)} for id_, state in people.items()]
    assert changed(incidents_responders=entries).responders == {"P1", "P2"}


def test_times_have_a_zone_and_whole_seconds() -> None:
    """Any offset is understood, a fraction is cut, a time without a zone is none."""
    assert changed(updated_at="2023-11-14T14:13:20.900-08:00").updated == Instant(EPOCH_MS, 1000)
    assert changed(updated_at="2023-11-14T22:13:20").updated is None


def test_a_title_that_stands_in_the_summary_only() -> None:
    """An answer without a title has it behind the number, as PagerDuty's example for a snooze shows."""
    assert changed(title=None, summary="[#37] Checkout is slow").snapshot.title == "Checkout is slow"
    assert changed(title="[#37] Odd", summary="[#37] [#37] Odd").snapshot.title == "[#37] Odd"


def test_half_a_character_does_not_hide_an_incident() -> None:
    """Half a surrogate pair in a title would fit into no file and no socket."""
    assert changed(title="disk \ud83d full").snapshot.title == "disk \ufffd full"
    assert changed(title="\U0001f525").snapshot.title == "\U0001f525"


@pytest.mark.parametrize(
    "fields",
    [
        {"status": "snoozed"},
        {"id": "../users"},
        {"id": None},
        {"title": None},
    ],
)
def test_undocumented_incidents(fields: dict[str, object]) -> None:
    """Without id, title and state there is no incident."""
    with pytest.raises(Malformed):
        changed(**fields)


@pytest.mark.parametrize("teams", [None, {}, "Payments", [None], [{"id": "PTEAM01"}, {"summary": "Search"}]])
def test_whose_an_incident_is_is_not_guessed(teams: object) -> None:
    """Teams that are not said, or of which one cannot be read, are unknown; that is not the same as none."""
    assert changed(teams=teams).snapshot.teams is None
    assert changed(teams=[]).snapshot.teams == ()


@pytest.mark.parametrize(
    ("field", "value", "read_as"),
    [
        ("incident_number", True, None),
        ("incident_number", "37", None),
        ("assignments", {}, []),
        ("service", "PSVC001", None),
        ("priority", {"summary": "P1"}, None),
        ("created_at", 1_700_000_000, None),
        ("updated_at", "0001-01-01T00:00:00Z", None),
        ("last_status_change_at", "soon", None),
        ("pending_actions", [{"type": "escalate"}], []),
        ("acknowledgements", "none", []),
        ("incidents_responders", [{"user": ALICE, "state": []}], [{"user": ALICE, "state": None}]),
        ("incidents_responders", 7, []),
        ("alert_counts", "two", None),
        ("html_url", 7, None),
    ],
)
def test_one_field_does_not_cost_the_incident(field: str, value: object, read_as: object) -> None:
    """A field that may be missing and cannot be read is as if it were missing; the rest is read."""
    assert changed(**{field: value}) == changed(**{field: read_as})


def test_one_assignee_does_not_cost_the_others() -> None:
    """Of a list, those who can be read are."""
    assert {"PBOB001"} == changed(assignments=[{"assignee": None}, 7, {"assignee": BOB}]).snapshot.assignee_ids


def test_no_time_of_the_past_is_of_the_future() -> None:
    """What PagerDuty dates later than its own answer is not said; what is still to come may be as far off as it is."""
    later = "2023-11-14T23:00:00Z"
    odd = incident(
        created_at=later,
        updated_at=later,
        last_status_change_at=later,
        pending_actions=[{"type": "escalate", "at": later}],
    )

    read = incident_model.parse_incident({"incident": odd}, EPOCH_MS)

    assert (None, None, None) == (read.updated, read.snapshot.created_ms, read.status_change)
    assert read.due("escalate") is not None
    assert incident_model.parse_incident({"incident": odd}).updated is not None
