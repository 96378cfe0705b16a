"""What PagerDuty tells of what belongs to an incident: log entries, notes, alerts."""

from shared.model.enrichment import Link
from shared.model.event import Agent, Instant
from shared.pagerduty.models import incident_parts as incident_parts_model
from shared.pagerduty.models.incident_parts import Alert, Change, LogEntry, parse_alerts, parse_log_entries
from tests.shared.pagerduty.responses import (
    ALICE,
    BOB,
    EPOCH_MS,
    alert,
    log_entry,
    note,
    reference,
    responder_request,
    status_update,
)


def entry_of(kind: str, **changed: object) -> LogEntry:
    """Parse an entry of a kind."""
    (entry,) = parse_log_entries({"log_entries": [log_entry(kind, **changed)]}).members
    return entry


def test_who_did_what_when() -> None:
    """Every entry has its kind, a second, who or what did it, and how."""
    entry = entry_of("acknowledge")
    assert (entry.type, entry.at, entry.channel) == ("acknowledge_log_entry", Instant(EPOCH_MS, 1000), "website")
    assert entry.agent == Agent("PALICE1", "Alice Ng")


def test_what_happened_by_itself() -> None:
    """A service stands for what nobody did; some entries name no agent at all."""
    by_itself = entry_of("escalate", agent=reference("PSVC001", "service", "checkout-api"), channel={"type": "timeout"})
    assert by_itself.agent is not None
    assert not by_itself.agent.is_user
    assert by_itself.channel == "timeout"
    assert entry_of("unacknowledge", agent=None, channel=None).agent is None


def test_what_each_kind_tells() -> None:
    """Assignments tell who has it now, notes their words, snoozes when they end."""
    assert [ref.id for ref in entry_of("assign", assignees=[ALICE, BOB]).assignees] == ["PALICE1", "PBOB001"]
    assert entry_of("annotate", note="Looking at it").note == "Looking at it"
    (pending,) = entry_of("snooze", changed_actions=[{"type": "unacknowledge", "at": "2023-11-14T22:13:30Z"}]).pending
    assert (pending.type, pending.at) == ("unacknowledge", Instant(EPOCH_MS + 10_000, 1000))


def test_what_changed_from_what_to_what() -> None:
    """Changes of fields, PagerDuty's own and the account's, come with both values, of whatever kind."""
    changeset = {
        "application_fields": [{"name": "title", "old_value": "Slow", "value": "Checkout is slow"}],
        "customer_fields": [{"name": "rooms", "old_value": None, "value": ["North", 7]}],
    }
    entry = entry_of("field_value_change", channel={"type": "website", "changeset": changeset})
    assert entry.changes == (Change("title", "Slow", "Checkout is slow"), Change("rooms", "", '["North", 7]'))


def test_a_note() -> None:
    """A note has its words, who wrote it, and when."""
    read = incident_parts_model.parse_note({"note": note(content="Looking at it \u2026")})
    assert (read.id, read.content, read.created) == ("PNOTE01", "Looking at it …", Instant(EPOCH_MS, 1000))
    assert read.user is not None
    assert read.user.id == "PALICE1"


def test_all_notes() -> None:
    """Notes made by a rule, by nobody, or edited later are notes as well."""
    rule = reference("PRULE01", "bot_user", "A Global Event Rule")
    listed = [note(user=rule), note(user=None), note(updated_at="2023-11-14T22:13:25Z")]
    by_rule, by_nobody, edited = incident_parts_model.parse_notes({"notes": listed}).members
    assert by_rule.user is not None
    assert by_rule.user.name == "A Global Event Rule"
    assert by_nobody.user is None
    assert edited.updated == Instant(EPOCH_MS + 5_000, 1000)
    assert incident_parts_model.parse_notes({"notes": []}).members == ()


def test_a_status_update() -> None:
    """A status update has an id, by which its webhook is known again."""
    read = incident_parts_model.parse_status_update({"status_update": status_update()})
    assert (read.id, read.created) == ("PUPD001", Instant(EPOCH_MS, 1000))


def test_who_was_asked() -> None:
    """A request shows everybody whom it asked, through whichever target."""
    read = incident_parts_model.parse_responder_request({"responder_request": responder_request()})
    assert [(one.user.name, one.state) for one in read.responders] == [("Bob Ray", "pending")]


def alert_of(**changed: object) -> Alert:
    """Parse an alert."""
    (read,) = parse_alerts({"alerts": [alert(**changed)]}).members
    return read


def body(**fields: object) -> dict[str, object]:
    """Make the body of an alert."""
    return {"type": "alert_body", **fields}


def test_an_alert() -> None:
    """An alert says what is wrong, how badly, and where to look."""
    read = alert_of()
    assert (read.summary, read.status, read.severity) == ("p99 latency over 2 s", "triggered", "critical")
    assert read.links == (Link("https://graphs.example.com/1", "Latency"),)
    assert read.details == (("p99", "2.4"), ("region", "eu-west-1"))


def test_where_an_alert_comes_from() -> None:
    """The source that the monitoring named counts before the integration through which it came."""
    assert alert_of().source == "Prometheus"
    assert alert_of(body=body(cef_details={"source_origin": "web-7"})).source == "web-7"
    for other in (None, "web-7", {"source_origin": 7}, {}):
        assert alert_of(body=body(cef_details=other)).source == "Prometheus"
    assert alert_of(integration=None).source == ""


def test_links_that_lead_nowhere() -> None:
    """Contexts without an address, and of kinds that PagerDuty does not document, are passed over."""
    read = alert_of(
        body=body(contexts=[{"type": "link"}, {"type": "image"}, {"type": "video", "src": "https://e.example"}])
    )
    assert read.links == ()


def test_details_of_any_kind() -> None:
    """Details may be an object, a text, or missing, with values of any kind."""
    assert alert_of(body=body(details="it is down")).details == (("", "it is down"),)
    assert alert_of(body=body(details=None)).details == ()
    assert alert_of(body=None).details == ()
    assert alert_of(body=body(details={"hosts": ["a", "b"], "up": None})).details == (
        ("hosts", '["a", "b"]'),
        ("up", ""),
    )


def test_details_without_end() -> None:
    """A value nested deeper than anybody can read is left out, and costs nothing else."""
    deep: object = "bottom"
    for _ in range(100_000):
        deep = [deep]
    read = alert_of(body=body(details={"deep": deep}))
    assert ("p99 latency over 2 s", ()) == (read.summary, read.details)
