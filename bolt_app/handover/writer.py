"""A handover as it is now: of what a channel shows, for everyone in it, or of a person's teams, for them alone."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

import structlog

from bolt_app.handover.render import handover_paragraphs
from bolt_app.handover.source import Found, HandoverSource
from bolt_app.queries.on_call_reader import OnCallReader, PolicyOnCall
from bolt_app.visibility import Visibility
from shared.config.bridge_config import LiveConfig
from shared.errors import CallError, Malformed
from shared.model.handover import summarize
from shared.model.ids import ChannelId
from shared.pagerduty.models.account import User
from shared.store.clock import StoreClock

log = structlog.get_logger()

Sees = Callable[[PolicyOnCall], Awaitable[bool]]
"""Whether the readers see a policy."""

MOST_POLICIES = 3
"""Escalation policies whose people are named: each costs two calls, at most once a minute."""
PATIENCE = 5.0
"""Seconds that a handover waits for them."""


@dataclass(frozen=True)
class HandoverWriter:
    """Writes it. Who is on call is left out where that cannot be read in time; the rest needs no call."""

    source: HandoverSource
    reader: OnCallReader
    visibility: Visibility
    config: LiveConfig
    clock: StoreClock

    async def of_channel(self, channel: ChannelId) -> list[str]:
        """Return the paragraphs for all who read a channel. Raises `StoreDown`."""
        chosen = self.config.current.handover(channel)

        async def sees(read: PolicyOnCall) -> bool:
            # A policy that `bridge.toml` names for a channel may be shown there, also one of a private team.
            return chosen is not None or bool(self.visibility.seen_by_all([read.policy], read.private))

        return await self._write(await self.source.shown_in(channel), sees, chosen.policy if chosen else "")

    async def of_teams(self, user: User) -> list[str]:
        """Return the paragraphs for a person alone. Raises `StoreDown`, `CallError`."""

        async def sees(read: PolicyOnCall) -> bool:
            return bool(await self.visibility.seen(user, [read.policy], read.private))

        return await self._write(await self.source.of_teams(user), sees)

    async def _write(self, found: Found, sees: Sees, policy: str = "") -> list[str]:
        """Write it, with who is on call for a policy, or else for those of the incidents."""
        now_ms = self.clock.estimate_ms()
        policies = [one.snapshot.escalation_policy for one in found.incidents if one.snapshot]
        named = [policy] if policy else list(dict.fromkeys(each.id for each in policies if each))
        read = await self._policies(named[:MOST_POLICIES], sees)
        return handover_paragraphs(summarize(found.incidents, now_ms), read, now_ms, older=found.older)

    async def _policies(self, policies: Sequence[str], sees: Sees) -> list[PolicyOnCall | None]:
        """Read those that the readers see; one None stands for all that could not be read."""
        try:
            async with asyncio.timeout(PATIENCE):
                read = await asyncio.gather(*map(self.reader.policy, policies))
                return [one for one in read if await sees(one)]
        except (CallError, Malformed, TimeoutError) as error:
            log.warning("handover.on_call_unread", why=repr(error))
            return [None]
