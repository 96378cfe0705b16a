"""
The replies while a command runs: none as long as the card shows its state, then its true state.

A private answer to a click on a card is a message of its own: the card's `response_url` would replace the card. Slack
accepts five uses of it, of which four are used; after that, and where there is none or it fails, other ways are taken
(`bolt_app.replies.sender`).
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import structlog

from bolt_app.replies import outcome_text
from bolt_app.replies.builder import Reply
from bolt_app.replies.outcome_text import Part
from bolt_app.replies.sender import send_reply
from bolt_app.write_path.actor_check import Trail
from bolt_app.write_path.attempt import Execution
from shared.durations import Durations
from shared.errors import BridgeError
from shared.model.actions import Action
from shared.model.command import HOME_TAB, AttemptState, Command, CommandRecord, attempts_with
from shared.model.doubt import command_in_doubt
from shared.model.event import SECOND
from shared.model.ids import CommandId
from shared.model.incident import Incident
from shared.model.outcome import Kind, Outcome
from shared.observability.log import reference
from shared.observability.tracing import tracing
from shared.slack.api.client import Slack
from shared.store.clock import StoreClock
from shared.store.coordination import Lease, WorkQueue
from shared.store.documents import Documents
from shared.store.losses import Losses
from shared.store.open_homes import OpenHomes

log = structlog.get_logger()

RESPONSE_URL_USES = 4
PATIENCE = 30.0
"""Seconds that a final answer waits for Slack's limits: acknowledging everything at once takes one answer each."""


@dataclass(frozen=True)
class ProgressReplies:
    """Sends private answers (a lost one is logged, nothing rests on it), and shows on the card how a command stands."""

    slack: Slack
    incidents: Documents[Incident]
    dirty_queue: WorkQueue
    open_homes: OpenHomes
    clock: StoreClock
    losses: Losses
    durations: Durations

    async def progress(self, attempt: Execution) -> None:
        """Send progress replies while the command runs, once for all its parts; cancelled when it ends."""
        command = attempt.record.command
        if command.part > 0 and not command.together:
            return
        steps = ((self.durations.ack_silence, self._sending), (self.durations.not_yet_after, self._still_trying))
        try:
            for seconds, told in steps:
                age = (await self.clock.now_ms() - attempt.record.accepted_ms) / SECOND
                # One that seems to come from the future is of a time from which the clock was put back.
                await asyncio.sleep(min(seconds, max(0.0, seconds - age)))
                async with attempt.showing_progress:
                    with tracing.step(f"progress {command.action}", attempt.record.trace, **attempt.log_context):
                        await told(attempt)
        except BridgeError as error:
            log.warning("progress.lost", **attempt.log_context, why=str(error))
        except Exception:
            # It runs beside the tries, and must not break them off.
            log.exception("progress.failed", **attempt.log_context, reference=reference())

    def is_silent(self, attempt: Execution, outcome: Outcome) -> bool:
        """True if the outcome needs no reply: a success that the card shows already, and nothing more to say."""
        command = attempt.record.command
        said_by_card = outcome.kind is Kind.DONE and not outcome.why and not command.always_reply
        return said_by_card and attempt.replies_sent == 0 and command.parts == 1

    async def final(self, attempt: Execution, outcome: Outcome) -> None:
        """Reply with the outcome, if it needs a reply."""
        command = attempt.record.command
        await self._show_at_home(command)
        if not self.is_silent(attempt, outcome):
            await self._send_end(
                attempt, command.id, outcome_text.outcome_reply(command, outcome, attempt.incident_url)
            )

    async def report(self, attempt: Execution, parts: Sequence[Part]) -> None:
        """Reply with the outcome of each part."""
        command = attempt.record.command
        self.losses.clicks.pop(command.parent_id, None)
        await self._show_at_home(command)
        together = bool(command.together)
        reply = (
            outcome_text.several_reply(parts) if together else outcome_text.summary_reply(parts, attempt.incident_url)
        )
        await self._send_end(attempt, command.parent_id, reply)

    async def late(self, attempt: Execution, outcome: Outcome) -> None:
        """Reply with what became known after the final reply, which stays if it told of other incidents as well."""
        await self._show_at_home(attempt.record.command)
        if attempt.record.command.together:
            attempt.replies_sent = max(attempt.replies_sent, RESPONSE_URL_USES)
        if outcome.kind is Kind.DONE:
            await self._send(attempt, outcome_text.late_success_reply(attempt.record.command))
        else:
            await self._send(attempt, outcome_text.outcome_reply(attempt.record.command, outcome, attempt.incident_url))

    async def _show_at_home(self, command: Command) -> None:
        """Let the Home tab be read again for a person who has acted there."""
        if command.channel == HOME_TAB:
            await self.open_homes.ask(command.by.id)

    async def show_on_card(self, attempt: Execution, state: AttemptState | None) -> None:
        """Show on the card that the command is under way or has failed; with None, remove it from there."""
        command, since_ms = attempt.record.command, attempt.record.accepted_ms
        if command.action is Action.TRIGGER:
            return
        await self.incidents.change(
            command.incident,
            lambda incident: replace(incident, attempts=attempts_with(incident.attempts, command, state, since_ms)),
            attempt.lease,
            marks=(self.dirty_queue,),
        )

    async def _sending(self, attempt: Execution) -> None:
        await self.show_on_card(attempt, AttemptState.TRYING)
        if attempt.replies_sent == 0 and _speaks(attempt.record.command):
            await self._send_progress(attempt, outcome_text.sending_reply(attempt.record.command, attempt.ahead))

    async def _still_trying(self, attempt: Execution) -> None:
        if attempt.replies_sent <= 1 and _speaks(attempt.record.command):
            command, unclear = attempt.record.command, attempt.record.uncertain
            reply = outcome_text.still_trying_reply(command, attempt.incident_url, attempt.ahead, unclear=unclear)
            await self._send_progress(attempt, reply)

    async def _send_progress(self, attempt: Execution, reply: Reply) -> None:
        """Send a progress reply. Raises `FencedOff` if the lease is lost: the next owner may have sent the last one."""
        await attempt.lease.check(self.durations.slack_timeout)
        await self._send(attempt, reply)

    async def _send_end(self, attempt: Execution, asked: CommandId, reply: Reply) -> None:
        """Reply with the end of what was asked, once: it comes up again if the store does not take that it was told."""
        if asked not in self.losses.replied and await self._send(attempt, reply, PATIENCE):
            self.losses.replied[asked] = attempt.record

    async def _send(self, attempt: Execution, reply: Reply, patience: float = 0.0) -> bool:
        by_address = attempt.replies_sent < RESPONSE_URL_USES
        attempt.replies_sent += 1
        return await send_reply(self.slack, attempt.record.command, reply, by_address=by_address, patience=patience)


