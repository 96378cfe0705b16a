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
from dataclasses import dataclass, field

import structlog

from bolt_app.replies import outcome_text
from bolt_app.replies.sender import send_reply
from bolt_app.services import Services
from bolt_app.write_path.actions.preconditions import check_precondition
from bolt_app.write_path.actor_check import check_actor, read_actor
from bolt_app.write_path.execution import audit_entry, record_response
from shared.access.identity import Identity, Linked
from shared.errors import CallError, Malformed, Refused
from shared.model.actions import Action
from shared.model.command import Command, CommandQueue, CommandRecord, split
from shared.model.event import Status
from shared.model.ids import CommandId
from shared.model.incident import Incident
from shared.model.outcome import Declined, Kind, Outcome
from shared.observability.log import reference
from shared.pagerduty.api.error_messages import explain
from shared.pagerduty.api.errors import was_overtaken

log = structlog.get_logger()


MOST_REMEMBERED = 1000
"""Presses that are remembered, so that a copy of one is known as such."""

Ack = Callable[[], Awaitable[object]]


async def noop_ack() -> None:
    """Do nothing, where no envelope waits for an ack."""


@dataclass
class DirectPress:
    """
    A press that could not be stored, with its outcome, the incident's page, and whether a reply was sent.

    `linked`, `rule` and `response` are for the audit, as in an `Execution`; `recorded` is true once the store has it.
    """

    command: Command
    accepted_ms: int
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    outcome: Outcome | None = None
    url: str = ""
    replied: bool = False
    linked: Linked | None = None
    rule: str = ""
    response: str = ""
    recorded: bool = False


class DirectAcknowledge:
    """Carries out what cannot wait for the store. `identity` remembers nothing, because there is nowhere to."""

    def __init__(self, services: Services, identity: Identity) -> None:
        self._services = services
        self._identity = identity
        self._presses: dict[CommandId, DirectPress] = {}

    def has_handled(self, command: Command) -> bool:
        """True if a copy of this press has been handled here, or is being handled."""
        return command.id in self._presses

    async def handle(self, command: Command, ack: Ack = noop_ack) -> None:
        """
        Acknowledge now, or reply that the click was not stored; the clicker gets one reply either way.

        Acks once PagerDuty has the change or the reply was sent; not at all if both failed.
        """
        press = self._press(command)
        async with press.lock:
            if press.outcome is None:
                press.outcome = await self._outcome(press)
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
                reply = outcome_text.outcome_reply(command, press.outcome, press.url or command.url)
                press.replied = await send_reply(self._services.slack, command, reply)
        if press.replied and not press.outcome.was_sent:
            await ack()

    async def catch_up(self) -> None:
        """
        Put on record what ended without the store, then wait a moment. Raises `StoreDown` while it is away.

        From then on a copy of such a press is known to every worker, and the audit has it.
        """
        for press in list(self._presses.values()):
            if press.outcome is not None and not press.recorded:
                await self._record(press, press.outcome)
        await asyncio.sleep(self._services.durations.block)

    async def _record(self, press: DirectPress, outcome: Outcome) -> None:
        services, command = self._services, press.command
        now_ms = await services.clock.now_ms()
        ended = [
            CommandRecord(part, accepted_ms=press.accepted_ms, replies_sent=1, outcome=outcome, ended_ms=now_ms)
            for part in split(command)
        ]

        def rule(queue: CommandQueue) -> CommandQueue:
            for record in ended:
                queue = queue.appended(record)
            return queue

        await services.command_queues.change(command.incident, rule)
        await services.audit.record(audit_entry(press, outcome, now_ms))
        press.recorded = True

    def _press(self, command: Command) -> DirectPress:
        press = self._presses.setdefault(command.id, DirectPress(command, self._services.clock.estimate_ms()))
        if len(self._presses) > MOST_REMEMBERED:
            del self._presses[next(iter(self._presses))]
        return press

    async def _outcome(self, press: DirectPress) -> Outcome:
        command, sent = press.command, False
        if command.action is not Action.ACKNOWLEDGE:
            why = "The bridge couldn't save it: unless the card changes within seconds, nothing was sent."
            return Outcome(Kind.NOT_STORED, why=why, reference=reference())
        try:
            async with asyncio.timeout(self._services.durations.direct_timeout):
                linked, read = await read_actor(self._services, self._identity, press)
                found = await check_actor(self._services, press, linked, read.value, Incident(command.incident))
                if found is None:
                    sent, press.response = True, "uncertain"
                    with record_response(press):
                        found = await self._acknowledge(command, linked)
                return found or Outcome(Kind.DONE)
        except Declined as declined:
            return declined.outcome
        except (CallError, Malformed, TimeoutError) as error:
            sure = not sent or (isinstance(error, CallError) and error.surely_not_done)
            return _failed(command, error, sure=sure)

    async def _acknowledge(self, command: Command, linked: Linked, *, again: bool = True) -> Outcome | None:
        """Acknowledge; return an outcome if another person was quicker: a PUT without effect also answers 200."""
        pagerduty = self._services.pagerduty
        try:
            now = (await pagerduty.set_status(command.incident, Status.ACKNOWLEDGED, linked.user.email)).value
        except Refused as error:
            if not was_overtaken(error):
                raise
            # A colleague, or a copy of this press at another worker, was quicker.
            now = (await pagerduty.incident(command.incident)).value
            found = check_precondition(command, now, Incident(command.incident))
            if found is not None:
                return found
            if not again:
                raise
            # Their change has been undone since.
            return await self._acknowledge(command, linked, again=False)
        ours = now.status_change is None or now.status_change.by is None or now.status_change.by.id == linked.user.id
        return None if ours else check_precondition(command, now, Incident(command.incident))


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
    if isinstance(error, Refused):
        why, step = explain(error)
        return Outcome(Kind.REFUSED, why=why, next_step=step, reference=quoted)
    why = f"PagerDuty couldn't be reached: {str(error) or 'it did not answer in time'}."
    return Outcome(Kind.EXPIRED if sure else Kind.UNKNOWN, why=why, reference=quoted)
