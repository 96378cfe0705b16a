"""
When Redis is down: an acknowledge goes straight to PagerDuty, anything else is not sent.

The one path without a queue, kept short and bounded. Who and whether are decided as always, on fresh data; the re-read
makes a second press harmless. The webhook that follows is announced like an act in PagerDuty's own interface.
"""

import asyncio

import structlog

from bolt_app import replies
from bolt_app.guard import guard
from bolt_app.wiring import Wiring
from shared.errors import CallError, Malformed
from shared.identity import Identity, Linked
from shared.log import reference
from shared.model.command import Action, Command
from shared.model.event import Status
from shared.model.incident import Incident
from shared.model.outcome import Declined, Kind, Outcome
from shared.pagerduty.rest import RestIncident

log = structlog.get_logger()


class Direct:
    """Carries out what cannot wait for the store. `identity` remembers nothing, because there is nowhere to."""

    def __init__(self, wiring: Wiring, identity: Identity) -> None:
        self._wiring = wiring
        self._identity = identity

    async def handle(self, command: Command) -> None:
        """Acknowledge now, or say that the click was not kept; either way the clicker learns what happened."""
        outcome, url = await self._outcome(command)
        reply = replies.final(command, outcome, url or command.url)
        log.warning(
            "command.direct",
            command=command.id,
            incident=command.incident,
            outcome=outcome.kind,
            reference=outcome.reference,
        )
        try:
            await self._wiring.slack.respond(command.response_url, text=reply.text, blocks=list(reply.blocks) or None)
        except CallError as error:
            log.error("reply.lost", command=command.id, incident=command.incident, user=command.by.id, why=str(error))

    async def _outcome(self, command: Command) -> tuple[Outcome, str]:
        if command.action is not Action.ACKNOWLEDGE:
            why = "The bridge could not store it for certain: unless the card changes within seconds, nothing was sent."
            return Outcome(Kind.NOT_STORED, why=why, reference=reference()), ""
        sent, url = False, ""
        try:
            async with asyncio.timeout(self._wiring.durations.direct):
                linked, read = await self._checked(command)
                url = read.snapshot.url
                found = guard(command, read, Incident(command.incident))
                if found is None:
                    sent = True
                    found = await self._acknowledged(command, linked)
                return found or Outcome(Kind.DONE), url
        except Declined as declined:
            return declined.outcome, url
        except (CallError, Malformed, TimeoutError) as error:
            sure = not sent or (isinstance(error, CallError) and error.surely_not_done)
            return _failed(command, error, sure=sure), url

    async def _acknowledged(self, command: Command, linked: Linked) -> Outcome | None:
        """Acknowledge; say so when somebody else was quicker, because a PUT that did nothing answers 200 as well."""
        door = self._wiring.pagerduty
        now = (await door.set_status(command.incident, Status.ACKNOWLEDGED, linked.user.email)).value
        ours = now.status_change is None or now.status_change.by is None or now.status_change.by.id == linked.user.id
        return None if ours else guard(command, now, Incident(command.incident))

    async def _checked(self, command: Command) -> tuple[Linked, RestIncident]:
        self._identity.config = self._wiring.config.identity
        linked = await self._identity.link(command.by)
        read = (await self._wiring.pagerduty.incident(command.incident)).value
        await self._wiring.authorization.require(linked.user, read, command.action)
        return linked, read


def _failed(command: Command, error: CallError | Malformed | TimeoutError, *, sure: bool) -> Outcome:
    quoted = reference()
    log.error(
        "command.direct_failed",
        command=command.id,
        incident=command.incident,
        why=repr(error),
        sure=sure,
        reference=quoted,
    )
    why = f"PagerDuty could not be reached: {str(error) or 'it did not answer in time'}."
    return Outcome(Kind.EXPIRED if sure else Kind.UNKNOWN, why=why, reference=quoted)
