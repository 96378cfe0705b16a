"""Pure: what went from one party to another, as the simulators' logs have it, in the order of time."""

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from pagebridge_sandbox.pagerduty import Call as PagerDutyCall
from pagebridge_sandbox.pagerduty import Delivery
from pagebridge_sandbox.slack import Call as SlackCall
from pagebridge_sandbox.slack import Envelope, mrkdwn

VISIBLE_METHODS = (
    "chat.postMessage",
    "chat.update",
    "chat.postEphemeral",
    "response_url",
    "views.open",
    "views.update",
)
"""The methods of Slack by which people come to see something."""
OK = 200

NameLookup = Callable[[str], str]


@dataclass(frozen=True)
class Hop:
    """
    One thing that one party did to another.

    `at` is in seconds since the epoch. What `is_read` changes nothing, and several are told as one. While a hop is not
    `is_complete`, its end is open.
    """

    at: float
    source: str
    target: str
    description: str
    is_read: bool = False
    is_complete: bool = True


def from_slack_call(call: SlackCall, name_of: NameLookup) -> Hop:
    """Read one call of the worker to Slack's Web API or to a `response_url`."""
    error_note = "" if call.ok or call.http_status is None else f"  {call.http_status} {call.error}"
    settled = call.answered_at is not None
    if call.method not in VISIBLE_METHODS:
        return Hop(call.time, "worker", "Slack", call.method + error_note, is_read=not error_note, is_complete=settled)
    return Hop(
        call.time,
        "worker",
        "Slack",
        f"{call.method}  {_describe_message(call, name_of)}{error_note}",
        is_complete=settled,
    )


def from_envelope(envelope: Envelope, name_of: NameLookup) -> Iterator[Hop]:
    """Read one press, dialog or command: what a person did, and how it came to the worker."""
    payload = envelope.payload
    yield Hop(envelope.sent_at, first_name(name_of(acting_user(envelope))), "Slack", describe_interaction(envelope))
    acked = envelope.acked_after_ms
    result = envelope.failure or (f"acked after {acked:.0f} ms{_ack_text(envelope)}" if acked is not None else "")
    settled = acked is not None or envelope.failure is not None
    kind = payload.get("type", envelope.type)
    yield Hop(envelope.sent_at, "Slack", "worker", f"{kind} over the WebSocket  {result}", is_complete=settled)


def from_pagerduty_call(call: PagerDutyCall) -> Hop:
    """Read one call of the worker to PagerDuty's REST API."""
    at, settled = call.at.timestamp(), call.status is not None
    resource = call.path.strip("/").split("/")[0]
    if call.method == "GET" and call.status in (OK, None):
        return Hop(at, "worker", "PagerDuty", resource, is_read=True, is_complete=settled)
    return Hop(at, "worker", "PagerDuty", describe_pagerduty_call(call), is_complete=settled)


def from_deliveries(deliveries: Iterable[Delivery]) -> Iterator[Hop]:
    """Read the deliveries, and notice what comes again or after something newer."""
    seen: set[str] = set()
    newest = ""
    for delivery in deliveries:
        at = occurred_at(delivery)
        note = _delivery_note(delivery, is_repeat=delivery.event_id in seen, is_late=at < newest)
        seen.add(delivery.event_id)
        newest = max(newest, at)
        what = f"{delivery.event_type}  {delivery.status or 'no answer'}{note}"
        yield Hop(delivery.at.timestamp(), "PagerDuty", "receiver", what, is_complete=delivery.outcome != "sending")


def occurred_at(delivery: Delivery) -> str:
    """Read when the event of a delivery happened; such texts sort like times."""
    return str(json.loads(delivery.body)["event"]["occurred_at"])


def merge_reads(hops: Iterable[Hop]) -> list[Hop]:
    """Describe the reads between two other hops, in one line for each party that was read from."""
    merged: list[Hop] = []
    reads: list[Hop] = []
    for hop in hops:
        if hop.is_read:
            reads.append(hop)
        else:
            merged += [*_merge_by_target(reads), hop]
            reads = []
    return merged + _merge_by_target(reads)


def describe_pagerduty_call(call: PagerDutyCall) -> str:
    """Describe a call: its request, in whose name, and its answer."""
    sender = f"  From: {call.from_email}" if call.from_email else ""
    requested = f"  {describe_request(call)}" if call.body else ""
    return f"{call.method} {_shorten_ids(call.path)}{requested}{sender}  {call.status or 'no answer'}"


def acting_user(envelope: Envelope) -> str:
    """Return the id of the person who did what an envelope tells."""
    payload = envelope.payload
    return str(payload["user_id"] if envelope.type == "slash_commands" else payload["user"]["id"])


