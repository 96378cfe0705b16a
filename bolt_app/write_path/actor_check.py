"""
The one check before a write to PagerDuty: the person, the incident, whether they see it and may do this, and the state.

Every write goes through it: from the queue, the direct acknowledgement, and the opening of a new incident. What it
finds out is kept for the audit.
"""

import asyncio
from dataclasses import dataclass, field
from functools import partial

from bolt_app.visibility import Visibility
from bolt_app.write_path.actions.registry import HANDLERS
from shared.access.authorization import Authorization, NotAllowed
from shared.access.identity import Identity, Linked
from shared.errors import CallError, Malformed, Refused
from shared.model.actions import SPECS
from shared.model.command import Command
from shared.model.event import Event, Source
from shared.model.ids import EventId, incident_id
from shared.model.incident import Incident, fold_read
from shared.model.journal import AuditEntry
from shared.model.outcome import Kind, Outcome
from shared.model.permissions import Warrant
from shared.model.thread_layout import needs_pass
from shared.pagerduty.api.client import PagerDuty, Read
from shared.pagerduty.models.incident import RestIncident
from shared.store.coordination import Lease, WorkQueue
from shared.store.incidents import JUST_NOW, Incidents
from shared.vendor_calls import read_once


@dataclass
class Trail:
    """
    The facts of a command for the audit, besides its end, as they become known.

    `linked` is the person's PagerDuty user, `rule` what allowed or refused the command, `response` the kind of
    PagerDuty's last response, `url` the incident's page. `earlier` is what was on record before: another worker may
    have made a call.
    """

    earlier: Warrant = field(default_factory=Warrant)
    linked: Linked | None = None
    rule: str = ""
    response: str = ""
    url: str = ""

    @property
    def was_refused(self) -> bool:
        """True if PagerDuty has refused a call in the person's name, and not a read of the bridge's own."""
        return self.response.startswith("refused")

    def failed(self, error: CallError) -> None:
        """Keep the kind of PagerDuty's response, without its text."""
        if isinstance(error, Refused):
            self.response = f"refused {error.status or ''} {error.code or ''}".strip()
        else:
            self.response = type(error).__name__.lower()

    @property
    def warrant(self) -> Warrant:
        """Return what is known by now; what this worker did not find out is as it was before."""
        earlier = self.earlier
        return Warrant(
            self.linked.user.id if self.linked else earlier.user,
            self.linked.how if self.linked else earlier.mapped,
            self.rule or earlier.rule,
            self.response or earlier.answer,
        )


def audit_entry(command: Command, warrant: Warrant, outcome: Outcome, now_ms: int) -> AuditEntry:
    """Return the audit entry: who asked for what, why it was allowed, what was sent, and the outcome."""
    # A merge is a call about the incident that goes on.
    about = command.params.target.id if command.params.target else command.incident
    request = SPECS[command.action].request.replace("{id}", about)
    return AuditEntry(
        at_ms=now_ms,
        command=command.id,
        action=command.action,
        incident=command.incident,
        label=command.label,
        slack_user=command.by.id,
        pagerduty_user=warrant.user,
        mapped=warrant.mapped,
        rule=warrant.rule,
        sent=request if warrant.answer else "",
        answer=warrant.answer if request else "",
        outcome=outcome.kind,
        reference=outcome.reference,
    )


@dataclass(frozen=True)
class ActorCheck:
    """Reads what a write rests on, and decides by it."""

    pagerduty: PagerDuty
    identity: Identity
    authorization: Authorization
    visibility: Visibility

    async def read(self, command: Command, trail: Trail) -> tuple[Linked, Read[RestIncident]]:
        """
        Read the actor's PagerDuty user and the incident, at the same time.

        Raises `Declined` if the actor is not linked, without regard to the read: a person who may not act is told
        that, also while PagerDuty is slow. Raises `CallError` if one of the two could not be read.
        """
        reading = asyncio.gather(self.pagerduty.incident(command.incident), return_exceptions=True)
        try:
            trail.linked = linked = await read_once("link", partial(self.identity.link, command.by))
            [read] = await reading
        finally:
            reading.cancel()
            await asyncio.gather(reading, return_exceptions=True)
        if isinstance(read, BaseException):
            raise read
        trail.url = read.value.snapshot.url
        return linked, read

    async def check(
        self, command: Command, trail: Trail, linked: Linked, now: RestIncident | None, known: Incident
    ) -> Outcome | None:
        """
        Return None if the actor may do this and it still makes sense, so that it may be sent; else the outcome.

        It makes no sense if PagerDuty gives the incident another number than the person typed or saw.

        `now` is the incident as it was just read, None for a new one: then the service decides. Records the rule that
        allowed or refused it. Raises `NotAllowed`, or `CallError` if that cannot be known.
        """
        if now is not None and command.label.startswith("#") and command.label != f"#{now.snapshot.number}":
            return other_number(now)
        user, policy, service = linked.user, command.params.policy, command.params.service
        try:
            # A person may only change or name what they may see.
            if policy is not None:
                await self.visibility.require(user, await self.pagerduty.escalation_policy(policy.id))
            if command.params.target is not None:
                target = (await self.pagerduty.incident(incident_id(command.params.target.id))).value
                await self.visibility.require(user, target, command.channel)
                trail.rule = await self.authorization.require(user, target, command.action)
            if now is not None:
                await self.visibility.require(user, now, command.channel)
                trail.rule = await self.authorization.require(user, now, command.action)
            elif service is None:
                raise Malformed("a new incident on no service")
            else:
                read = await self.pagerduty.service(service.id)
                await self.visibility.require(user, read)
                trail.rule = await self.authorization.require(user, read, command.action)
        except NotAllowed as refused:
            trail.rule = refused.rule
            raise
        return None if now is None else HANDLERS[command.action].precondition(command, now, known, user.id)


async def fold_into(
    incidents: Incidents, dirty_queue: WorkQueue, command: Command, read: Read[RestIncident], lease: Lease | None = None
) -> Incident:
    """Fold what was read for a command into the projection, and return the projection. Raises `StoreDown`."""
    found, seen = read.value, EventId(f"read:{command.id}")
    if found.updated is None:
        return (await incidents.load(command.incident)).value
    if lease is not None:
        await incidents.load(command.incident, lease, JUST_NOW)  # the lease may be held for minutes
    event = Event(seen, "read", command.incident, Source.READ, found.updated, snapshot=found.snapshot)

    def rule(known: Incident) -> Incident:
        after = fold_read(known.overruled_by(found.snapshot, read.date.end), event)
        return after if needs_pass(known, after) else known

    return (await incidents.change(command.incident, rule, lease, marks=(dirty_queue,))).value


def other_number(now: RestIncident) -> Outcome:
    """Return the outcome if PagerDuty does not give the incident the number that the person typed or saw."""
    # It does not say which number: the person may not be allowed to see this incident.
    why = "In PagerDuty this incident has another number, so nothing was sent."
    if now.snapshot.number is None:
        why = "PagerDuty doesn't say which number this incident has, so nothing was sent."
    return Outcome(Kind.REFUSED, why=why, next_step="Check its number in PagerDuty and try again")
