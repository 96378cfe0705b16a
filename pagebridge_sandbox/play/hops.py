"""The hops from one party to another, as the logs of both simulators, the receiver and the worker have it."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, TypeVar

from pagebridge_sandbox.demo import trace
from pagebridge_sandbox.pagerduty import Call as PagerDutyCall
from pagebridge_sandbox.pagerduty import Delivery
from pagebridge_sandbox.play.logs import LogLine
from pagebridge_sandbox.play.playground import Playground
from pagebridge_sandbox.play.reads import FIRST_ERROR, is_pagerduty_read, is_slack_read
from pagebridge_sandbox.play.slack_state import incident_of
from pagebridge_sandbox.slack import Call as SlackCall
from pagebridge_sandbox.slack import Envelope

Json = dict[str, Any]
T = TypeVar("T")

MOST_HOPS = 300
"""How many hops are shown, the newest."""
MOST_READS = 100
"""The same for those that only read: the bridge compares by itself, also while people do nothing."""
SIGN_IN_PAGE = "/oauth/authorize"
"""Where people sign in with their browsers: no call of the bridge's."""
FOLD_LABELS = {
    "news": "something new",
    "echo": "the echo of our own write",
    "duplicate": "a duplicate: nothing to do",
    "stale": "older than what is known",
}
"""The worker's reading of an event."""


@dataclass(frozen=True)
class Hop:
    """One thing that one party did to another; `payload` makes what went along, when it is wanted."""

    id: str
    at: float
    source: str
    target: str
    label: str
    kind: str
    ok: bool
    payload: Callable[[], Any]
    incident: str | None = None
    seconds: float | None = None
    is_read: bool = False

    def as_json(self, numbers: dict[str, int]) -> Json:
        """Show it, with the number of its incident."""
        return {
            "id": self.id,
            "at_ms": round(self.at * 1000),
            "from": self.source,
            "to": self.target,
            "label": self.label[:200],
            "kind": self.kind,
            "incident": numbers.get(self.incident or ""),
            "ms": None if self.seconds is None else round(self.seconds * 1000),
            "ok": self.ok,
            "read": self.is_read,
        }


def hops(playground: Playground) -> list[Hop]:
    """Return the newest hops of all logs, in the order of time; fewer of the many that only read."""
    slack, pagerduty = playground.slack, playground.pagerduty
    messages = (message for channel in slack.channels.values() for message in channel.all_messages())
    shown = {message.ts: incident_of(message) for message in messages}
    found = [
        *(hop for n, each in _newest(slack.envelopes) for hop in _from_envelope(n, each, slack.name_of)),
        *(_from_slack_call(n, each, slack.name_of, shown) for n, each in _newest_calls(slack.calls, is_slack_read)),
        *(
            _from_pagerduty_call(n, each)
            for n, each in _newest_calls(pagerduty.calls, is_pagerduty_read)
            if each.path != SIGN_IN_PAGE
        ),
        *(_from_delivery(n, each) for n, each in _newest(pagerduty.webhooks.log)),
        *(_from_receiver(n, each) for n, each in _newest(playground.receiver_log.lines, _is_received)),
        *(_from_worker(n, each) for n, each in _newest(playground.worker_log.lines, _is_folded)),
    ]
    found.sort(key=lambda hop: hop.at)
    reads = [hop for hop in found if hop.is_read][-MOST_READS:]
    return sorted([*reads, *[hop for hop in found if not hop.is_read][-MOST_HOPS:]], key=lambda hop: hop.at)


def find_hop(playground: Playground, hop_id: str) -> Hop:
    """Return one of the newest hops. Raises `LookupError`."""
    for hop in hops(playground):
        if hop.id == hop_id:
            return hop
    raise LookupError("This hop is not kept any more.")


def _newest(
    log: Sequence[T], wanted: Callable[[T], bool] = lambda _: True, most: int | None = None
) -> Iterator[tuple[int, T]]:
    """Give the newest entries that are wanted, with their places in the log: `MOST_HOPS` if not said otherwise."""
    places = (place for place in range(len(log) - 1, -1, -1) if wanted(log[place]))
    return ((place, log[place]) for place in islice(places, MOST_HOPS if most is None else most))


def _newest_calls(log: Sequence[T], is_read: Callable[[T], bool]) -> Iterator[tuple[int, T]]:
    yield from _newest(log, lambda call: not is_read(call))
    yield from _newest(log, is_read, MOST_READS)


def _is_received(line: LogLine) -> bool:
    return line.event in RECEIVED


def _is_folded(line: LogLine) -> bool:
    return line.event == "event.folded"


