"""The account's services, escalation policies, priorities and abilities, cached for minutes: a modal opens at once."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from typing import Generic, TypeVar

import structlog

from bolt_app.modals.inputs import MOST_OPTIONS, Option
from bolt_app.visibility import Visibility, team_ids
from shared.errors import BadCredentials, CallError, Malformed, Refused
from shared.model.actions import Action
from shared.model.ids import TeamId
from shared.pagerduty.api.client import PagerDuty
from shared.pagerduty.models.account import RESPONDERS, EscalationPolicy, Priority, Service, User
from shared.slack.render.buttons import EVERYTHING

log = structlog.get_logger()

T = TypeVar("T")
Owned = TypeVar("Owned", Service, EscalationPolicy)
Now = Callable[[], float]

TTL = 300.0
"""Seconds for which what was read is taken as it was."""
RETRY_AFTER = 60.0
"""Seconds before PagerDuty is asked again what the account can do, when it did not answer."""
READ_TIMEOUT = 2.0
"""Seconds for which a card waits to learn what the account can do."""


@dataclass(frozen=True)
class Catalogue(Generic[Owned]):
    """The first page of the services or policies, and the private ones of their teams."""

    things: tuple[Owned, ...]
    private: frozenset[TeamId]


class AccountCache:
    """Reads the lists that people choose from, and gives each person what they see."""

    def __init__(self, pagerduty: PagerDuty, visibility: Visibility, now: Now = time.monotonic) -> None:
        self._pagerduty = pagerduty
        self._visibility = visibility
        self._priorities = CachedValue(self._read_priorities, now)
        self._abilities = CachedValue(self._read_abilities, now)
        self._policies = CachedValue(self._read_policies, now)
        self._services = CachedValue(self._read_services, now)
        self.available_actions = CachedValue(self._read_available_actions, now)
        """The actions that the account's plan allows; all of them until PagerDuty says otherwise."""

    def remembers(self, action: Action) -> bool:
        """True if what there is to choose from for `action` need not be read."""
        if action is Action.PRIORITY:
            return self._priorities.value is not None
        return (self._policies if action is Action.REASSIGN else self._services).value is not None

    async def options(self, action: Action, user: User) -> tuple[Option, ...] | None:
        """
        Return what a person can choose from; None if there is more than a menu lists, so that they type.

        Raises `CallError` or `Malformed` when PagerDuty does not tell.
        """
        if action is Action.PRIORITY:
            return tuple(_option(priority) for priority in await self._priorities.get())
        listed = await (self._policies if action is Action.REASSIGN else self._services).get()
        if len(listed.things) >= MOST_OPTIONS:
            return None
        return _options(await self._visibility.seen(user, listed.things, listed.private))

    async def search(self, field: str, typed: str, user: User) -> tuple[Option, ...]:
        """Return the services or policies (`field`) that match `typed` and that a person sees. Raises as `options`."""
        if field == "service":
            return _options(await self._visibility.seen(user, await self._pagerduty.services(typed)))
        return _options(await self._visibility.seen(user, await self._pagerduty.escalation_policies(typed)))

    async def _read_available_actions(self) -> frozenset[Action]:
        try:
            async with asyncio.timeout(READ_TIMEOUT):
                abilities, priorities = await self._abilities.get(), await self._priorities.get()
        except (CallError, Malformed, TimeoutError) as error:
            log.warning("account.unknown", why=repr(error))
            self.available_actions.keep(RETRY_AFTER)
            return self.available_actions.peek or EVERYTHING
        lacking = {Action.ADD_RESPONDERS} if RESPONDERS not in abilities else set()
        return EVERYTHING - lacking - (set() if priorities else {Action.PRIORITY})

    async def _read_abilities(self) -> frozenset[str]:
        return await self._pagerduty.abilities()

    async def _read_priorities(self) -> tuple[Priority, ...]:
        try:
            return await self._pagerduty.priorities()
        except BadCredentials:
            raise
        except Refused as error:
            # So PagerDuty answers for an account that has none.
            log.info("account.no_priorities", why=str(error))
            return ()

    async def _read_policies(self) -> Catalogue[EscalationPolicy]:
        return await self._catalogue(await self._pagerduty.escalation_policies())

    async def _read_services(self) -> Catalogue[Service]:
        return await self._catalogue(await self._pagerduty.services())

    async def _catalogue(self, things: tuple[Owned, ...]) -> Catalogue[Owned]:
        teams = (team for thing in things for team in team_ids(thing) or ())
        return Catalogue(things, await self._visibility.hiding(teams))


class CachedValue(Generic[T]):
    """One thing read, and how long it is good for; several who want it at once make one call."""

    def __init__(self, read: Callable[[], Awaitable[T]], now: Now, ttl: float = TTL) -> None:
        self._read = read
        self._now = now
        self._lock = asyncio.Lock()
        self._good_until = 0.0
        self._ttl = self._keep = ttl
        self.peek: T | None = None

    @property
    def value(self) -> T | None:
        """The value while it is valid, else None."""
        return self.peek if self._now() < self._good_until else None

    def keep(self, seconds: float) -> None:
        """Set how long the value being read stays valid."""
        self._keep = seconds

    async def get(self) -> T:
        """Return the value, reading it if it has expired."""
        async with self._lock:
            if self.peek is None or self._now() >= self._good_until:
                self._keep = self._ttl
                self.peek = await self._read()
                self._good_until = self._now() + self._keep
            return self.peek


def _options(things: Iterable[Service | EscalationPolicy]) -> tuple[Option, ...]:
    return tuple(Option(thing.id, thing.name) for thing in things)


def _option(priority: Priority) -> Option:
    named = f"{priority.name}: {priority.description}" if priority.description else priority.name
    return Option(priority.id, named)
