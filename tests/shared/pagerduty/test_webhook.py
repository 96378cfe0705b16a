"""A delivery's body becomes an event."""

import json
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from shared.errors import Malformed
from shared.model.event import SECOND, Agent, Event, Instant, Ref, Source
from shared.model.event_types import UNREADABLE, Status
from shared.model.ids import IncidentId
from shared.model.incident import Incident, fold
from shared.model.thread_layout import ThreadEntry
from shared.pagerduty.events.webhook import Ignored, parse
from shared.slack.render.thread_line import render_line

SAMPLES = Path(__file__).parents[4] / "shared/reference/pagerduty/samples"
needs_samples = pytest.mark.skipif(not SAMPLES.exists(), reason="the vendors' reference is not beside this checkout")

AGENT = {"id": "PALICE1", "type": "user_reference", "summary": "Alice Ng"}
INCIDENT = {
    "id": "Q1INCIDENT",
    "type": "incident",
    "html_url": "https://acme.pagerduty.com/incidents/Q1INCIDENT",
    "number": 37,
    "status": "acknowledged",
    "created_at": "2025-04-07T03:47:13Z",
    "title": "Checkout is slow",
    "service": {"id": "PSVC001", "summary": "checkout-api", "html_url": None, "type": "service_reference"},
    "assignees": [AGENT],
    "escalation_policy": {"id": "PPOL001", "summary": "Payments on-call"},
    "teams": [{"id": "PTEAM01", "summary": "Payments"}],
    "priority": None,
    "urgency": "high",
}
NOTE = {"type": "incident_note", "id": "PNOTE01", "content": "Looking", "incident": {"id": "Q1INCIDENT"}}
MISSING = object()


def body(event_type: object = "incident.acknowledged", data: object = INCIDENT, **fields: object) -> bytes:
    """Write a delivery; a field that is `MISSING` is left out."""
    event: dict[str, object] = {
        "id": "01EVENT",
        "event_type": event_type,
        "occurred_at": "2025-04-07T03:47:13.546Z",
        "agent": AGENT,
        "client": None,
        "data": data,
        **fields,
    }
    return json.dumps({"event": {name: value for name, value in event.items() if value is not MISSING}}).encode()


def event(raw: bytes) -> Event:
    """Parse what must be an event."""
    parsed = parse(raw)
    assert isinstance(parsed, Event)
    return parsed


def changed(**fields: object) -> dict[str, object]:
    """Make the incident with other fields; `MISSING` ones are left out."""
    return {name: value for name, value in {**INCIDENT, **fields}.items() if value is not MISSING}


def test_an_incident_event_is_read_in_full() -> None:
    """Everything that the bridge shows of a delivery arrives in the event."""
    parsed = event(body())

    assert parsed.snapshot is not None
    assert ("01EVENT", "incident.acknowledged", "Q1INCIDENT") == (parsed.id, parsed.type, parsed.incident)
    assert Source.WEBHOOK == parsed.source
    assert Agent("PALICE1", "Alice Ng") == parsed.agent
    assert Instant(1743997633546) == parsed.at
    assert Status.ACKNOWLEDGED == parsed.snapshot.status
    assert ("Checkout is slow", 37, "high") == (parsed.snapshot.title, parsed.snapshot.number, parsed.snapshot.urgency)
    assert Ref("PSVC001", "checkout-api") == parsed.snapshot.service
    assert (Ref("PALICE1", "Alice Ng"),) == parsed.snapshot.assignees
    assert (Ref("PTEAM01", "Payments"),) == parsed.snapshot.teams
    assert Ref("PPOL001", "Payments on-call") == parsed.snapshot.escalation_policy
    assert 1743997633000 == parsed.snapshot.created_ms


