"""`/pd ack mine`: the person's unacknowledged incidents, and one button that acknowledges all of them."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bolt_app.commands.interactive import parse_press
from bolt_app.commands.several import SEVERAL, about, labels
from bolt_app.commands.slash_grammar import ParsedCommand
from bolt_app.commands.slash_payload import SlashPayload
from bolt_app.commands.verbs import Verb
from bolt_app.modals.several import count_incidents
from bolt_app.open_incidents import OpenIncident
from bolt_app.queries.list_incidents import assigned_to, incident_row, paragraphs
from bolt_app.replies.builder import Reply, as_code, build_reply, command_reference, label
from shared.access.identity import Identity
from shared.errors import Malformed
from shared.model.actions import Action
from shared.model.command import ActionParams, Command, SlackActor
from shared.model.event import Ref
from shared.model.event_types import Status
from shared.model.ids import IncidentId, incident_id
from shared.pagerduty.api.client import PagerDuty
from shared.slack.render.blocks import escape, short
from shared.slack.render.buttons import acknowledge_several
from shared.store.clock import StoreClock

TITLE = 80
MOST_INCIDENTS = 50
"""Incidents that one press acknowledges."""
NONE = "You have nothing to acknowledge."
NONE_HERE = "None of the incidents on this card waits for your acknowledgement."


@dataclass(frozen=True)
class AcknowledgeMine:
    """Finds the triggered incidents that are assigned to a person."""

    pagerduty: PagerDuty
    identity: Identity
    clock: StoreClock

    async def answer(self, _parsed: ParsedCommand, typed: SlashPayload) -> Reply:
        """Show it, with the button. Raises what the readings raise, and `Declined` for who is not linked."""
        return preview(await self._found(typed.by), self.clock.estimate_ms(), typed.command)

    async def among(self, some: Collection[IncidentId], by: SlackActor, command: str) -> Reply:
        """Show those of them that are among `some` incidents, as `answer` does."""
        found = [one for one in await self._found(by) if one.id in some]
        return preview(found, self.clock.estimate_ms(), command, NONE_HERE)

    async def _found(self, by: SlackActor) -> list[OpenIncident]:
        user = (await self.identity.link(by)).user
        return await assigned_to(self.pagerduty, user, [Status.TRIGGERED])


def preview(found: Sequence[OpenIncident], now_ms: int, command: str, none: str = NONE) -> Reply:
    """List what would be acknowledged, the oldest first, and offer to do it; or say that there is `none`."""
    if not found:
        return build_reply(none)
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
    named = [(one.id, command_reference(one.id, one.snapshot)) for one in taken]
    return build_reply(head, *paragraphs(rows), more, press=[acknowledge_several(named, "Acknowledge")])


def command_from_press(payload: Mapping[str, Any]) -> Command:
    """Make the command of all incidents that the button names. Raises `Malformed` for what it cannot have sent."""
    found = parse_press(payload)
    named = dict(part.partition(":")[::2] for part in found.value.split()[:MOST_INCIDENTS])
    if not named:
        raise Malformed("a button press that names no incident")
    whole = Command(
        id=found.id,
        action=Action.ACKNOWLEDGE,
        incident=IncidentId(f"{SEVERAL}{found.id.upper()}"),
        by=found.by,
        channel=found.channel,
        message=None,
        response_url=found.response_url,
        params=ActionParams(incidents=tuple(Ref(incident_id(each), _label(name)) for each, name in named.items())),
        always_reply=True,
        on_answer=found.on_answer,
        requested_ms=found.pressed_ms,
    )
    return about(whole)


def accepted_reply(command: Command) -> Reply:
    """Reply with which incidents are being acknowledged."""
    named = list(labels(command))
    follows = "The result follows." if len(named) == 1 else "One summary follows."
    return build_reply(f"Acknowledging {count_incidents(len(named))}: {', '.join(map(escape, named))}. {follows}")


def lost_reply(command: Command, typed: str) -> Reply:
    """Reply that the press could not be stored, and how to go on."""
    named = list(labels(command))
    line = as_code(f"{typed} {Verb.ACK} {named[0].removeprefix('#')}")
    step = f"Type {line}, press Acknowledge on the cards, or use PagerDuty."
    told = ", ".join(map(escape, named))
    return build_reply(f":warning: *Not stored, so nothing was sent:* {told}. {step}")


def _label(name: str) -> str:
    return f"#{name}" if name.isdecimal() else name
