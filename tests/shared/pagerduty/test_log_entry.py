"""What the entries of PagerDuty's log mean."""

from shared.model.event import Agent, Instant
from shared.pagerduty.models.log_entry import Change, LogEntry, parse_log_entries
from tests.shared.pagerduty.responses import ALICE, BOB, EPOCH_MS, log_entry, reference


def one(kind: str, **changed: object) -> LogEntry:
    """Parse an entry of a kind."""
    (entry,) = parse_log_entries({"log_entries": [log_entry(kind, **changed)]})
    return entry


def test_who_did_what_when() -> None:
    """Every entry has its kind, a second, who or what did it, and how."""
    entry = one("acknowledge")
    assert (entry.type, entry.at, entry.channel) == ("acknowledge_log_entry", Instant(EPOCH_MS, 1000), "website")
    assert entry.agent == Agent("PALICE1", "Alice Ng")


def test_what_happened_by_itself() -> None:
    """A service stands for what nobody did; some entries name no agent at all."""
    by_itself = one("escalate", agent=reference("PSVC001", "service", "checkout-api"), channel={"type": "timeout"})
    assert by_itself.agent is not None
    assert not by_itself.agent.is_user
    assert by_itself.channel == "timeout"
    assert one("unacknowledge", agent=None, channel=None).agent is None


def test_what_each_kind_tells() -> None:
    """Assignments tell who has it now, notes their words, notifications their user, snoozes when they end."""
    assert [ref.id for ref in one("assign", assignees=[ALICE, BOB]).assignees] == ["PALICE1", "PBOB001"]
    assert one("annotate", note="Looking at it").note == "Looking at it"
    notified = one("notify", user=BOB).user
    assert notified is not None
    assert notified.id == "PBOB001"
    (pending,) = one("snooze", changed_actions=[{"type": "unacknowledge", "at": "2023-11-14T22:13:30Z"}]).pending
    assert (pending.type, pending.at) == ("unacknowledge", Instant(EPOCH_MS + 10_000, 1000))


def test_what_changed_from_what_to_what() -> None:
    """Changes of fields, PagerDuty's own and the account's, come with both values, of whatever kind."""
    changeset = {
        "application_fields": [{"name": "title", "old_value": "Slow", "value": "Checkout is slow"}],
        "customer_fields": [{"name": "rooms", "old_value": None, "value": ["North", 7]}],
    }
    entry = one("field_value_change", channel={"type": "website", "changeset": changeset})
    assert entry.changes == (Change("title", "Slow", "Checkout is slow"), Change("rooms", "", '["North", 7]'))
