"""The first act, step by step: states that change on both sides, late and twice, refusals, and an outage."""

import asyncio
import time

from pagebridge_sandbox.demo import fixtures
from pagebridge_sandbox.demo.checks import Check
from pagebridge_sandbox.demo.scenario import (
    Step,
    buttons,
    card,
    card_says,
    menu,
    no_button,
    privately_reads,
    status,
    thread,
    webhook_count,
    writes,
)
from pagebridge_sandbox.demo.stage import Stage

TITLE = "Checkout latency over 2 s"
MOMENT = 0.15
"""Seconds after the turn of a second in which an answer of PagerDuty's may name the second before."""

ALERT = {
    "source": "prometheus-eu-1",
    "links": [
        {"href": "https://runbooks.example.com/checkout", "text": "Runbook"},
        {"href": "https://grafana.example.com/d/checkout", "text": "Latency by region"},
    ],
    "details": {"p99": "2.3 s", "region": "eu-1"},
}

BY_ALICE = "Alice Ng acknowledged it in Slack"
ACK_TIMED_OUT = "Acknowledgement timed out"
BY_BOB = "Bob Ray acknowledged it in PagerDuty"
RESOLVED = "Alice Ng resolved it in Slack"
CARD_BY_ALICE = "Acknowledged by Alice Ng in Slack"
CARD_BY_BOB = "Acknowledged by Bob Ray in PagerDuty"
CARD_RESOLVED = "Resolved by Alice Ng in Slack"

ALICES_ACKNOWLEDGE = "status=acknowledged by alice@example.com: 200"
ALICES_RESOLVE = "status=resolved by alice@example.com: 200"


async def open_incident(stage: Stage) -> None:
    """Let monitoring open the incident."""
    stage.trigger(fixtures.CHECKOUT, TITLE, priority="P1", alert=ALERT)


async def press_without_permission(stage: Stage) -> None:
    """Let two people press who may not."""
    await stage.press("Carol", "Acknowledge")
    await stage.wait_for_reply("Carol")
    await stage.press("Dave", "Acknowledge")


async def acknowledge_in_slack(stage: Stage) -> None:
    """Let Alice press Acknowledge."""
    await stage.press("Alice", "Acknowledge")


async def time_out_and_acknowledge(stage: Stage) -> None:
    """Let the acknowledgement run out, its webhook be late, and Bob acknowledge; the next webhook comes twice."""
    # PagerDuty's answers know seconds only: in that of Alice's, and just after, no order can be told without asking.
    await asyncio.sleep(1 - time.time() % 1 + MOMENT)
    stage.held_webhook = stage.pagerduty.webhooks.hold(stage.incident_id, "incident.unacknowledged")
    stage.record_action("Timer", "the acknowledgement times out; its webhook is delayed")
    stage.pagerduty.automation.unacknowledge(stage.incident_id)
    stage.pagerduty.webhooks.duplicate_next(1, same_id=False)
    stage.record_action("Bob", "acknowledges in PagerDuty's own interface")
    stage.pagerduty.web(fixtures.pagerduty_id("Bob")).acknowledge(stage.incident_id)


async def release_late_webhook(stage: Stage) -> None:
    """Let go of the webhook that was kept back."""
    if stage.held_webhook is not None:
        stage.held_webhook.release()


async def resolve_during_outage(stage: Stage) -> None:
    """Let PagerDuty go down, and Alice resolve, without a note."""
    stage.record_action("PagerDuty", "stops answering its REST API", "everybody")
    stage.pagerduty.stop_answering()
    await stage.submit("Alice", await stage.open_dialog("Alice", "Resolve"))


async def end_outage(stage: Stage) -> None:
    """Let PagerDuty come back."""
    stage.record_action("PagerDuty", "answers again", "everybody")
    stage.pagerduty.answer_again()


