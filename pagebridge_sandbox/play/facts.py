"""The facts in the logs of both simulators to judge by: presses, writes, cards and lines."""

import json
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from pagebridge_sandbox.demo.trace import acting_user
from pagebridge_sandbox.pagerduty import Call
from pagebridge_sandbox.play import fixtures
from pagebridge_sandbox.play.playground import Playground
from pagebridge_sandbox.play.slack_state import incident_of
from pagebridge_sandbox.slack import Envelope, Message

STATE = re.compile(r"\*(Triggered|Acknowledged|Resolved)\*")
"""The state in the first block of a card."""
VISIBLE = ("chat.postMessage", "chat.update", "chat.delete", "response_url", "chat.postEphemeral")
DIGEST_BUTTON = "Acknowledge mine…"
"""Stands on the card that many incidents share, as long as they do."""
QUIET = 2.0
"""Seconds without anything that people see or PagerDuty is told, after which all has come to rest."""


@dataclass(frozen=True)
class Write:
    """A call that was to change an incident: when, in whose name, what; `effective` when it has changed something."""

    at: float
    email: str
    what: str
    effective: bool

    @property
    def person(self) -> str:
        """The Slack id of the person in whose name it was made, empty if they are no one here."""
        return next((actor.slack_id for actor in fixtures.ACTORS if actor.pagerduty_email == self.email), "")


@dataclass(frozen=True)
class Card:
    """A message about an incident in a channel: what it says it is, and its thread."""

    incident: str
    channel: str
    state: str
    message: Message


@dataclass(frozen=True)
class Facts:
    """A look at the logs. `since` leaves out what happened before, in seconds since the epoch."""

    playground: Playground
    since: float = 0.0

    @cached_property
    def presses(self) -> list[tuple[float, str]]:
        """When people pressed, sent or typed something that came to the app, and who."""
        acts = (each for each in self.playground.slack.envelopes if each.type != "events_api" and _is_act(each))
        return [(each.sent_at, acting_user(each)) for each in acts if each.sent_at >= self.since]

    @cached_property
    def writes(self) -> list[Write]:
        """Every call that was to change an incident."""
        calls = [_write(call) for call in self.playground.pagerduty.calls if is_write(call)]
        return [write for write in calls if write.at >= self.since]

    @cached_property
    def cards(self) -> list[Card]:
        """Every message of the bridge that stands for an incident."""
        return [
            Card(incident, channel.id, _state(message), message)
            for channel in self.playground.slack.channels.values()
            for message in channel.messages
            if (incident := incident_of(message))
        ]

    @cached_property
    def digested(self) -> set[str]:
        """The incidents of the storm that may stand on its digest card, while that takes some."""
        messages = self.playground.slack.channels[fixtures.STORM].messages
        if not any(DIGEST_BUTTON in message.buttons for message in messages):
            return set()
        opened = self.playground.pagerduty.incidents
        return {each.id for each in opened if (each.service, each.urgency) == (fixtures.EDGE, "low")}

    @cached_property
    def statuses(self) -> dict[str, str]:
        """How every incident stands at PagerDuty."""
        return {incident.id: incident.status for incident in self.playground.pagerduty.incidents}

    @cached_property
    def folded(self) -> dict[str, int]:
        """How often the worker has folded an event of a webhook, by its id."""
        counts: dict[str, int] = {}
        for line in self.playground.worker_log.lines:
            if line.event == "event.folded":
                event = str(line.fields.get("event_id"))
                counts[event] = counts.get(event, 0) + 1
        return counts

    @cached_property
    def waiting_deliveries(self) -> list[float]:
        """When webhooks came that were accepted and are not folded yet. What an emptied store held counts no more."""
        lost = self.playground.emptied_at
        return [
            delivery.at.timestamp()
            for delivery in self.playground.pagerduty.webhooks.log
            if delivery.outcome == "delivered"
            and delivery.at.timestamp() > lost
            and delivery.event_id not in self.folded
        ]

    @cached_property
    def restless(self) -> str:
        """The reason why it is not at rest yet, empty at rest."""
        return next((words for words, moves in self._motions() if moves), "")

    def statuses_had(self, incident: str) -> set[str]:
        """Return every state that an incident has ever had at PagerDuty."""
        kinds = {
            "trigger": "triggered",
            "acknowledge": "acknowledged",
            "unacknowledge": "triggered",
            "resolve": "resolved",
        }
        entries = self.playground.pagerduty.log_entries(incident)
        return {kinds[kind] for each in entries if (kind := each["type"].removesuffix("_log_entry")) in kinds}

    def _motions(self) -> Iterator[tuple[str, bool]]:
        playground = self.playground
        slack, pagerduty = playground.slack, playground.pagerduty
        yield "a process is stopped", "stopped" in playground.process_states().values()
        yield "Slack has no connection", not slack.socket.connections
        yield "deliveries are on their way", not pagerduty.webhooks.is_idle
        yield "events wait for the worker", bool(self.waiting_deliveries)
        yield "a request of a person is under way", playground.figures.open_commands != 0
        yield "calls are open", any(call.answered_at is None for call in slack.calls[-50:])
        yield "calls are open", any(call.ended_at is None for call in pagerduty.calls[-50:])
        visible = (call.time for call in reversed(slack.calls) if call.method in VISIBLE)
        latest = max(next(visible, 0.0), max((write.at for write in self.writes[-1:]), default=0.0))
        yield "the channel is changing", time.time() - latest < QUIET


def is_write(call: Call) -> bool:
    """Whether a call was to change an incident."""
    return call.method != "GET" and call.path.startswith("/incidents")


def _write(call: Call) -> Write:
    what = f"{call.method} {call.path} {json.dumps(_wanted(call.body), sort_keys=True)}"
    return Write(call.at.timestamp(), call.from_email or "", what, call.took_effect)


def _wanted(body: Any) -> Any:  # noqa: ANN401 - JSON
    """Leave out what differs from try to try."""
    return body.get("incident", body) if isinstance(body, dict) else body


def _is_act(envelope: Envelope) -> bool:
    return envelope.payload.get("type") not in ("block_suggestion", "view_closed")


def _state(message: Message) -> str:
    found = STATE.search(json.dumps(message.blocks[:1], ensure_ascii=False))
    return found[1].lower() if found else ""
