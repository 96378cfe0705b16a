"""The base of all actions: input, result and steps; whether a call may be made again is decided in `attempt`."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from bolt_app.replies.builder import names
from shared.model.actions import SPECS, Action
from shared.model.command import Command, Expectation
from shared.model.enrichment import Level
from shared.model.event import Details, Event, Instant
from shared.model.event_types import DELEGATED, ESCALATED, REASSIGNED, Status
from shared.model.ids import UserId
from shared.model.incident import Incident
from shared.model.outcome import Kind, Outcome
from shared.model.timeline import distance_ms, line_time
from shared.pagerduty.api.client import PagerDuty
from shared.pagerduty.models.account import User
from shared.pagerduty.models.incident import RestIncident
from shared.store.coordination import Lease


@dataclass(frozen=True)
class ActionResult:
    """
    An action as PagerDuty shows it: in its response, or when the effect was looked up later.

    `incident` is set if the whole incident was returned. `subject` is the id of the created object, `at` its time.
    `proven` is true if the change is certainly ours; `futile` is set if another person made the same change a moment
    earlier. `level` is the escalation level that it led to.
    """

    incident: RestIncident | None = None
    subject: str = ""
    at: Instant | None = None
    said: Details = ()
    proven: bool = False
    futile: Outcome | None = None
    level: Level | None = None


class Reported(NamedTuple):
    """The event by which PagerDuty reports a command; its `detail` is None if only PagerDuty knows it beforehand."""

    type: str
    detail: str | None = None


class FoldAnswer(Protocol):
    """`Projector.fold_event`."""

    async def __call__(self, event: Event, lease: Lease | None = None, *, narrows: bool = False) -> None:
        """Fold PagerDuty's answer to a call of ours, made under `lease` on its incident. Raises `StoreDown`."""


@dataclass(frozen=True)
class ActionContext:
    """The input of an action: the command, its PagerDuty user, and the incident as it was read before the call."""

    command: Command
    user: User
    current: RestIncident
    read_at: Instant
    known: Incident


class ActionHandler(ABC):
    """One action at PagerDuty. `echoed` is false if PagerDuty sends no event for it."""

    echoed = True
    log_events: frozenset[str] = frozenset()
    """The events by which PagerDuty's log remembers what has no id of its own, and what has been undone since."""

    @abstractmethod
    async def send(self, pagerduty: PagerDuty, context: ActionContext) -> ActionResult:
        """Make the one call of the action. Raises a `CallError` if it fails."""

    def reported_as(self, command: Command) -> Reported:
        """Return the event by which PagerDuty will report the command."""
        return Reported(SPECS[command.action].event_type)

    def expectation(self, context: ActionContext, now_ms: int) -> Expectation | None:
        """Return the event that the call is about to cause, None if PagerDuty sends none."""
        command, read_ms = context.command, context.read_at.ms
        reported = self.reported_as(command)
        expected = Expectation(
            command=command.id,
            type=reported.type,
            agent=context.user.id,
            detail=reported.detail,
            read_ms=read_ms,
            opens_ms=read_ms,
            noted_ms=now_ms,
        )
        return expected if self.echoed else None

    def precondition(
        self, command: Command, now: RestIncident, known: Incident, person: UserId | None = None
    ) -> Outcome | None:
        """
        Return None if the command would still do what its clicker meant, else the outcome that declines it.

        A command that would undo a later state is stale: acknowledging a resolved incident would reopen it, and
        escalating one that was just escalated would skip a level. Asking for a state that is already there is not an
        error, but nothing is sent. `known` is the projection, which knows who did it; `person` is who asks.
        """
        found = check_status(command.action, now, person)
        if found is not None:
            return found
        seen = command.params.expected_assignees
        if SPECS[command.action].changes_assignees and seen is not None and seen != now.snapshot.assignee_ids:
            return _assignees_changed(now, known)
        return None

    async def find_effect(self, pagerduty: PagerDuty, context: ActionContext, since_ms: int) -> ActionResult | None:
        """Look for the effect of an uncertain call made after `since_ms`, on PagerDuty's clock; None if none so far."""
        if not self.log_events:
            return None
        return await self._find_log_entry(pagerduty, context, since_ms)

    def outcome(self, context: ActionContext, effect: ActionResult) -> Outcome:
        """Return the outcome of a completed command."""
        del context, effect
        return Outcome(Kind.DONE)

    async def _find_log_entry(self, pagerduty: PagerDuty, context: ActionContext, since_ms: int) -> ActionResult | None:
        """
        Find a log entry of this person, of the kind that the action leaves, that belongs to no other command.

        A status that is found only there has been undone since, so the present incident is no part of the effect.
        Raises `Uncertain` if not all can be read.
        """
        status = SPECS[context.command.action].status
        read = await pagerduty.log_entries(context.command.incident, since_ms=since_ms)
        for entry in read.value:
            ours = entry.agent is not None and entry.agent.id == context.user.id and entry.event in self.log_events
            if ours and entry.at.end >= since_ms and not self._belongs_to_other_command(context, entry.at):
                undone = status is not None
                return ActionResult(None if undone else context.current, at=entry.at, proven=undone or not self.echoed)
        read.require_whole()
        return None

    def _belongs_to_other_command(self, context: ActionContext, at: Instant) -> bool:
        """True if another command caused the log entry of that second."""
        others = (line for line in context.known.lines if line.command not in (None, context.command.id))
        reported = self.reported_as(context.command)
        return any(line.type == reported.type and distance_ms(line.at, at) == 0 for line in others)