@needs_samples
def test_real_deliveries_parse() -> None:
    """The captured deliveries are one life of one incident, and a ping that concerns none."""
    parsed = {path.stem: parse(path.read_bytes()) for path in (SAMPLES / "signed_real").glob("*_*.json")}

    assert isinstance(parsed.pop("pagey_ping"), Ignored)
    events = sorted((one for one in parsed.values() if isinstance(one, Event)), key=lambda one: one.at.ms)
    assert ["triggered", "acknowledged", "resolved", "annotated"] == [one.type.split(".")[1] for one in events]
    assert {"Q2CKYRLH85UNN4"} == {one.incident for one in events}
    assert ("PTSAIFZ", "Resolution Note: I'm resolving it") == (
        events[-1].subject,
        dict(events[-1].details).get("text"),
    )


@needs_samples
@pytest.mark.parametrize("path", sorted((SAMPLES / "docs_examples").glob("data_incident*.json")), ids=lambda p: p.stem)
def test_every_documented_shape_names_its_incident(path: Path) -> None:
    """Each kind of data that the documentation shows leads to its incident."""
    data = json.loads(path.read_text())
    found = path.read_text().partition("/incidents/")[2].partition('"')[0]

    assert found == event(body("incident.something", data)).incident


def test_a_role_assignment_names_its_incident_inside_a_list() -> None:
    """The one documented event without a reference of its own is still told apart."""
    data = {"type": "incident_role_assignment", "incident_role_assignments": [{"incident": {"id": "Q1INCIDENT"}}]}

    assert "Q1INCIDENT" == event(body("incident.role.assigned", data)).incident


def test_a_note_carries_no_snapshot() -> None:
    """An annotation is about the incident it refers to, not about the note's own id."""
    parsed = event(body("incident.annotated", NOTE))

    assert ("Q1INCIDENT", None) == (parsed.incident, parsed.snapshot)
    assert ("PNOTE01", "Looking") == (parsed.subject, dict(parsed.details).get("text"))


@pytest.mark.parametrize(
    "name", ["pagey.ping", "service.updated", "service.custom_field_values.updated", "incidents.x"]
)
def test_what_concerns_no_incident_is_ignored(name: str) -> None:
    """Pings and services are genuine and of no interest; why is said."""
    assert Ignored(f"{name} concerns no incident") == parse(body(name, {"type": "ping"}, occurred_at=MISSING))


def test_a_new_type_with_a_snapshot_counts_for_its_state() -> None:
    """PagerDuty may add types at any time; the state they carry is not lost."""
    assert event(body("incident.merged")).snapshot is not None


def test_a_new_type_with_another_snapshot_still_is_an_event() -> None:
    """A new type whose incident is written differently says at least that something happened."""
    assert event(body("incident.merged", changed(status="merged"))).snapshot is None


@pytest.mark.parametrize("field", sorted(INCIDENT.keys() - {"id", "type", "status"}))
@pytest.mark.parametrize("value", [MISSING, None], ids=["missing", "null"])
def test_a_field_may_be_missing(field: str, value: object) -> None:
    """Captures of past years lack fields of today, so only what an event cannot do without is asked for."""
    assert event(body(data=changed(**{field: value}))).snapshot is not None


@pytest.mark.parametrize("field", sorted(INCIDENT.keys()))
@pytest.mark.parametrize("value", [True, 1.5, {"id": 7}, [1], [None]], ids=repr)
def test_a_field_of_another_type_costs_no_page(field: str, value: object) -> None:
    """Nothing is guessed out of a type that PagerDuty does not document: what happened is known, PagerDuty is read."""
    if field in {"id", "type"}:
        with pytest.raises(Malformed):
            parse(body(data=changed(**{field: value})))
        return
    paged = event(body("incident.triggered", changed(**{field: value})))
    assert ("incident.triggered", "Q1INCIDENT") == (paged.type, paged.incident)
    assert paged.snapshot is None or (field, paged.snapshot.teams) == ("teams", None)
    assert fold(Incident(paged.incident), paged, paged.at.ms).incident.needs_read