FIRST_INCIDENT = (
    Step(
        "Monitoring opens an incident: its card appears in #incidents",
        open_incident,
        (
            card("Triggered"),
            card_says("from prometheus-eu-1"),
            card_says("Escalates to Bob Ray"),
            buttons("Acknowledge", "Add note", "Reassign", "Escalate", "Resolve"),
            menu("Add responders", "Change priority", "Status update", "Details", "Open in PagerDuty"),
            thread(),
            writes(),
            status("triggered", "Alice"),
        ),
        scene="Monitoring opens an incident. Alice is on call.",
    ),
    Step(
        "Carol (another team) and Dave (no PagerDuty account) press Acknowledge: both are refused privately",
        press_without_permission,
        (
            privately_reads("Carol", "This incident belongs to Payments, and you are not on that team."),
            privately_reads("Dave", "No PagerDuty user has your Slack e-mail address dave@example.com"),
            card("Triggered"),
            writes(),
            status("triggered", "Alice"),
        ),
    ),
    Step(
        "Alice acknowledges in Slack: PagerDuty has it in her name, and its webhook adds nothing",
        acknowledge_in_slack,
        (
            card(CARD_BY_ALICE),
            card_says("Acknowledgement ends"),
            buttons("Add note", "Reassign", "Escalate", "Resolve"),
            no_button("Acknowledge"),
            menu("Add responders", "Snooze", "Change priority", "Status update", "Details"),
            thread(BY_ALICE),
            writes(ALICES_ACKNOWLEDGE),
            webhook_count("echo", 1),
            status("acknowledged", "Alice"),
        ),
        scene="Carol (from another team) and Dave (not in PagerDuty) press Acknowledge, and read why they can't. "
        "Then Alice presses it: PagerDuty has it in her name.",
    ),
    Step(
        "The acknowledgement times out, and Bob acknowledges in PagerDuty: one webhook is late, one comes twice",
        time_out_and_acknowledge,
        (
            card(CARD_BY_BOB),
            thread(BY_ALICE, BY_BOB),
            webhook_count("duplicate", 1),
            writes(ALICES_ACKNOWLEDGE),
            status("acknowledged", "Bob"),
        ),
    ),
    Step(
        "The late webhook arrives: it gets its line, but the card does not go back to an older state",
        release_late_webhook,
        (
            thread(BY_ALICE, BY_BOB, ACK_TIMED_OUT),
            card(CARD_BY_BOB),
            webhook_count("stale", 1),
            status("acknowledged", "Bob"),
        ),
    ),
    Step(
        "PagerDuty is down: Alice resolves the incident, and reads that it is not resolved yet",
        resolve_during_outage,
        (
            privately_reads("Alice", "is on its way to PagerDuty"),
            privately_reads("Alice", "is NOT resolved yet: it is still open"),
            card(CARD_BY_BOB),
            Check(
                'it adds "Alice Ng is resolving…"',
                lambda seen: seen.card_text,
                "Alice Ng is resolving",
                is_substring=True,
            ),
            writes(ALICES_ACKNOWLEDGE),
            status("acknowledged", "Bob"),
        ),
    ),
    Step(
        "PagerDuty is back: the incident is resolved, once",
        end_outage,
        (
            card(CARD_RESOLVED),
            buttons("Add note"),
            no_button("Resolve"),
            menu("Status update", "Details", "Open in PagerDuty"),
            thread(BY_ALICE, BY_BOB, ACK_TIMED_OUT, RESOLVED),
            privately_reads("Alice", "You resolved incident #1"),
            writes(ALICES_ACKNOWLEDGE, ALICES_RESOLVE),
            webhook_count("echo", 2),
            webhook_count("duplicate", 1),
            webhook_count("stale", 1),
            status("resolved"),
        ),
        quiet_seconds=1.3,  # the worker posts one message a second: in this time a line too many would come
        scene="Her acknowledgement times out, and Bob acknowledges in PagerDuty. One webhook is late, one comes twice. "
        "Then PagerDuty goes down just as Alice resolves the incident, and comes back.",
    ),
)
