"""How late the cards of a channel are, as all workers together know it."""

from dataclasses import dataclass
from typing import Literal

from shared.model.ids import ChannelId, IncidentId
from shared.store import keys
from shared.store.redis import Redis
from shared.store.scripts import Script

OVER = 2
"""A lag is over when the oldest card has waited only a part of what began it, this many times less: no to and fro."""

Verdict = Literal["begin", "end", ""]


@dataclass(frozen=True)
class Delay:
    """
    The backlog of a channel: how many cards wait, and how many seconds the oldest has.

    `verdict` makes the caller announce that cards are late (`begin`), or no longer (`end`); only that caller does.
    """

    verdict: Verdict
    cards: int
    seconds: float


class DelayedCards:
    """The cards of each channel that have to wait. `most` is how many seconds are nothing to speak of."""

    def __init__(self, redis: Redis, most: float) -> None:
        self._redis = redis
        self._most_ms = int(most * 1000)
        self._script = Script(redis, "lag")

    async def record_delay(self, channel: ChannelId, incident: IncidentId, since_ms: int) -> Delay:
        """Note that a card has to wait, if it is not noted that it does since earlier."""
        return await self._note(channel, incident, str(since_ms))

    async def record_shown(self, channel: ChannelId, incident: IncidentId) -> Delay:
        """Note that a card does not have to wait any more."""
        return await self._note(channel, incident, "")

    async def undo_notice(self, channel: ChannelId, verdict: Verdict) -> None:
        """Note that people could not be told; the next one who asks has to."""
        if verdict == "begin":
            await self._redis.delete(keys.lag(channel))
        else:
            await self._redis.set(keys.lag(channel), "1", ex=keys.LAG_KEPT)

    async def _note(self, channel: ChannelId, incident: IncidentId, since: str) -> Delay:
        names = [keys.behind(channel), keys.lag(channel)]
        found = await self._script(names, [incident, since, self._most_ms, self._most_ms // OVER, keys.LAG_KEPT])
        verdict, cards, age = found if isinstance(found, list) else (b"", 0, 0)
        told: Verdict = "begin" if verdict == b"begin" else "end" if verdict == b"end" else ""
        return Delay(told, int(cards), int(age) / 1000)