class ConditionalAction(ActionHandler):
    """An action with a precondition of its own, besides the status of the incident."""

    def precondition(
        self, command: Command, now: RestIncident, known: Incident, person: UserId | None = None
    ) -> Outcome | None:
        """Return None if the command would still do what its clicker meant, else the outcome that declines it."""
        return super().precondition(command, now, known, person) or self.pointless(command, now)

    @abstractmethod
    def pointless(self, command: Command, now: RestIncident) -> Outcome | None:
        """Return the outcome if what is asked for is there already, or PagerDuty allows it on no incident like this."""


class PreparedAction(ActionHandler):
    """An action for which PagerDuty is read once more before the call."""

    @abstractmethod
    async def completed(self, pagerduty: PagerDuty, context: ActionContext) -> Command:
        """Return the command with what the person could not choose. Raises `Declined` if that cannot be known."""


def check_status(action: Action, now: RestIncident, person: UserId | None = None) -> Outcome | None:
    """Return None if the status allows what `person` asks, else the outcome: already there, or a later status."""
    status, change, spec = now.snapshot.status, now.status_change, SPECS[action]
    if status is spec.status:
        kind = Kind.ALREADY
    elif status not in spec.works_in and (status is Status.RESOLVED or spec.status is not None):
        kind = Kind.STALE
    else:
        return None
    if status is Status.TRIGGERED and change and change.at.ms <= (now.snapshot.created_ms or 0):
        # It is as it was opened: who opened it has not done what is asked.
        change = None
    by = change.by if change else None
    who = "" if by is None else "You" if by.id == person else by.name
    return Outcome(kind, actor=who, at_ms=change.at.ms if change else None, status=status)


def unless_acknowledged(now: RestIncident, why: str, next_step: str) -> Outcome | None:
    """Return None for an acknowledged incident, else the outcome that refuses."""
    return None if now.snapshot.status is Status.ACKNOWLEDGED else Outcome(Kind.REFUSED, why=why, next_step=next_step)


def _assignees_changed(now: RestIncident, known: Incident) -> Outcome:
    """Return the outcome if the assignees are not those that the person saw."""
    moves = [line for line in known.lines if line.type in {ESCALATED, REASSIGNED, DELEGATED}]
    last = max(moves, key=line_time, default=None)
    who = last.agent.name if last is not None and last.agent else ""
    why = f"The assignees changed: it is now assigned to {names(now.snapshot.assignees)}."
    return Outcome(Kind.STALE, why=why, actor=who, at_ms=last.at.ms if last else None, status=now.snapshot.status)


def expired(action: Action, *, sent: str, noted: str) -> Outcome:
    """Return the outcome of a command whose life is over: why it was not `sent`, or `noted` if that is all it takes."""
    return Outcome(Kind.EXPIRED, why=sent if SPECS[action].request else noted)
