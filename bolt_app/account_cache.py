"""The account's services, escalation policies, priorities and abilities, cached for minutes: a modal opens at once."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

import structlog

from bolt_app.modals.inputs import Option
from shared.errors import BadCredentials, CallError, Malformed, Refused
from shared.model.actions import Action
from shared.pagerduty.api.client import PagerDuty
from shared.pagerduty.models.account import RESPONDERS, Priority
from shared.slack.render.buttons import EVERYTHING

log = structlog.get_logger()

T = TypeVar("T")
Now = Callable[[], float]

TTL = 300.0
"""Seconds for which what was read is taken as it was."""
RETRY_AFTER = 60.0
"""Seconds before PagerDuty is asked again what the account can do, when it did not answer."""
READ_TIMEOUT = 2.0
"""Seconds for which a card waits to learn what the account can do."""


class AccountCache:
    """Reads the lists that people choose from."""

    def __init__(self, pagerduty: PagerDuty, now: Now = time.monotonic) -> None:
        self._pagerduty = pagerduty
        self._priorities = CachedValue(self._read_priorities, now)
        self._abilities = CachedValue(self._read_abilities, now)
        self._options = {
            Action.REASSIGN: CachedValue(self._policies, now),
            Action.PRIORITY: CachedValue(self._priority_options, now),
            Action.TRIGGER: CachedValue(self._services, now),
        }
        self._able = CachedValue(self._read_available_actions, now)

    def cached_options(self, action: Action) -> tuple[Option, ...] | None:
        """Give what there is to choose from for `action` if it is remembered."""
        return self._options[action].value

    async def options(self, action: Action) -> tuple[Option, ...]:
        """Give what there is to choose from. Raises `CallError` or `Malformed` when PagerDuty does not tell."""
        return await self._options[action].get()

    async def search(self, field: str, typed: str) -> tuple[Option, ...]:
        """Return the services or policies (`field`) whose names match `typed`. Raises as `options`."""
        return await (self._services(typed) if field == "service" else self._policies(typed))

    async def available_actions(self) -> frozenset[Action]:
        """Return the actions that the account's plan allows; all of them until PagerDuty says otherwise."""
        return await self._able.get()

    async def _read_available_actions(self) -> frozenset[Action]:
        try:
            async with asyncio.timeout(READ_TIMEOUT):
                abilities, priorities = await self._abilities.get(), await self._priorities.get()
        except (CallError, Malformed, TimeoutError) as error:
            log.warning("account.unknown", why=repr(error))
            self._able.keep(RETRY_AFTER)
            return self._able.peek or EVERYTHING
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

    async def _policies(self, typed: str = "") -> tuple[Option, ...]:
        return tuple(Option(policy.id, policy.name) for policy in await self._pagerduty.escalation_policies(typed))

    async def _services(self, typed: str = "") -> tuple[Option, ...]:
        return tuple(Option(service.id, service.name) for service in await self._pagerduty.services(typed))

    async def _priority_options(self) -> tuple[Option, ...]:
        named = [(each, each.description) for each in await self._priorities.get()]
        return tuple(Option(each.id, f"{each.name}: {more}" if more else each.name) for each, more in named)


class CachedValue(Generic[T]):
    """One thing read, and how long it is good for; several who want it at once make one call."""

    def __init__(self, read: Callable[[], Awaitable[T]], now: Now) -> None:
        self._read = read
        self._now = now
        self._lock = asyncio.Lock()
        self._good_until = 0.0
        self._keep = TTL
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
            known = self.value
            if known is not None:
                return known
            self._keep = TTL
            self.peek = read = await self._read()
            self._good_until = self._now() + self._keep
            return read