def describe_interaction(envelope: Envelope) -> str:
    """Describe an act of a person, in the words that they saw."""
    payload = envelope.payload
    if envelope.type == "slash_commands":
        return f"types {payload['command']} {payload['text']}".rstrip()
    match payload["type"]:
        case "view_submission" | "view_closed" as kind:
            return f'{"submits" if kind == "view_submission" else "closes"} "{payload["view"]["title"]["text"]}"'
        case "block_suggestion":
            return f'searches for "{payload["value"]}"'
        case "message_action" | "shortcut":
            return f"uses the shortcut {payload['callback_id']}"
    return _describe_action(payload["actions"][0])


def describe_request(call: PagerDutyCall) -> str:
    """Describe a call's request by its fields; a field with people's words only by its name."""
    body = call.body if isinstance(call.body, dict) else {}
    if targets := body.get("responder_request_targets"):
        return f"responders={','.join(each['responder_request_target']['id'] for each in targets)}"
    requested = body.get("incident", body)
    return " ".join(_format_field(name, value) for name, value in requested.items() if name != "type")


def plain_line(text: str, name_of: NameLookup) -> str:
    """Turn mrkdwn into one line of plain words, without the symbols."""
    return " ".join(re.sub(r":[a-z_]+:", "", mrkdwn.to_plain_text(text, name_of)).split())


def line_summary(text: str) -> str:
    """Leave out the time of a line."""
    return plain_line(text, str).partition(" · ")[0]


def card_summary(text: str, name_of: NameLookup) -> str:
    """Give the state on a card, and what a person is trying, which comes after a symbol."""
    _, *notices = re.split(r":[a-z]+(?:_[a-z]+)*: ", text)
    return " / ".join([text.partition(":")[0], *(plain_line(notice, name_of) for notice in notices)])


def first_name(name: str) -> str:
    """Return what the story calls a person."""
    return name.partition(" ")[0]


def _merge_by_target(reads: list[Hop]) -> list[Hop]:
    targets = dict.fromkeys(hop.target for hop in reads)
    return [_merge([hop for hop in reads if hop.target == target]) for target in targets]


def _merge(reads: list[Hop]) -> Hop:
    kinds = ", ".join(dict.fromkeys(hop.description for hop in reads))
    return replace(reads[0], description=f"{len(reads)} read{'s' * (len(reads) > 1)}: {kinds}")


def _describe_message(call: SlackCall, name_of: NameLookup) -> str:
    """Describe a message and its place: private ones in full, of cards the state and what is being tried."""
    if call.method.startswith("views."):
        return f"dialog: {_parse_view(call.arguments)['title']['text']}"
    text = str(call.arguments.get("text", ""))
    if call.method in ("response_url", "chat.postEphemeral"):
        return f"privately: {plain_line(text, name_of)}"
    # An update has no `thread_ts`; only the text of a line begins with its symbol.
    if call.arguments.get("thread_ts") or text.startswith(":"):
        return f"thread: {line_summary(text)}"
    return f"card: {card_summary(text, name_of)}"


def _delivery_note(delivery: Delivery, *, is_repeat: bool, is_late: bool) -> str:
    if delivery.attempt > 1:
        return f"  attempt {delivery.attempt}"
    if is_repeat:
        return "  the same event again"
    return "  late" if is_late else ""


def _shorten_ids(path: str) -> str:
    """Cut the ids in a path, which take much room and tell no one anything."""
    return re.sub(r"(?<=/)([A-Z0-9]{4})[A-Z0-9]{4,}", r"\1..", path)


def _describe_action(action: Mapping[str, Any]) -> str:
    if action.get("selected_option"):
        return f"chooses {action['selected_option']['text']['text']} in the menu"
    if "text" not in action:
        return f"fills in {action['block_id']}"
    return f"presses {action['text']['text']}" + (", and confirms" if "confirm" in action else "")


def _ack_text(envelope: Envelope) -> str:
    """Give the words that came with the ack, to be read in a dialog or as the answer to a command."""
    response = envelope.response or {}
    texts = [*response.get("errors", {}).values(), response.get("text", "")]
    return "".join(f": {plain_line(each, str)}" for each in texts if each)


def _parse_view(arguments: Mapping[str, Any]) -> Mapping[str, Any]:
    view = arguments["view"]
    return dict(json.loads(view) if isinstance(view, str) else view)


def _format_field(name: str, value: object) -> str:
    if name == "assignments" and isinstance(value, list):
        return f"assignees={','.join(each['assignee']['id'] for each in value)}"
    return f"{name}={value}" if name in ("status", "escalation_level") else name
