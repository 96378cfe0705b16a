"""`/pd ack mine`: the person's unacknowledged incidents, and one button that acknowledges all of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bolt_app.commands.interactive import parse_press
from bolt_app.commands.slash_grammar import ParsedCommand, Verb
from bolt_app.commands.slash_payload import SlashPayload
from bolt_app.open_incidents import OpenIncident
from bolt_app.queries.list_incidents import assigned_to, incident_row, paragraphs
from bolt_app.replies.builder import Reply, as_code, build_reply, command_reference, label
from shared.access.identity import Identity
from shared.errors import Malformed
from shared.model.actions import Action
from shared.model.command import Command, command_id
from shared.model.event import Status
from shared.model.ids import incident_id
from shared.pagerduty.api.client import PagerDuty
from shared.slack.render.blocks import Block, escape, short
from shared.store.clock import StoreClock

ACK_MINE = "pagebridge:ack_mine"
"""The button's `action_id`."""
TITLE = 80
MOST_INCIDENTS = 50
"""Incidents that one press acknowledges."""


@dataclass(frozen=True)
class AcknowledgeMine:
    """Finds the triggered incidents that are assigned to a person."""

    pagerduty: PagerDuty
    identity: Identity
    clock: StoreClock

    async def answer(self, _parsed: ParsedCommand, typed: SlashPayload) -> Reply:
        """Show it, with the button. Raises what the readings raise, and `Declined` for who is not linked."""
        user = (await self.identity.link(typed.by)).user
        found = await assigned_to(self.pagerduty, user, [Status.TRIGGERED])
        return preview(found, self.clock.estimate_ms(), typed.command)


def preview(found: Sequence[OpenIncident], now_ms: int, command: str) -> Reply:
    """List what would be acknowledged, the oldest first, and offer to do it."""
    if not found:
        return build_reply("You have nothing to acknowledge.")
    taken = found[:MOST_INCIDENTS]
    again = as_code(f"{command} {Verb.ACK_MINE}")
    left = len(found) - MOST_INCIDENTS
    more = f"…and {left} more; run {again} again after these." if left > 0 else ""
    waiting = "1 incident is" if len(found) == 1 else f"{len(found)} incidents are"
    # Few words: the list may be long, and all of it must be seen before it is acknowledged.
    rows = [
        incident_row(f"*{label(one.id, one.snapshot)}* {short(one.snapshot.title, TITLE)}", one.snapshot, now_ms)
        for one in taken
    ]
    head = f"*{waiting} waiting for your acknowledgement.* Nothing is acknowledged yet."
    return build_reply(head, *paragraphs(rows), more, press=[button(taken)])


def button(incidents: Sequence[OpenIncident]) -> Block:
    """Return the button. It names the incidents shown, so that only those are acknowledged."""
    words = f"Acknowledge {count_incidents(len(incidents))}"
    return {
        "type": "button",
        "action_id": ACK_MINE,
        "style": "primary",
        "text": {"type": "plain_text", "text": words},
        "value": " ".join(f"{one.id}:{command_reference(one.id, one.snapshot)}" for one in incidents),
    }


def incidents_from_press(payload: Mapping[str, Any]) -> tuple[Command, ...]:
    """Make one command of each incident that the button names. Raises `Malformed` for what it cannot have sent."""
    found = parse_press(payload)
    named = dict(part.partition(":")[::2] for part in found.value.split()[:MOST_INCIDENTS])
    if not named:
        raise Malformed("a button press that names no incident")
    return tuple(
        Command(
            id=command_id(found.by.id, f"{ACK_MINE}:{incident}", found.message, found.id),
            action=Action.ACKNOWLEDGE,
            incident=incident_id(incident),
            by=found.by,
            channel=found.channel,
            message=None,
            response_url="",
            label=f"#{number}" if number.isdecimal() else number,
            always_reply=True,
            requested_ms=found.pressed_ms,
        )
        for incident, number in named.items()
    )


def accepted_reply(commands: Sequence[Command], lost: Sequence[Command], command: str) -> Reply:
    """Reply with which incidents are being acknowledged, and which could not be stored."""
    kept = [one.label for one in commands if one not in lost]
    parts = []
    if kept:
        parts.append(
            f"Acknowledging {count_incidents(len(kept))}: {', '.join(map(escape, kept))}. Each result follows."
        )
    if lost:
        labels = ", ".join(escape(one.label) for one in lost)
        line = as_code(f"{command} {Verb.ACK} {lost[0].label.removeprefix('#')}")
        step = f"Type {line}, press Acknowledge on the cards, or use PagerDuty."
        parts.append(f":warning: *Not stored, so nothing was sent:* {labels}. {step}")
    return build_reply(*parts)


def count_incidents(number: int) -> str:
    """Count incidents in words."""
    return "1 incident" if number == 1 else f"{number} incidents"
