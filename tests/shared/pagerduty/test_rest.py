"""What PagerDuty's answers mean."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.errors import BadCredentials, CallError, Malformed, NotFound, Refused, Unavailable, Uncertain
from shared.model.event import Agent, Instant, Ref, Status, StatusChange
from shared.model.ids import TeamId
from shared.pagerduty import rest
from tests.shared.pagerduty.answers import ALICE, BOB, EPOCH_DATE, EPOCH_MS, INCIDENT, incident, reference, user

SAMPLES = Path(__file__).parents[4] / "shared" / "reference" / "pagerduty" / "samples" / "rest_examples"
SAMPLE_PARSERS = {
    "get_incidents_id": rest.parse_incident,
    "put_incidents_id": rest.parse_incident,
    "get_users_id": rest.parse_user,
    "get_users": rest.parse_users,
    "get_teams_id_members": rest.parse_members,
    "get_oncalls": rest.parse_oncalls,
    "get_escalation_policies_id": rest.parse_escalation_policy,
}
PARSERS = [
    *{parser.__name__: parser for parser in SAMPLE_PARSERS.values()}.values(),
    rest.parse_team,
    rest.snapshot_from_rest,
    rest.has_more,
]
KEYS = st.sampled_from(
    ["incident", "user", "users", "members", "team", "escalation_policy", "oncalls", *incident(), *user("P1"), "more"]
)
SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.sampled_from(["\ud800", "triggered"])
JSON = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS | st.text(), inner, max_size=4),
    max_leaves=12,
)


def changed(**fields: object) -> rest.RestIncident:
    """Parse an incident with some fields replaced."""
    return rest.parse_incident({"incident": incident(**fields)})


def error(status: int, code: int | None = None, **headers: str) -> CallError:
    """Make the error of an answer in PagerDuty's own form."""
    body = {"error": {"message": "Some words", "code": code, "errors": ["More words"]}}
    return rest.error_from(status, {name.replace("_", "-"): value for name, value in headers.items()}, _bytes(body))


def _bytes(body: object) -> bytes:
    return json.dumps(body).encode()


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
    assert read.snapshot.team_ids == ("PTEAM01",)
    assert read.updated == Instant(EPOCH_MS + 10_000, 1000)
    assert read.status_change == StatusChange(Agent("PALICE1", "Alice Ng"), Instant(EPOCH_MS + 5_000, 1000))
    assert [ref.name for ref in read.acknowledgers] == ["Alice Ng"]
    assert read.assigned_via == "escalation_policy"


def test_an_incident_with_little_in_it() -> None:
    """What PagerDuty may leave out or give as null reads as nothing."""
    bare = {"id": INCIDENT, "status": "resolved", "title": "", "urgency": "low", "html_url": None}
    read = rest.parse_incident({"incident": bare})
    assert read.updated is None
    assert read.status_change is None
    assert read.responders == frozenset()
    assert read.snapshot.assignees == ()
    assert read.snapshot.number is None
    assert changed(last_status_change_by=None).status_change == StatusChange(None, Instant(EPOCH_MS + 5_000, 1000))


def test_responders_are_those_asked_or_joined() -> None:
    """Who declined or was cancelled is no responder any more."""
    people = {"P1": "pending", "P2": "joined", "P3": "declined", "P4": "user_cancelled"}
    entries = [{"state": state, "user": reference(id_, "user", id_)} for id_, state in people.items()]
    assert changed(incidents_responders=entries).responders == {"P1", "P2"}


def test_times_have_a_zone_and_whole_seconds() -> None:
    """Any offset is understood, a fraction is cut, a time without a zone is none."""
    assert changed(updated_at="2023-11-14T14:13:20.900-08:00").updated == Instant(EPOCH_MS, 1000)
    with pytest.raises(Malformed):
        changed(updated_at="2023-11-14T22:13:20")


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
        {"incident_number": True},
        {"incident_number": "37"},
        {"assignments": [{"assignee": None}]},
        {"assignments": {}},
        {"service": "PSVC001"},
        {"created_at": 1_700_000_000},
        {"last_status_change_by": {}},
    ],
)
def test_undocumented_incidents(fields: dict[str, object]) -> None:
    """What PagerDuty does not document is refused rather than guessed at."""
    with pytest.raises(Malformed):
        changed(**fields)


def test_a_user() -> None:
    """A user has a role, teams and an address."""
    read = rest.parse_user({"user": user("PALICE1", teams=[reference("PTEAM01", "team", "Payments")])})
    assert (read.id, read.email, read.role, read.kind) == ("PALICE1", "palice1@example.com", "user", "user")
    assert read.team_ids == {"PTEAM01"}
    assert not read.deleted
    assert rest.parse_user({"user": user("P1", deleted_at="2023-11-14T22:13:20Z")}).deleted


def test_a_page_of_people() -> None:
    """Lists are read whole: users, members with their team role, people on call each once."""
    users = rest.parse_users({"users": [user("P1"), user("P2")], "more": True})
    assert [one.id for one in users] == ["P1", "P2"]
    members = [{"user": ALICE, "role": "manager"}, {"user": BOB, "role": "observer"}]
    assert rest.parse_members({"members": members}) == {"PALICE1": "manager", "PBOB001": "observer"}
    on_call = [{"user": ALICE, "escalation_level": 1}, {"user": ALICE, "escalation_level": 2}]
    assert rest.parse_oncalls({"oncalls": on_call}) == {"PALICE1"}
    assert rest.has_more({"more": True})
    assert not rest.has_more({"more": None})