def _from_envelope(number: int, envelope: Envelope, name_of: trace.NameLookup) -> Iterator[Hop]:
    """Read what a person did, and how it came to the worker."""
    payload = lambda: {"type": envelope.type, "payload": envelope.payload, "ack": envelope.response}  # noqa: E731 - read in place
    incident = _named(envelope.payload.get("message"))
    if envelope.type != "events_api":
        what = trace.describe_interaction(envelope)
        who = trace.first_name(name_of(trace.acting_user(envelope))).lower()
        yield Hop(
            f"a{number}", envelope.sent_at, who, "slack", what, "click", ok=True, payload=payload, incident=incident
        )
    acked = envelope.acked_after_ms
    label = (
        f"{envelope.payload.get('type', envelope.type)}: {envelope.failure or ('acked' if acked else 'not acked yet')}"
    )
    seconds = None if acked is None else acked / 1000
    ok = envelope.failure is None
    yield Hop(f"e{number}", envelope.sent_at, "slack", "worker", label, "envelope", ok, payload, incident, seconds)


def _from_slack_call(number: int, call: SlackCall, name_of: trace.NameLookup, shown: Mapping[str, str | None]) -> Hop:
    """Read a call of the worker to Slack; `shown` has the incident of each message by its `ts`."""
    payload = lambda: {"method": call.method, "arguments": _parsed(call.arguments), "error": call.error}  # noqa: E731 - read in place
    seconds = None if call.answered_at is None else call.answered_at - call.time
    label = trace.from_slack_call(call, name_of).description
    ok = call.ok is not False
    incident = _named(_parsed(call.arguments)) or shown.get(str(call.arguments.get("ts", "")))
    is_read = is_slack_read(call)
    return Hop(f"s{number}", call.time, "worker", "slack", label, "call", ok, payload, incident, seconds, is_read)


def _from_pagerduty_call(number: int, call: PagerDutyCall) -> Hop:
    """Read a call of the worker to PagerDuty."""
    payload = lambda: {  # noqa: E731 - read in place
        "call": f"{call.method} {call.path}",
        "query": call.query,
        "From": call.from_email,
        "body": call.body,
        "status": call.status,
        "took_effect": call.took_effect,
    }
    at = call.at.timestamp()
    parts = call.path.strip("/").split("/")
    incident = parts[1] if parts[0] == "incidents" and len(parts) > 1 else None
    seconds = None if call.ended_at is None else call.ended_at.timestamp() - at
    ok = call.ended_at is None or (call.status is not None and call.status < FIRST_ERROR)
    label = trace.describe_pagerduty_call(call)
    is_read = is_pagerduty_read(call)
    return Hop(f"p{number}", at, "worker", "pagerduty", label, "call", ok, payload, incident, seconds, is_read)


def _from_delivery(number: int, delivery: Delivery) -> Hop:
    """Read a webhook on its way."""
    at = delivery.at.timestamp()
    seconds = None if delivery.ended_at is None else delivery.ended_at.timestamp() - at
    again = f" (attempt {delivery.attempt})" if delivery.attempt > 1 else ""
    label = f"{delivery.event_type}{again}: {delivery.status or delivery.outcome}"
    return Hop(
        f"d{number}",
        at,
        "pagerduty",
        "receiver",
        label,
        "delivery",
        ok=delivery.outcome in ("delivered", "sending"),
        payload=lambda: json.loads(delivery.body),
        incident=delivery.incident_id or None,
        seconds=seconds,
    )


RECEIVED = {"delivery.stored": "stores it", "delivery.refused": "refuses it", "delivery.not_stored": "cannot store it"}
"""The receiver's words for what it did with a delivery, and ours."""


def _from_receiver(number: int, line: LogLine) -> Hop:
    ok = line.event == "delivery.stored"
    return Hop(f"r{number}", line.at, "receiver", "store", RECEIVED[line.event], "store", ok, lambda: line.fields)


def _from_worker(number: int, line: LogLine) -> Hop:
    told = str(line.fields.get("told"))
    label = f"{line.fields.get('type')}: {FOLD_LABELS.get(told, told)}"
    kind = "echo" if told == "echo" else "store"
    # PagerDuty's answers are folded where they come in; webhooks wait in the store.
    sender = "store" if line.fields.get("source") == "webhook" else "pagerduty"
    incident = line.fields.get("incident")
    return Hop(
        f"w{number}", line.at, sender, "worker", label, kind, ok=True, payload=lambda: line.fields, incident=incident
    )


def _named(message: Json | None) -> str | None:
    """Return the incident that the metadata of a message names."""
    metadata = (message or {}).get("metadata")
    told = metadata.get("event_payload", {}).get("incident") if isinstance(metadata, dict) else None
    return str(told) if told else None


def _parsed(arguments: Json) -> Json:
    """Read what a form holds as JSON."""
    return {name: _json(value) for name, value in arguments.items()}


def _json(value: object) -> object:
    if isinstance(value, str) and value[:1] in ("{", "["):
        try:
            return json.loads(value)
        except ValueError:
            return value
    return value
