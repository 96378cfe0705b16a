"""Short leases on an incident, with a fencing token, so that one worker at a time does one kind of work on it."""

import asyncio
import secrets
import time
from collections.abc import Callable

import structlog

from shared.errors import FencedOff, StoreDown
from shared.model.ids import IncidentId
from shared.store import keys
from shared.store.redis import Redis, Script

log = structlog.get_logger()

FIRST_EPOCHS = 1 << 40
"""Among how many numbers a fencing counter begins: few enough for Redis to count on exactly."""
KEEPING = 3
"""How often a lease is prolonged within the time that it lasts."""


class Lease:
    """
    The right to do one kind of work on one incident, for a while.

    Its holder calls `check` before every outside call. Time is measured on the monotonic clock from before the lease
    was asked for, so the holder always gives up earlier than the store lets the next one in.
    """

    def __init__(self, leases: "Leases", incident: IncidentId, epoch: int, until: float) -> None:
        self.incident = incident
        self.epoch = epoch
        self._leases = leases
        self._until = until

    @property
    def fence(self) -> str:
        """The key of the counter that the fencing token is compared with."""
        return keys.epoch(self.incident, self._leases.work)

    async def check(self, needed: float) -> None:
        """
        Require that the lease lasts for `needed` more seconds, renewing it if necessary.

        Raises `FencedOff` if another worker holds it.
        """
        if self._until - self._leases.now() < needed:
            self._until = await self._leases.renew(self)

    async def keep(self) -> None:
        """
        Prolong it again and again, for work whose every step is bounded but whose sum is not; cancelled at its end.

        Ends by itself when the lease is lost, which the next `check` finds out.
        """
        try:
            while True:
                await asyncio.sleep(self._leases.ttl / KEEPING)
                self._until = await self._leases.renew(self)
        except (FencedOff, StoreDown) as error:
            log.warning("lease.not_kept", incident=self.incident, work=self._leases.work, why=str(error))

    async def release(self) -> None:
        """Give it up, so that the next one need not wait."""
        await self._leases.release(self)


class Leases:
    """Takes, prolongs and releases the leases for one kind of `work`, each `ttl` seconds."""

    def __init__(self, redis: Redis, work: str, lasts: float, now: Callable[[], float] = time.monotonic) -> None:
        self.work = work
        self.now = now
        self.ttl = lasts
        self._take = Script(redis, "take_lease")
        self._renew = Script(redis, "renew_lease")

    async def take(self, incident: IncidentId) -> Lease | None:
        """Take the lease on `incident`, or return None if it is held."""
        asked = self.now()
        names = [keys.lease(incident, self.work), keys.epoch(incident, self.work)]
        # A counter that starts anew, in a store that has lost its data, must not come to a token that is still held.
        first = secrets.randbelow(FIRST_EPOCHS)
        epoch = await self._take(names, [int(self.ttl * 1000), keys.INCIDENT_KEPT, first])
        return Lease(self, incident, int(str(epoch)), asked + self.ttl) if epoch else None

    async def renew(self, lease: Lease) -> float:
        """Start the lease's time anew, and return its end on the monotonic clock."""
        asked = self.now()
        if not await self._renew([keys.lease(lease.incident, self.work)], [lease.epoch, int(self.ttl * 1000)]):
            raise FencedOff(f"the lease on {lease.incident} for {self.work} was lost")
        return asked + self.ttl

    async def release(self, lease: Lease) -> None:
        """End the lease if it is still this one."""
        await self._renew([keys.lease(lease.incident, self.work)], [lease.epoch, 0])
