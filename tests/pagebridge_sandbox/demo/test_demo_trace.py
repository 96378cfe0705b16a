"""How the simulators' logs are read as hops."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from pagebridge_sandbox.demo.trace import (
    Hop,
    card_summary,
    describe_request,
    from_deliveries,
    from_envelope,
    from_pagerduty_call,
    from_slack_call,
    line_summary,
    merge_reads,
)
from pagebridge_sandbox.pagerduty import Call as PagerDutyCall
from pagebridge_sandbox.pagerduty import Delivery
from pagebridge_sandbox.pagerduty.subscriptions import Outcome
from pagebridge_sandbox.slack import Call as SlackCall
from pagebridge_sandbox.slack import Envelope

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


def slack_call(method: str, *, answered: float | None = 12.1, ok: bool = True, **arguments: str) -> SlackCall:
    """Make a call of the worker to Slack."""
    error = None if ok else "ratelimited"
    status = 200 if ok else 429
    return SlackCall(method, arguments, "form", 12.0, status, ok=ok, error=error, took_effect=ok, answered_at=answered)


def delivery(event: str, *, seconds: int, attempt: int = 1, status: int | None = 202) -> Delivery:
    """Make a delivery of an event that happened so many seconds after noon."""
    at = NOON + timedelta(seconds=seconds)
    body = json.dumps({"event": {"occurred_at": at.isoformat()}}).encode()
    ended: Outcome = "delivered" if status == 202 else "retrying"
    return Delivery("incident.resolved", "Q1", event, "w", "s", attempt, NOON, ended, status, body)


def click(action: Mapping[str, object], acked_after_ms: float | None = 12.4) -> Envelope:
    """Make the envelope of Alice's click."""
    payload = {"type": "block_actions", "user": {"id": "U0ALICE"}, "actions": [action]}
    return Envelope("e", "interactive", payload, accepts_response=True, sent_at=5.0, acked_after_ms=acked_after_ms)


def test_private_reply_is_shown_in_full() -> None:
    """It is plain words, without symbols and links."""
    call = slack_call("response_url", text=":no_entry: *Incident #1* was not. <https://a.example|Open it>")

    assert "response_url  privately: Incident #1 was not. Open it" == from_slack_call(call, str).description


def test_card_shows_state_and_thread_line_shows_event() -> None:
    """The rest stands in the channel."""
    card = slack_call("chat.update", text="Acknowledged by Alice in Slack: #1 Latency: high (high urgency).")
    line = slack_call("chat.postMessage", thread_ts="1.2", text=":eyes: *Acknowledged* by Alice · <!date^1^x|today>")

    assert "chat.update  card: Acknowledged by Alice in Slack" == from_slack_call(card, str).description
    assert "chat.postMessage  thread: Acknowledged by Alice" == from_slack_call(line, str).description


def test_card_summary_includes_pending_action() -> None:
    """It stands at the end of the text, after its symbol."""
    text = "Triggered: #1 At 12:30: slow on api (high urgency). :hourglass_flowing_sand: <@U0ALICE> is acknowledging…"

    assert "Triggered / @Alice is acknowledging…" == card_summary(text, {"U0ALICE": "Alice"}.__getitem__)
    assert "Triggered" == card_summary("Triggered: #1 Slow", str)
    assert "Resolved by Bob" == line_summary(":white_check_mark: *Resolved* by Bob · now")


def test_failed_slack_read_is_not_merged() -> None:
    """A call that failed is told by itself, with its error."""
    assert from_slack_call(slack_call("users.info"), str).is_read
    refused = from_slack_call(slack_call("users.info", ok=False), str)
    assert ("users.info  429 ratelimited", False) == (refused.description, refused.is_read)


def test_call_without_response_is_incomplete() -> None:
    """Its end is told only once it is known."""
    assert not from_slack_call(slack_call("chat.update", text="x", answered=None), str).is_complete
    open_call = PagerDutyCall("GET", "/incidents/Q1", {}, None, None, NOON)
    assert not from_pagerduty_call(open_call).is_complete


def test_a_click_is_two_hops() -> None:
    """What the person did, and how it came to the worker."""
    button = {"text": {"text": "Resolve"}, "confirm": {}}

    person, envelope = from_envelope(click(button), {"U0ALICE": "Alice Ng"}.__getitem__)

    assert Hop(5.0, "Alice", "Slack", "presses Resolve, and confirms") == person
    assert Hop(5.0, "Slack", "worker", "block_actions over the WebSocket  acked after 12 ms") == envelope


def test_view_submission_shows_errors_from_ack() -> None:
    """What the app has against it stands beside the ack."""
    payload = {"type": "view_submission", "user": {"id": "U0ALICE"}, "view": {"title": {"text": "Add note #1"}}}
    errors = {"response_action": "errors", "errors": {"text": "Write something."}}
    sent = Envelope("e", "interactive", payload, accepts_response=True, sent_at=5.0, acked_after_ms=9.0)
    sent.response = errors

    person, envelope = from_envelope(sent, str)

    assert 'submits "Add note #1"' == person.description
    assert "view_submission over the WebSocket  acked after 9 ms: Write something." == envelope.description


