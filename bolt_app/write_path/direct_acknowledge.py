"""
When Redis is down: an acknowledge goes straight to PagerDuty, anything else is not sent.

The one path without a queue, kept short and bounded. Who and whether are decided as always, on fresh data; the re-read
makes a second press harmless. The webhook that follows is announced like an act in PagerDuty's own interface.

Nothing here outlives the process, so the envelope is acked only when nothing can be lost with it: PagerDuty has the
act, or the person has been told what became of it. One that is never acked gets Slack's own mark of failure, within
three seconds. A copy of a press that this process has handled is the same press.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace

import structlog

from bolt_app.replies import outcome_text
from bolt_app.replies.failure_text import explain_failure
from bolt_app.replies.sender import send_reply
from bolt_app.write_path.actions.registry import HANDLERS
from bolt_app.write_path.actor_check import ActorCheck, Trail, audit_entry
from shared.access.identity import Linked
from shared.durations import Durations
from shared.errors import CallError, Malformed, Refused
from shared.model.actions import Action
from shared.model.command import Command, CommandQueue, CommandRecord, split
from shared.model.event_types import Status
from shared.model.ids import CommandId
from shared.model.incident import Incident
from shared.model.outcome import Declined, Kind, Outcome
from shared.observability.log import reference
from shared.pagerduty.api.client import PagerDuty
from shared.pagerduty.api.error_messages import refusal
from shared.pagerduty.api.errors import was_overtaken
from shared.pagerduty.api.lanes import Lane, Lanes, Turn
from shared.slack.api.client import Slack
from shared.store.clock import StoreClock
from shared.store.documents import Documents
from shared.store.streams import Audit

log = structlog.get_logger()


MOST_REMEMBERED = 1000
"""Presses that are remembered, so that a copy of one is known as such."""

Ack = Callable[[], Awaitable[object]]


@dataclass
class DirectPress:
    """A press that could not be stored; `recorded` is true once the store has it all the same."""

    command: Command
    accepted_ms: int
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    trail: Trail = field(default_factory=Trail)
    outcome: Outcome | None = None
    replied: bool = False
    recorded: bool = False


@dataclass(frozen=True)
class DirectAcknowledge:
    """
    Carries out what cannot wait for the store.

    The identity of `actor_check` remembers nothing, because there is nowhere to. `presses` are those of which a copy
    has been handled here, or is being handled; with `ended` one may wait for what is to be put on record.
    """

    actor_check: ActorCheck
    pagerduty: PagerDuty
    slack: Slack
    command_queues: Documents[CommandQueue]
    audit: Audit
    clock: StoreClock
    durations: Durations
    lanes: Lanes
    presses: dict[CommandId, DirectPress] = field(default_factory=dict)
    ended: asyncio.Event = field(default_factory=asyncio.Event)

    async def handle(self, command: Command, ack: Ack) -> None:
        """
        Acknowledge now, or reply that the click was not stored; the clicker gets one reply either way.

        Acks once PagerDuty has the change or the reply was sent; not at all if both failed.
        """
        press = self.presses.setdefault(command.id, DirectPress(command, self.clock.estimate_ms()))
        if len(self.presses) > MOST_REMEMBERED:
            del self.presses[next(iter(self.presses))]
        async with press.lock:
            if press.outcome is None:
                press.outcome = await self._outcome(press)
                self.ended.set()
                quoted = press.outcome.reference
                log.warning(
                    "command.direct",
                    command=command.id,
                    incident=command.incident,
                    outcome=press.outcome.kind,
                    reference=quoted,
                )
        if press.outcome.was_sent:
            await ack()
        async with press.lock:
            if not press.replied:
                reply = outcome_text.outcome_reply(command, press.outcome, press.trail.url or command.url)
                press.replied = await send_reply(self.slack, command, reply)
        if press.replied and not press.outcome.was_sent:
            await ack()

    async def record(self, press: DirectPress, outcome: Outcome) -> None:
        """
        Put on record what ended without the store. Raises `StoreDown` while it is away.

        From then on a copy of such a press is known to every worker, and the audit has it.
        """
        command, now_ms = press.command, await self.clock.now_ms()
        ended = [
            CommandRecord(
                part, press.accepted_ms, replies_sent=1, outcome=outcome, ended_ms=now_ms, warrant=press.trail.warrant
            )
            for part in split(command)
        ]
        await self.command_queues.change(command.incident, lambda queue: queue.appended(*ended))
        await self.audit.record(audit_entry(command, press.trail.warrant, outcome, now_ms))
        press.recorded = True

    async def _outcome(self, press: DirectPress) -> Outcome:
        command, trail, sent = press.command, press.trail, False
        if command.action is not Action.ACKNOWLEDGE:
            why = "The bridge couldn't save it: unless the card changes within seconds, nothing was sent."
            return Outcome(Kind.NOT_STORED, why=why, reference=reference())
        within = self.durations.direct_timeout
        try:
            async with asyncio.timeout(within), Turn(self.lanes, Lane.ACT, command.by.id).taken(within / 2):
                linked, read = await self.actor_check.read(command, trail)
                known = Incident(command.incident)
                found = await self.actor_check.check(command, trail, linked, read.value, known)
                if found is None:
                    sent, trail.response = True, "uncertain"
                    found = await self._acknowledge(command, linked)
                    trail.response = "2xx"
                return found or Outcome(Kind.DONE)
        except Declined as declined:
            return declined.outcome
        except (CallError, Malformed, TimeoutError) as error:
            if sent and isinstance(error, CallError):
                trail.failed(error)
            sure = not sent or (isinstance(error, CallError) and error.surely_not_done)
            return _failed(command, error, self.actor_check.identity.contact, sure=sure, written=sent)

    async def _acknowledge(self, command: Command, linked: Linked, *, again: bool = True) -> Outcome | None:
        """Acknowledge; return an outcome if another person was quicker: a PUT without effect also answers 200."""
        declined = HANDLERS[command.action].precondition
        try:
            now = (await self.pagerduty.set_status(command.incident, Status.ACKNOWLEDGED, linked.user.email)).value
        except Refused as error:
            if not was_overtaken(error):
                raise
            # A colleague, or a copy of this press at another worker, was quicker.
            now = (await self.pagerduty.incident(command.incident)).value
            found = declined(command, now, Incident(command.incident))
            if found is not None:
                return found
            if not again:
                raise
            # Their change has been undone since.
            return await self._acknowledge(command, linked, again=False)
        ours = now.status_change is None or now.status_change.by is None or now.status_change.by.id == linked.user.id
        return None if ours else declined(command, now, Incident(command.incident))


def _failed(
    command: Command, error: CallError | Malformed | TimeoutError, contact: str, *, sure: bool, written: bool
) -> Outcome:
    quoted = reference()
    log.error(
        "command.direct_failed",
        command=command.id,
        incident=command.incident,
        why=repr(error),
        sure=sure,
        reference=quoted,
    )
    if isinstance(error, Refused):
        return replace(refusal(error, contact, written=written), reference=quoted)
    why = f"It couldn't be sent. {explain_failure(error, contact)[0]}"
    return Outcome(Kind.EXPIRED if sure else Kind.UNKNOWN, why=why, reference=quoted)
