"""
The one check before a write to PagerDuty: the person, the incident, the permission and the precondition.

Every write goes through it: from the queue, the direct acknowledgement, and the opening of a new incident.
"""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

from bolt_app.services import Services
from bolt_app.write_path.actions.preconditions import check_precondition
from bolt_app.write_path.execution import AuditSource
from shared.access.authorization import NotAllowed
from shared.access.identity import Identity, Linked
from shared.errors import Malformed
from shared.model.incident import Incident
from shared.model.outcome import Outcome
from shared.pagerduty.api.client import Read
from shared.pagerduty.models.incident import RestIncident

T = TypeVar("T")


async def read_actor(services: Services, identity: Identity, attempt: AuditSource) -> tuple[Linked, Read[RestIncident]]:
    """
    Read the actor's PagerDuty user and the incident, at the same time.

    Raises `Declined` if the actor is not linked, whatever becomes of the read: a person who may not act is told that,
    also while PagerDuty is slow. Raises `CallError` if one of the two could not be read.
    """
    async with asyncio.TaskGroup() as group:
        reading = group.create_task(_settled(services.pagerduty.incident(attempt.command.incident)))
        linked = await _settled(identity.link(attempt.command.by))
        if isinstance(linked, Linked):
            attempt.linked = linked
        else:
            reading.cancel()
    if isinstance(linked, BaseException):
        raise linked
    read = reading.result()
    if isinstance(read, BaseException):
        raise read
    attempt.url = read.value.snapshot.url
    return linked, read


async def _settled(call: Coroutine[Any, Any, T]) -> T | BaseException:
    """Return what the call returned or raised; a cancellation goes on to the caller."""
    results = await asyncio.gather(call, return_exceptions=True)
    return results[0]


async def check_actor(
    services: Services, attempt: AuditSource, linked: Linked, now: RestIncident | None, known: Incident
) -> Outcome | None:
    """
    Check that the actor may do this, and that it still makes sense; return None if it may be sent, else the outcome.

    `now` is the incident as it was just read, None for a new one: then the service decides. Records the rule that
    allowed or refused it. Raises `NotAllowed`, or `CallError` if that cannot be known.
    """
    command = attempt.command
    try:
        if now is None:
            if command.params.service is None:
                raise Malformed("a new incident on no service")
            service = await services.pagerduty.service(command.params.service.id)
            attempt.rule = await services.authorization.require_service(linked.user, service)
            return None
        attempt.rule = await services.authorization.require(linked.user, now, command.action)
    except NotAllowed as refused:
        attempt.rule = refused.rule
        raise
    return check_precondition(command, now, known)