@pytest.mark.parametrize(("default_role", "private"), [("none", True), ("manager", False), (None, False)])
def test_a_team(default_role: str | None, private: bool) -> None:  # noqa: FBT001 # the two columns of a table
    """A team whose outsiders have no role is private."""
    team = {"id": "PTEAM01", "type": "team", "name": "Payments", "default_role": default_role}
    assert rest.parse_team({"team": team}) == rest.Team(TeamId("PTEAM01"), "Payments", private=private)


def test_a_policy_names_people_directly_or_by_schedule() -> None:
    """Only people named themselves are targets here; schedules are for the on-call read."""
    schedule = reference("PSCHED1", "schedule", "Rota")
    rules = [{"targets": [ALICE, schedule]}, {"targets": [BOB]}]
    policy = {"id": "PPOL001", "name": "Payments on-call", "escalation_rules": rules}
    read = rest.parse_escalation_policy({"escalation_policy": policy})
    assert read.targets == {"PALICE1", "PBOB001"}


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        (400, 1008, Refused),
        (400, 1028, Refused),
        (400, 1001, Refused),
        (400, 2001, Refused),
        (400, 5001, NotFound),
        (401, 2006, BadCredentials),
        (401, None, BadCredentials),
        (401, 2010, Refused),
        (402, 2014, Refused),
        (403, 2010, Refused),
        (404, 2100, NotFound),
        (404, None, NotFound),
        (408, 2016, Uncertain),
        (409, 1005, Refused),
        (429, 2020, Unavailable),
        (500, 2000, Uncertain),
        (503, None, Uncertain),
        (304, None, Uncertain),
        (600, None, Uncertain),
    ],
)
def test_what_kind_of_error(status: int, code: int | None, kind: type[CallError]) -> None:
    """The kind of error says whether the call was surely not done, and what can be done about it."""
    made = error(status, code)
    assert type(made) is kind
    if isinstance(made, Refused):
        assert (made.code, made.status) == (code, status)
        assert str(made) == "PagerDuty answered: Some words: More words"


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"ratelimit_reset": "12"}, 12.0),
        ({"Retry_After": "3"}, 3.0),
        ({"ratelimit_reset": "soon", "Retry_After": "3"}, 3.0),
        ({"Ratelimit_Reset": "12", "retry_after": "3"}, 12.0),
        ({}, None),
        ({"retry_after": "Tue, 14 Nov 2023 22:13:20 GMT"}, None),
        ({"retry_after": "-1"}, None),
        ({"retry_after": "nan"}, None),
        ({"retry_after": "inf"}, None),
    ],
)
def test_how_long_to_wait(headers: dict[str, str], seconds: float | None) -> None:
    """A 429 names the seconds to wait in one of two headers, or not at all."""
    limited = error(429, 2020, **headers)
    assert isinstance(limited, Unavailable)
    assert limited.retry_after == seconds


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>",
        b"\xff\xfe",
        b"null",
        b"[]",
        b'{"error": "words"}',
        b'{"error": {"errors": {"a": 1}}}',
        b"[" * 99999,
    ],
)
def test_errors_without_pagerdutys_words(body: bytes) -> None:
    """A gateway's answer is understood by its status alone."""
    refused = rest.error_from(403, {}, body)
    assert isinstance(refused, Refused)
    assert refused.code is None
    assert "403" in str(refused)


def test_pagerdutys_clock() -> None:
    """The `Date` header is a whole second of PagerDuty's own time."""
    assert rest.server_time({"Date": EPOCH_DATE}) == Instant(EPOCH_MS, 1000)
    for headers in ({}, {"Date": "noon"}, {"Date": ""}):
        with pytest.raises(Malformed):
            rest.server_time(headers)


def test_the_body_of_a_status_change() -> None:
    """A status is asked for with nothing else, so that nothing else changes."""
    assert rest.status_request(Status.RESOLVED) == {"incident": {"type": "incident_reference", "status": "resolved"}}


@given(JSON)
def test_any_json_is_a_value_or_malformed(answer: object) -> None:
    """No answer whatever breaks a parser in another way than `Malformed`."""
    for parser in PARSERS:
        try:
            parser(answer)
        except Malformed:
            continue


@given(st.fixed_dictionaries({}, optional=dict.fromkeys(incident(), JSON)))
def test_any_fields_of_an_incident(fields: dict[str, object]) -> None:
    """An incident with fields of any kind parses, or is `Malformed`; what parses has a title that can be sent."""
    try:
        read = changed(**fields)
    except Malformed:
        return
    read.snapshot.title.encode()


@given(st.integers(300, 700), st.binary() | JSON.map(_bytes) | JSON.map(lambda inner: _bytes({"error": inner})))
def test_any_error_body(status: int, body: bytes) -> None:
    """Every answer that is no success is one of our errors, whose text is short."""
    assert len(str(rest.error_from(status, {}, body))) <= rest.LONGEST_WHY


@pytest.mark.skipif(not SAMPLES.exists(), reason="the vendor's examples are not in this checkout")
@pytest.mark.parametrize("name", SAMPLE_PARSERS)
def test_the_vendors_examples(name: str) -> None:
    """PagerDuty's own examples parse."""
    sample = json.loads((SAMPLES / f"{name}.json").read_text(encoding="utf-8"))
    assert SAMPLE_PARSERS[name](sample["responses"]["200"])
