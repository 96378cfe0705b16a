"""The whole state that the page shows."""

from collections import Counter
from typing import Any

from pagebridge_sandbox.play.facts import Facts, is_write
from pagebridge_sandbox.play.hops import hops
from pagebridge_sandbox.play.invariants import INVARIANTS, judge
from pagebridge_sandbox.play.pagerduty_state import pagerduty_state
from pagebridge_sandbox.play.playground import Playground
from pagebridge_sandbox.play.slack_state import slack_state
from pagebridge_sandbox.play.tour import Tour
from pagebridge_sandbox.play.verdicts import Breaker

Json = dict[str, Any]


def state_of(playground: Playground, breaker: Breaker, tour: Tour) -> Json:
    """Return everything, as it is at this moment."""
    playground.receiver_log.read()
    playground.worker_log.read()
    findings = judge(Facts(playground))
    numbers = {incident.id: incident.number for incident in playground.pagerduty.incidents}
    return {
        "slack": slack_state(playground.slack),
        "pagerduty": pagerduty_state(playground.pagerduty),
        "hops": [hop.as_json(numbers) for hop in hops(playground)],
        "counters": counters(playground),
        "processes": playground.process_states(),
        "breaks": breaker.as_json(findings),
        "invariants": [
            {"id": each.id, "text": each.text, "state": findings[each.id].state, "detail": findings[each.id].detail}
            for each in INVARIANTS
        ],
        "tour": tour.as_json(),
    }


def counters(playground: Playground) -> dict[str, int]:
    """Count what it came to so far."""
    slack, pagerduty = playground.slack, playground.pagerduty
    sent = {delivery.event_id for delivery in pagerduty.webhooks.log}
    folded = Counter(
        line.fields.get("told") for line in playground.worker_log.lines if line.fields.get("event_id") in sent
    )
    return {
        "writes": sum(map(is_write, pagerduty.calls)),
        "slack_calls": len(slack.calls),
        "echoes": folded["echo"],
        "duplicates": folded["duplicate"],
        "stale": folded["stale"],
        "deliveries": sum(delivery.outcome == "delivered" for delivery in pagerduty.webhooks.log),
        "cards": sum(message.bot_id is not None for channel in slack.channels.values() for message in channel.messages),
    }
