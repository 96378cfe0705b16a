"""
A new incident, from Slack: the one command that has no incident yet.

PagerDuty opens no second incident under the key of an open one, so the command's id is the key: however often the
command is sent, there is one incident. A key whose incident is resolved already would open another, so before each call
it is looked for.
"""

from dataclasses import dataclass

from bolt_app.write_path.actions.base import FoldAnswer
from bolt_app.write_path.actor_check import ActorCheck
from bolt_app.write_path.attempt import Execution, RecordedCalls
from shared.model.command import ActionParams
from shared.model.event import Agent, Event, Source
from shared.model.event_types import TRIGGERED
from shared.model.ids import EventId, incident_key
from shared.model.incident import Incident
from shared.model.outcome import Kind, Outcome
from shared.pagerduty.api.client import PagerDuty
from shared.pagerduty.api.reads import IncidentFilter
from shared.pagerduty.api.writes import NewIncident
from shared.pagerduty.models.account import User
from shared.pagerduty.models.incident import RestIncident


@dataclass(frozen=True)
class TriggerIncident:
    """Makes one try at opening an incident."""

    actor_check: ActorCheck
    calls: RecordedCalls
    pagerduty: PagerDuty
    fold_answer: FoldAnswer

    async def run(self, attempt: Execution) -> Outcome:
        """Try, and return the outcome if it is certain; raises as `AttemptRunner.run` does."""
        command, trail = attempt.record.command, attempt.trail
        linked = trail.linked = await self.actor_check.identity.link(command.by)
        made = await self._find_created(attempt)
        if made is None:
            await self.actor_check.check(command, trail, linked, None, Incident(command.incident))
            await self.calls.require_not_expired(attempt.record)
            new = _new_incident(command.params, incident_key(command.id))
            made = (
                await self.calls.send(attempt, lambda: self.pagerduty.create_incident(new, linked.user.email))
            ).value
        await self._publish(attempt, linked.user, made)
        return created(made)

    async def _find_created(self, attempt: Execution) -> RestIncident | None:
        """Return the incident that an earlier call opened, in any state."""
        if attempt.record.calls == 0:
            return None
        async for incident in self.pagerduty.incidents(IncidentFilter(key=incident_key(attempt.record.command.id))):
            return incident
        return None

    async def _publish(self, attempt: Execution, user: User, made: RestIncident) -> None:
        """Let the new incident be known; its webhook tells by the key that it was opened from Slack."""
        attempt.trail.url = made.snapshot.url
        if made.updated is None:
            return
        event = Event(
            EventId(f"answer:{attempt.record.command.id}"),
            TRIGGERED,
            made.id,
            Source.ANSWER,
            made.updated,
            Agent(user.id, user.name),
            made.snapshot,
            command=attempt.record.command.id,
            proven=True,
        )
        await self.fold_answer(event)


def created(made: RestIncident) -> Outcome:
    """Return the outcome that names the new incident: by its number, or its id where PagerDuty gives none."""
    number = made.snapshot.number
    return Outcome(Kind.DONE, why=f"It is incident {made.id if number is None else f'#{number}'}.")


def _new_incident(terms: ActionParams, key: str) -> NewIncident:
    service = terms.service.id if terms.service else ""
    return NewIncident(service, terms.title, terms.urgency or "high", terms.text, key)