@pytest.mark.parametrize("kind", ["incident.reassigned", "incident.priority_updated", "incident.delegated"])
def test_a_change_that_cannot_be_read_announces_nothing(kind: str) -> None:
    """What came out of it is in the incident that cannot be read, so the log has to tell; PagerDuty is read."""
    known = fold(Incident(IncidentId("Q1INCIDENT")), event(body("incident.triggered")), 0).incident
    unread = event(body(kind, changed(number="37"), id="02EVENT"))

    after = fold(known, unread, 0).incident
    assert (UNREADABLE, known.lines, known.snapshot) == (unread.type, after.lines, after.snapshot)
    assert after.needs_read


@pytest.mark.parametrize("extra", [{"incident_type": 7}, {"incident_key": 7}, {"resolve_reason": "merged"}], ids=repr)
@pytest.mark.parametrize("kind", ["incident.triggered", "incident.resolved"])
def test_what_an_event_says_besides_costs_no_page(kind: str, extra: dict[str, object]) -> None:
    """Odd details of an incident do not keep its page from anybody."""
    assert kind == event(body(kind, changed(**extra))).type


@pytest.mark.parametrize("field", ["id", "event_type", "occurred_at", "data"])
@pytest.mark.parametrize("value", [MISSING, None, 7, "", "ä b"], ids=["missing", "null", "number", "empty", "odd"])
def test_the_envelope_must_be_whole(field: str, value: object) -> None:
    """Without id, type, time or data there is no event."""
    with pytest.raises(Malformed):
        parse(body(**{field: value}))


@pytest.mark.parametrize("agent", [{}, {"id": None}, "PALICE1", [], {"id": 7, "summary": 3}], ids=repr)
def test_half_an_agent_is_an_unknown_one(agent: object) -> None:
    """Automation has no agent at all; of half an agent it is not known who it was."""
    assert event(body(agent=None)).agent is None
    assert Agent("", "", "") == event(body(agent=agent)).agent


def test_an_agent_may_be_bare() -> None:
    """A ping's agent comes without a name, an integration is not a person."""
    assert Agent("P1", "", "service_reference") == event(body(agent={"id": "P1", "type": "service_reference"})).agent


@pytest.mark.parametrize("found", ["Q1/../users", "q1", "", "Q" * 33, 7, None])
def test_an_incident_id_is_never_anything_else(found: object) -> None:
    """Nothing but an id ever becomes part of a key or a URL."""
    for data in (changed(id=found), {**NOTE, "incident": {"id": found}}):
        with pytest.raises(Malformed):
            parse(body(data=data))


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("1970-01-01T00:00:01Z", Instant(1000, SECOND)),
        ("1970-01-01T00:00:01.5Z", Instant(1500)),
        ("1970-01-01T00:00:01.25Z", Instant(1250)),
        ("1970-01-01T00:00:01.123Z", Instant(1123)),
        ("1970-01-01T00:00:01.123999999Z", Instant(1123)),
        ("1970-01-01T02:00:01.000+02:00", Instant(1000)),
        ("1969-12-31T18:30:01.000-05:30", Instant(1000)),
    ],
)
def test_times_are_read_to_the_millisecond(text: str, instant: Instant) -> None:
    """Any fraction of a second and any time zone come out as milliseconds since 1970."""
    assert instant == event(body(occurred_at=text)).at