def _speaks(command: Command) -> bool:
    """True unless another of one press's commands says that they wait: the last in line says it for all."""
    return not command.together or command.part == command.parts - 1


@dataclass(frozen=True)
class ProgressTracker:
    """Holds the execution of each open command of a pass, and the task that sends its progress replies."""

    group: asyncio.TaskGroup
    progress_replies: ProgressReplies
    lease: Lease
    executions: dict[CommandId, Execution] = field(default_factory=dict)
    tasks: dict[CommandId, asyncio.Task[None]] = field(default_factory=dict)

    def track(self, record: CommandRecord) -> Execution:
        """
        Return the execution of a recorded command; start its progress replies if they are not running.

        What is not in hand yet, and of before a loss of writes, may have been sent by another worker; if it has come to
        its end here, that is its end.
        """
        command = record.command.id
        attempt = self.executions.get(command)
        if attempt is None:
            replies = self.progress_replies
            doubt_ms, doubted = replies.losses.doubt_ms, record
            if doubt_ms:
                doubted = command_in_doubt(record, doubt_ms, replies.durations.call_max)
            if doubted is not record and record.outcome is None:
                record = replies.losses.ended.get(command, doubted)
            attempt = self.executions[command] = Execution(
                record, self.lease, Trail(record.warrant), record.replies_sent
            )
            self.tasks[command] = self.group.create_task(self.progress_replies.progress(attempt))
        return attempt

    def open(self) -> list[Execution]:
        """Return the executions whose clickers have not been told the end."""
        return [attempt for attempt in self.executions.values() if not attempt.record.ended_ms]
