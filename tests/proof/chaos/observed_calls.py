"""What the simulators saw, as facts to compare. All times are seconds since the epoch."""

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pagebridge_sandbox.pagerduty import Call
from pagebridge_sandbox.slack import Message
from pagebridge_sandbox.slack.envelopes import Envelope
from tests.proof.chaos.scenario import Company

WORDS = {
    "Triggered": "triggered",
    "Acknowledged": "acknowledged",
    "Acknowledgement timed out": "unacknowledged",
    "Unacknowledged": "unacknowledged",
    "Resolved": "resolved",
    "Reopened": "reopened",
    "Note added": "annotated",
    "triggered it": "triggered",
    "acknowledged it": "acknowledged",
    "unacknowledged it": "unacknowledged",
    "resolved it": "resolved",
    "reopened it": "reopened",
    "added a note": "annotated",
}
"""What a line says about a change, with and without who made it, and PagerDuty's word for it."""
STATES = {
    "triggered": "triggered",
    "acknowledged": "acknowledged",
    "unacknowledged": "triggered",
    "resolved": "resolved",
    "reopened": "triggered",
}
"""The state that each change leads to."""
LINE = re.compile(
    rf":\w+: (?:(?P<who>.+?) )??(?P<what>{'|'.join(WORDS)})(?P<also> and acknowledged it)?(?:[:.] [^·]*?)?"
    r"(?: automatically| by [^·]+?)?(?: in (?P<where>Slack|PagerDuty))?(?:, and is now assigned)? ·"
)
NOBODY = "PagerDuty itself"
VERB = {"acknowledged": "acknowledge", "resolved": "resolve", "annotated": "note"}
"""What is asked for that leads to a change."""
NUMBER = re.compile(r"#(\d+)")
NOT_DONE = re.compile(r"already|You can't|was NOT|did not confirm it|could not be saved")
"""The private answers that end a click without an effect, or without one that is known."""


@dataclass(frozen=True)
class Click:
    """
    What somebody asked for by a press, or by sending off a dialog; once, though Slack brought it `copies` times.

    Accepted when it was acked in time, and not with words that say that it was not.
    """

    person: str
    action: str
    incident: str
    at: float
    accepted: bool
    copies: int = 1


@dataclass(frozen=True)
class Write:
    """A call that was to change something at PagerDuty, in whose name, and whether it did."""

    email: str
    action: str
    incident: str
    at: float
    effect: bool


@dataclass(frozen=True)
class Transition:
    """A change that PagerDuty went through; `delivered` when our receiver has taken it."""

    incident: str
    what: str
    who: str
    at: float
    delivered: bool


@dataclass(frozen=True)
class Line:
    """What a thread says about a change. `where` is empty when nobody did it."""

    incident: str
    what: str
    who: str
    where: str
    at: float


@dataclass(frozen=True)
class Answer:
    """A private answer that says that a click had no effect, or none that is known. `person` is empty in a lost one."""

    person: str
    number: int
    at: float


@dataclass(frozen=True)
class Version:
    """What a card said from `at` on."""

    incident: str
    status: str
    text: str
    at: float


def clicks(company: Company) -> list[Click]:
    """List what people asked for. A press that opens a dialog asks for nothing yet."""
    names = {id_: name for name, id_ in company.acme.people.items()}
    found: dict[tuple[str, str, str], list[Envelope]] = {}
    for envelope in company.slack.envelopes:
        if what := asked(envelope):
            found.setdefault(what, []).append(envelope)
    in_time = company.slack.ack_timeout * 1000
    return [
        Click(
            person=names[envelopes[0].payload["user"]["id"]],
            action=action,
            incident=incident,
            at=envelopes[0].sent_at,
            accepted=any(_accepted(envelope, in_time) for envelope in envelopes),
            copies=len(envelopes),
        )
        for (_, action, incident), envelopes in found.items()
    ]


def asked(envelope: Envelope) -> tuple[str, str, str] | None:
    """Tell which press or dialog this is, and what it asks for with which incident; None for what asks for nothing."""
    payload = envelope.payload
    if envelope.type != "interactive":
        return None
    if payload["type"] == "view_submission":
        view = payload["view"]
        about = json.loads(view["private_metadata"])
        return str(view["id"]), str(view["callback_id"]).rpartition(":")[2], str(about["incident"])
    action = payload["actions"][0]
    if action["action_id"] != "pagebridge:acknowledge":
        return None
    return str(action["action_ts"]), "acknowledge", str(action["value"]).partition(" ")[0]


