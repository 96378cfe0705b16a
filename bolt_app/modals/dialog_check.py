"""Checks before a dialog opens: who the person is, which incident it is about, and whether they may do it."""

import asyncio
from dataclasses import dataclass

import structlog

from bolt_app.write_path.actor_check import ActorCheck, Trail, fold_into
from shared.errors import CallError, Malformed, StoreDown
from shared.model.actions import Action
from shared.model.command import Command
from shared.model.event import Snapshot
from shared.model.incident import Incident
from shared.model.outcome import Declined
from shared.pagerduty.models.account import User
from shared.store.coordination import WorkQueue
from shared.store.incidents import Incidents

log = structlog.get_logger()

CHECK_TIMEOUT = 1.5
"""Seconds that it may take before the dialog opens: Slack gives three."""


@dataclass(frozen=True)
class Checked:
    """The PagerDuty `user` and the current incident (`now`), read before a dialog opens; each None if unknown."""

    user: User | None
    now: Snapshot | None = None
    error: Exception | None = None
    """The reason if not all of it could be found out in time."""


@dataclass(frozen=True)
class DialogCheck:
    """Decides as a write does, so that people fill in nothing that would be refused."""

    actor_check: ActorCheck
    incidents: Incidents
    dirty_queue: WorkQueue

    async def check(self, wish: Command) -> Checked:
        """
        Find out who the person is in PagerDuty, and how the incident is now.

        Raises `Declined` if they cannot do it. What is not known in time is decided when they send it.
        """
        trail = Trail()
        try:
            async with asyncio.timeout(CHECK_TIMEOUT):
                if wish.action is Action.TRIGGER:
                    # On which service is still to be chosen.
                    user = (await self.actor_check.identity.link(wish.by)).user
                    self.actor_check.authorization.require_role(user, wish.action)
                    return Checked(user)
                linked, read = await self.actor_check.read(wish, trail)
                found = await self.actor_check.check(wish, trail, linked, read.value, Incident(wish.incident))
                if found is not None:
                    # The card that was pressed shows something else.
                    await fold_into(self.incidents, self.dirty_queue, wish, read)
        except (CallError, Malformed, StoreDown, TimeoutError) as error:
            log.warning("dialog.unchecked", action=wish.action, why=repr(error))
            return Checked(trail.linked.user if trail.linked else None, error=error)
        if found is not None:
            raise Declined(found)
        return Checked(linked.user, read.value.snapshot)