def test_slash_command_is_shown_as_typed() -> None:
    """With the name of whoever typed it."""
    payload = {"user_id": "U0BOB", "command": "/pd", "text": "list"}
    typed = Envelope("e", "slash_commands", payload, accepts_response=True, sent_at=5.0, acked_after_ms=9.0)

    person, envelope = from_envelope(typed, {"U0BOB": "Bob Ray"}.__getitem__)

    assert ("Bob", "types /pd list") == (person.source, person.description)
    assert "slash_commands over the WebSocket  acked after 9 ms" == envelope.description


def test_update_of_a_thread_line_is_no_card() -> None:
    """An update carries no `thread_ts`: what a line says tells it from a card."""
    updated = slack_call("chat.update", text=":white_check_mark: *Bob Ray resolved it* in Slack")

    assert "chat.update  thread: Bob Ray resolved it in Slack" == from_slack_call(updated, str).description


def test_overflow_menu_choice_is_shown() -> None:
    """It is named by its words."""
    chosen = click({"selected_option": {"text": {"text": "Add responders"}}})

    assert "chooses Add responders in the menu" == next(from_envelope(chosen, str)).description


def test_opened_modal_is_shown_by_title() -> None:
    """The dialog itself is shown elsewhere."""
    view = json.dumps({"title": {"text": "Add note #1"}})

    assert "views.open  dialog: Add note #1" == from_slack_call(slack_call("views.open", view=view), str).description


def test_unacked_click_shows_failure() -> None:
    """The failure stands in the place of the ack."""
    lost = click({"text": {"text": "Acknowledge"}}, acked_after_ms=None)
    lost.failure = "operation_timeout"

    _, envelope = from_envelope(lost, str)

    assert "operation_timeout" in envelope.description
    assert envelope.is_complete


def test_pagerduty_write_shows_change_and_from_address() -> None:
    """The status, the `From` address and the answer."""
    body = {"incident": {"type": "incident_reference", "status": "acknowledged"}}
    call = PagerDutyCall("PUT", "/incidents/Q4BR6FWE8HFOY1", {}, "alice@example.com", body, NOON, 200)

    told = "PUT /incidents/Q4BR..  status=acknowledged  From: alice@example.com  200"
    assert Hop(NOON.timestamp(), "worker", "PagerDuty", told) == from_pagerduty_call(call)


def test_pagerduty_write_omits_free_text() -> None:
    """Whom it names and to which level it goes is said; of words only in which field they were."""

    def field(body: dict[str, object]) -> str:
        return describe_request(PagerDutyCall("POST", "/incidents/Q1", {}, None, body, NOON, 200))

    target = {"responder_request_target": {"id": "PBOB1", "type": "user_reference"}}
    assert "responders=PBOB1" == field({"message": "Help", "responder_request_targets": [target]})
    assert "assignees=PBOB1" == field({"incident": {"type": "x", "assignments": [{"assignee": {"id": "PBOB1"}}]}})
    assert "escalation_level=2" == field({"incident": {"escalation_level": 2}})
    assert "note" == field({"note": {"content": "Secret"}})


def test_failed_pagerduty_read_is_not_merged() -> None:
    """Of a read only the resource is told."""
    read = from_pagerduty_call(PagerDutyCall("GET", "/teams/PT1/members", {}, None, None, NOON, 200))
    refused = from_pagerduty_call(PagerDutyCall("GET", "/teams/PT1/members", {}, None, None, NOON, 503))

    assert ("teams", True) == (read.description, read.is_read)
    assert ("GET /teams/PT1/members  503", False) == (refused.description, refused.is_read)


def test_repeated_and_late_deliveries_are_marked() -> None:
    """Again is known by the event's id, late by the event's time; a retry by its number."""
    log = [
        delivery("first", seconds=2, status=503),
        delivery("first", seconds=2, attempt=2),
        delivery("older", seconds=1),
        delivery("newer", seconds=3, status=None),
    ]

    assert [
        "incident.resolved  503",
        "incident.resolved  202  attempt 2",
        "incident.resolved  202  late",
        "incident.resolved  no answer",
    ] == [hop.description for hop in from_deliveries(log)]
    twice = [delivery("one", seconds=1), delivery("one", seconds=1)]
    assert "incident.resolved  202  the same event again" == list(from_deliveries(twice))[1].description


def test_consecutive_reads_merge_per_target() -> None:
    """They are counted, and named once each, at the time of the first."""
    write = Hop(4.0, "worker", "Slack", "chat.update")
    reads = [
        Hop(1.0, "worker", "PagerDuty", "incidents", is_read=True),
        Hop(2.0, "worker", "Slack", "users.info", is_read=True),
        Hop(3.0, "worker", "PagerDuty", "incidents", is_read=True),
        Hop(3.5, "worker", "PagerDuty", "teams", is_read=True),
    ]

    told = [(hop.at, hop.target, hop.description) for hop in merge_reads([*reads, write, reads[1]])]

    assert [
        (1.0, "PagerDuty", "3 reads: incidents, teams"),
        (2.0, "Slack", "1 read: users.info"),
        (4.0, "Slack", "chat.update"),
        (2.0, "Slack", "1 read: users.info"),
    ] == told
