"""Stores who wants direct messages about their incidents, until they change it."""

from collections.abc import Mapping

import structlog

from shared.errors import Malformed
from shared.model.direct_card import Level, Wish
from shared.model.direct_summary import DirectSummary
from shared.model.ids import ChannelId, SlackUserId, UserId, slack_id
from shared.store import keys
from shared.store.documents import Documents
from shared.store.redis import Redis, write_once
from shared.store.unreadable import UNREADABLE

log = structlog.get_logger()


class Wishes:
    """
    The wishes of Slack users, by the PagerDuty user that they were linked to when they made them.

    If `durable`, a change is on the disk when it returns.
    """

    def __init__(self, redis: Redis, *, durable: bool = True) -> None:
        self._redis = redis
        self._durable = durable

    async def of(self, user: UserId) -> Mapping[SlackUserId, Wish]:
        """Return the wishes of all Slack users who were linked to a PagerDuty user. Raises `StoreDown`."""
        key, found = keys.notify(user), dict[SlackUserId, Wish]()
        for person, value in (await self._redis.hgetall(key)).items():
            try:
                found[SlackUserId(slack_id(_text(person)))] = _parse(_text(value))
            except (Malformed, ValueError) as error:
                UNREADABLE.labels("index").inc()
                log.error("wish.unreadable", key=key, why=str(error))
                await self._redis.hdel(key, person)
        return found

    async def put(self, user: UserId, person: SlackUserId, wish: Wish) -> None:
        """Keep a person's wish. Raises `StoreDown`."""
        value = f"{wish.level} {wish.conversation}"
        await write_once(self._redis, "HSET", keys.notify(user), person, value, wait_for_disk=self._durable)

    async def drop(self, user: UserId, person: SlackUserId) -> None:
        """Forget a person's wish. Raises `StoreDown`."""
        await write_once(self._redis, "HDEL", keys.notify(user), person, wait_for_disk=self._durable)


def direct_summaries(redis: Redis) -> Documents[DirectSummary]:
    """Open the documents of the summaries; a conversation's id stands there in the place of an incident's."""
    return Documents(redis, "summary", DirectSummary, lambda _before, _after: ())


def _text(value: bytes | str) -> str:
    return value.decode(errors="replace") if isinstance(value, bytes) else value


def _parse(value: str) -> Wish:
    level, conversation = value.split(" ")
    return Wish(Level(level), ChannelId(slack_id(conversation)))
