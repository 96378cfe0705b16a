"""The whole state that the page shows."""

from collections import Counter
from typing import Any

from pagebridge_sandbox.play.hops import hops
from pagebridge_sandbox.play.pagerduty_state import pagerduty_state
from pagebridge_sandbox.play.playground import Playground
from pagebridge_sandbox.play.slack_state import slack_state

Json = dict[str, Any]


def whole_state(playground: Playground) -> Json:
    """Return everything, as it is at this moment."""
    playground.receiver_log.read()
    playground.worker_log.read()
    numbers = {incident.id: incident.number for incident in playground.pagerduty.incidents}
    return {
        "slack": slack_state(playground.slack),
        "pagerduty": pagerduty_state(playground.pagerduty),
        "hops": [hop.as_json(numbers) for hop in hops(playground)],
        "counters": counters(playground),
        "processes": playground.process_states(),
    }


def counters(playground: Playground) -> dict[str, int]:
    """Count what it came to so far."""
    slack, pagerduty = playground.slack, playground.pagerduty
    folded = Counter(line.fields.get("told") for line in playground.worker_log.lines if line.event == "event.folded")
    return {
        "writes": sum(call.method != "GET" for call in pagerduty.calls),
        "slack_calls": len(slack.calls),
        "echoes": folded["echo"],
        "duplicates": folded["duplicate"],
        "stale": folded["stale"],
        "deliveries": sum(delivery.outcome == "delivered" for delivery in pagerduty.webhooks.log),
        "cards": sum(message.bot_id is not None for channel in slack.channels.values() for message in channel.messages),
    }