@pytest.mark.parametrize(
    "text",
    [
        "0001-01-01T00:00:00.000+23:59",
        "1969-12-31T23:59:59.999Z",
        "9999-12-31T23:59:59.999-00:01",
        "2025-04-07T03:47:13.546",
        "2025-04-07 03:47:13Z",
        "2025-04-07",
        "2025-02-30T03:47:13Z",
        "2025-04-07T24:00:00Z",
        "2025-04-07T03:47:13.Z",
        "2025-04-07T03:47:13.1234567890Z",
        "2025-04-07T03:47:13+25:00",
        "\uff12025-04-07T03:47:13Z",
        "0000-04-07T03:47:13Z",
        "0001-01-01T00:00:00+23:59",
        "1969-12-31T23:59:59Z",
        "2200-01-01T00:00:00Z",
        "9999-12-31T23:59:59-23:59",
        1743997633,
    ],
)
def test_a_time_without_a_zone_or_sense_is_malformed(text: object) -> None:
    """A time that may mean several instants, or none, orders nothing."""
    with pytest.raises(Malformed):
        parse(body(occurred_at=text))


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"null",
        b"[]",
        b"{}",
        b'{"event": []}',
        b"\xff\xfe" + "{}".encode("utf-16-le"),
        b"\xef\xbb\xbf{}",
        b'{"event": {}} {}',
        body().replace(b'"id": "01EVENT"', b'"id": "01EVENT", "id": "01OTHER"'),
        body().replace(b"37", b"NaN"),
        body().replace(b"37", b"-Infinity"),
        body().replace(b"37", b"9" * 5000),
        body().replace(b"Checkout", b"\xc3\x28"),
        b'{"event":' * 100_000,
        b"[" * 100_000,
        b"[" * 100_000 + b"]" * 100_000,
    ],
    ids=lambda raw: repr(raw[:20]),
)
def test_what_is_not_strict_json_is_malformed(raw: bytes) -> None:
    """Readers of JSON differ on these; here none of them is a delivery."""
    with pytest.raises(Malformed):
        parse(raw)


def test_half_a_surrogate_pair_does_no_harm() -> None:
    """A title that no socket would take arrives with a replacement character."""
    parsed = event(body(data=changed(title="\ud800!")))

    assert parsed.snapshot is not None
    assert "\ufffd!" == parsed.snapshot.title


def test_the_reason_does_not_quote_the_body() -> None:
    """Reasons are logged, and what is in a body is nobody's business in the log."""
    with pytest.raises(Malformed) as raised:
        parse(b'{"title": "hunter2"')

    assert "hunter2" not in str(raised.value)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=10,
)


def only_ours(raw: bytes) -> None:
    """Check that parsing ends in one of the three ways."""
    try:
        parsed = parse(raw)
    except Malformed:
        return
    assert isinstance(parsed, Event | Ignored)


@given(st.binary())
@example(b"\xed\xa0\x80")
def test_any_bytes_are_an_event_or_ignored_or_malformed(raw: bytes) -> None:
    """No bytes make the parser fail in any other way."""
    only_ours(raw)


@given(st.sampled_from(sorted(INCIDENT)), JSON, st.sampled_from(["incident.triggered", "incident.new"]))
def test_any_value_in_a_snapshot_is_taken_or_malformed(field: str, value: object, event_type: str) -> None:
    """No value in any field of the incident makes the parser fail in any other way."""
    only_ours(body(event_type, changed(**{field: value})))


@given(st.sampled_from(["id", "event_type", "occurred_at", "agent", "client", "data"]), JSON)
def test_any_value_in_the_envelope_is_taken_or_malformed(field: str, value: object) -> None:
    """No value in any field of the envelope makes the parser fail in any other way."""
    only_ours(body(**{field: value}))


@pytest.mark.parametrize(
    "client", [{}, "Chronosphere", 7, {"name": 5}, {"name": " "}, {"html_url": "https://x.example"}]
)
def test_a_client_without_a_name_is_not_pagerduty_itself(client: object) -> None:
    """What a tool sent is not told as done automatically, whatever can be read of the tool."""
    told = event(body(client=client, agent=None))

    (line,) = fold(Incident(told.incident), told, told.at.ms).incident.lines

    assert "from an integration" in render_line(told.incident, ThreadEntry(line)).text


def test_the_client_of_an_event_without_an_agent_is_named() -> None:
    """An event that a monitoring tool sent has no agent; its client says which tool it was."""
    client = {"name": "Monitoring", "url": None}

    assert ("client", "Monitoring") in event(body(client=client, agent=None)).details
    assert ("client", "Monitoring") not in event(body(client=client)).details
