"""Whom to mention on a card. Many cards ask at once, so each person is looked up once, and remembered for a while."""

import asyncio
import time
from collections import defaultdict
from collections.abc import Callable
from typing import NamedTuple

import structlog

from bolt_app.services import Services
from shared.errors import CallError, Malformed
from shared.model.event import Snapshot
from shared.model.ids import SlackUserId, UserId

log = structlog.get_logger()

TTL = 60.0
"""Seconds that a lookup's result is reused, including a failed one."""
FAILURE_TTL = 2.0
"""The same for a look-up that failed: a directory that is down is not asked again for each card."""


class CachedMention(NamedTuple):
    """The result of a lookup, and its expiry."""

    slack_user: SlackUserId | None
    until: float


class Mentions:
    """Finds the Slack users of the people on an incident. A name without a mention is better than a late card."""

    def __init__(self, services: Services, now: Callable[[], float] = time.monotonic) -> None:
        self._services = services
        self._now = now
        self._known: dict[UserId, CachedMention] = {}
        self._looking: defaultdict[UserId, asyncio.Lock] = defaultdict(asyncio.Lock)

    async def assignees(self, snapshot: Snapshot) -> dict[UserId, SlackUserId]:
        """Find whom to mention for each assignee, within a short time."""
        found: dict[UserId, SlackUserId] = {}
        try:
            async with asyncio.timeout(self._services.durations.name_lookup):
                for user in sorted(snapshot.assignee_ids):
                    slack_user = await self._slack_user(user)
                    if slack_user is not None:
                        found[user] = slack_user
        except TimeoutError:
            unknown = snapshot.assignee_ids - found.keys()
            self._known |= dict.fromkeys(unknown, CachedMention(None, self._now() + FAILURE_TTL))
            log.warning("mention.unknown", users=sorted(unknown), why="it takes too long")
        return found

    async def _slack_user(self, user: UserId) -> SlackUserId | None:
        async with self._looking[user]:
            known = self._known.get(user)
            if known is None or known.until <= self._now():
                known = self._known[user] = await self._look_up(user)
            return known.slack_user

    async def _look_up(self, user: UserId) -> CachedMention:
        try:
            return CachedMention(await self._services.identity.mention(user), self._now() + TTL)
        except (CallError, Malformed) as error:
            log.warning("mention.unknown", users=[user], why=str(error))
            return CachedMention(None, self._now() + FAILURE_TTL)