def _accepted(envelope: Envelope, in_time: float) -> bool:
    refused = (envelope.response or {}).get("response_action") == "errors"
    return envelope.acked and not refused and (envelope.acked_after_ms or 0) <= in_time


def writes(company: Company) -> list[Write]:
    """List the calls that were to change something at PagerDuty."""
    return [_write(call) for call in company.pagerduty.calls if call.method != "GET"]


def _write(call: Call) -> Write:
    _, _, incident, *rest = call.path.split("/")
    body = call.body if isinstance(call.body, dict) else {}
    action = "note" if rest == ["notes"] else VERB[body["incident"]["status"]]
    return Write(str(call.from_email), action, incident, call.at.timestamp(), call.took_effect)


def transitions(company: Company) -> list[Transition]:
    """List what PagerDuty really went through: each event once, however often it was sent."""
    found: dict[str, Transition] = {}
    for sent in company.pagerduty.webhooks.log:
        event = json.loads(sent.body)["event"]
        what = str(event["event_type"]).partition(".")[2]
        if what not in WORDS.values():
            continue
        delivered = sent.outcome == "delivered" or (sent.event_id in found and found[sent.event_id].delivered)
        who = (event["agent"] or {}).get("summary", NOBODY)
        at = datetime.fromisoformat(event["occurred_at"]).timestamp()
        found[sent.event_id] = Transition(sent.incident_id, what, who, at, delivered)
    return sorted(found.values(), key=lambda each: each.at)


def cards(company: Company) -> dict[str, list[Message]]:
    """Give the cards of each incident, in all channels."""
    found: dict[str, list[Message]] = {}
    for channel in company.slack.channels.values():
        for message in channel.messages:
            if incident := incident_of(message):
                found.setdefault(incident, []).append(message)
    return found


def incident_of(message: Message) -> str:
    """Tell which incident a message is about, empty for one that tells a channel about the bridge itself."""
    return _incident(message.metadata or {})


def _incident(metadata: dict[str, Any]) -> str:
    return str(metadata.get("event_payload", {}).get("incident", ""))


def lines(company: Company) -> list[Line]:
    """List what the threads say about changes."""
    return [line for messages in cards(company).values() for card in messages for line in _lines(card)]


def _lines(card: Message) -> Iterator[Line]:
    for reply in card.replies:
        if said := LINE.match(reply.plain):
            who, where, at = said["who"] or NOBODY, said["where"] or "", float(reply.ts)
            for what in [WORDS[said["what"]], *["acknowledged"] * bool(said["also"])]:
                yield Line(incident_of(card), what, who, where, at)


def answers(company: Company) -> list[Answer]:
    """List the private answers that people got."""
    names = {id_: name for name, id_ in company.acme.people.items()}
    told = ((names[each.user], each.plain, float(each.ts)) for each in company.slack.ephemerals)
    return list(_answers(told))


def answers_not_taken(company: Company) -> list[Answer]:
    """List the private answers that the bridge gave and Slack did not take, by chance."""
    calls = (call for call in company.slack.calls if call.method in ("response_url", "chat.postEphemeral"))
    failed = (
        ("", str(call.arguments.get("text")), call.time) for call in calls if call.injected and not call.took_effect
    )
    return list(_answers(failed))


def _answers(told: Iterable[tuple[str, str, float]]) -> Iterator[Answer]:
    for person, text, at in told:
        number = NUMBER.search(text)
        if number and NOT_DONE.search(text):
            yield Answer(person, int(number[1]), at)


def versions(company: Company) -> list[Version]:
    """List everything that cards have ever said."""
    incidents = {(card.channel_id, card.ts): incident for incident, shown in cards(company).items() for card in shown}
    found = []
    for call in company.slack.calls:
        if call.method == "chat.update":
            incident = incidents.get((str(call.channel), str(call.arguments["ts"])), "")
        elif call.method == "chat.postMessage" and "metadata" in call.arguments and "thread_ts" not in call.arguments:
            incident = _incident(call.arguments["metadata"])
        else:
            continue
        text = str(call.arguments["text"])
        status = re.split(r"[ :]", text, maxsplit=1)[0].lower()
        if call.took_effect and incident:
            found.append(Version(incident, status, text, call.answered_at or call.time))
    return found
