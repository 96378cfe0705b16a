"""
A new incident, from Slack: the one command that has no incident yet.

PagerDuty opens no second incident under the key of an open one, so the command's id is the key: however often the
command is sent, there is one incident. A key whose incident is resolved already would open another, so before each call
it is looked for.
"""

from bolt_app.services import Services
from bolt_app.write_path.actor_check import check_actor
from bolt_app.write_path.attempt import AttemptRunner
from bolt_app.write_path.execution import Execution
from shared.model.command import ActionParams, incident_key
from shared.model.event import TRIGGERED, Agent, Event, Source
from shared.model.ids import EventId
from shared.model.incident import Incident
from shared.model.outcome import Kind, Outcome
from shared.pagerduty.api.reads import IncidentFilter
from shared.pagerduty.api.writes import NewIncident
from shared.pagerduty.models.account import User
from shared.pagerduty.models.incident import RestIncident
from shared.store import keys
from shared.store.redis import append
from shared.store.streams import answer_fields


class TriggerIncident:
    """Makes one try at opening an incident."""

    def __init__(self, services: Services, attempt_runner: AttemptRunner) -> None:
        self._services = services
        self._attempt_runner = attempt_runner

    async def run(self, attempt: Execution) -> Outcome:
        """Try, and return the outcome if it is certain; raises as `AttemptRunner.run` does."""
        await attempt.lease.check(self._services.durations.pagerduty_timeout)
        await self._attempt_runner.require_same_generation(attempt.command)
        attempt.linked = await self._services.identity.link(attempt.command.by)
        made = await self._find_created(attempt)
        if made is None:
            await check_actor(self._services, attempt, attempt.linked, None, Incident(attempt.command.incident))
            await self._attempt_runner.require_not_expired(attempt.record)
            made = await self._create(attempt, attempt.linked.user)
        await self._publish(attempt, attempt.linked.user, made)
        return Outcome(Kind.DONE, why=f"It is {_incident_name(made)}.")

    async def _create(self, attempt: Execution, user: User) -> RestIncident:
        new = _new_incident(attempt.command.params, incident_key(attempt.command.id))
        await self._attempt_runner.record_call_start(attempt)
        return (
            await self._attempt_runner.call_recorded(attempt, self._services.pagerduty.create_incident(new, user.email))
        ).value

    async def _find_created(self, attempt: Execution) -> RestIncident | None:
        """Return the incident that an earlier call opened, in any state."""
        if attempt.record.calls == 0:
            return None
        async for incident in self._services.pagerduty.incidents(IncidentFilter(key=incident_key(attempt.command.id))):
            return incident
        return None

    async def _publish(self, attempt: Execution, user: User, made: RestIncident) -> None:
        """Put the new incident on the events stream; its webhook tells by the key that it was opened from Slack."""
        attempt.url = made.snapshot.url
        if made.updated is None:
            return
        event = Event(
            EventId(f"answer:{attempt.command.id}"),
            TRIGGERED,
            made.id,
            Source.ANSWER,
            made.updated,
            Agent(user.id, user.name),
            made.snapshot,
            command=attempt.command.id,
            proven=True,
        )
        await append(self._services.redis, keys.EVENTS, answer_fields(event), wait_for_disk=self._services.durable)


def _new_incident(terms: ActionParams, key: str) -> NewIncident:
    service = terms.service.id if terms.service else ""
    return NewIncident(service, terms.title, terms.urgency or "high", terms.text, key)


def _incident_name(incident: RestIncident) -> str:
    number = incident.snapshot.number
    return f"incident #{number}" if number is not None else f"incident {incident.id}"
