"""The links that people made, their open requests, and the queue of sign-ins that came back from PagerDuty."""

import hashlib
import json
import re
from collections.abc import AsyncIterator, Callable
from dataclasses import asdict, dataclass, replace

import structlog
from pydantic import TypeAdapter, ValidationError

from shared.errors import Malformed
from shared.model.ids import SlackUserId, UserId, slack_id
from shared.model.link import (
    ASKED_KEPT,
    CODE_LENGTH,
    MOST_ASKED,
    SIGN_IN_LIFE,
    Link,
    LinkChange,
    LinkEntry,
    LinkRequest,
)
from shared.store import keys
from shared.store.clock import StoreClock
from shared.store.redis import Redis, run_script, write_once
from shared.store.streams import read_all

log = structlog.get_logger()

LINK_JSON, REQUEST_JSON = TypeAdapter(Link), TypeAdapter(LinkRequest)
ENTRY = TypeAdapter(LinkEntry)
LONGEST_CODE = 2048
"""Characters of an authorization code that are taken; PagerDuty's have some dozens."""
CODE = re.compile(rf"[\x21-\x7e]{{1,{LONGEST_CODE}}}")
"""An authorization code."""
LONGEST_ANSWER = 2 * LONGEST_CODE + 256
"""Bytes of a sign-in that came back: each character of its code may be written as two."""
_DIGEST, _SHOWN = re.compile(r"[0-9a-f]{64}"), re.compile(rf"[A-Z0-9]{{{CODE_LENGTH}}}")


def digest_of(state: str) -> str:
    """Return the digest that replaces a sign-in's state where others could see it."""
    return hashlib.sha256(state.encode()).hexdigest()


class Links:
    """
    The links. With `durable` one is made or ended once that is on disk; people are then mentioned accordingly.

    The audit has each change before it holds, so that none holds of which it does not tell.
    """

    def __init__(self, redis: Redis, *, durable: bool = False) -> None:
        self._redis = redis
        self._clock = StoreClock(redis)
        self._durable = durable

    async def of(self, user: SlackUserId) -> Link | None:
        """
        Return the link of a Slack user, None without one. Raises `StoreDown`.

        Of two people who were linked to one PagerDuty user at the same moment the last one counts.
        """
        link = _link(await self._redis.hget(keys.LINKS, user))
        whose = await self._redis.hget(keys.LINKS, link.user) if link is not None else None
        return link if link is not None and whose == link.slack.encode() else None

    async def owner(self, user: UserId) -> Link | None:
        """Return the link of the Slack user who is linked to a PagerDuty user, None without one. Raises `StoreDown`."""
        found = await self._redis.hget(keys.LINKS, user)
        link = _link(await self._redis.hget(keys.LINKS, found)) if isinstance(found, bytes) else None
        return link if link is not None and link.user == user else None

    async def put(self, link: Link) -> None:
        """Store a link, in the place of the person's earlier one. Raises `StoreDown`."""
        await self.record(link, LinkChange.MADE, link.approver or link.slack)
        both = (link.slack, LINK_JSON.dump_json(link, exclude_defaults=True), link.user, link.slack)
        await write_once(self._redis, "HSET", keys.LINKS, *both, wait_for_disk=self._durable)
        await self._redis.delete(keys.mention(link.user))

    async def remove(self, link: Link, change: LinkChange, actor: SlackUserId | None = None) -> None:
        """Let a link go, which a person did, an operator or the bridge. Raises `StoreDown`."""
        await self.record(link, change, actor)
        await write_once(self._redis, "HDEL", keys.LINKS, link.slack, link.user, wait_for_disk=self._durable)
        await self._redis.delete(keys.mention(link.user))

    async def record(self, link: Link, change: LinkChange, actor: SlackUserId | None) -> None:
        """Record a change in the audit, and drop entries older than `AUDIT_KEPT`. Raises `StoreDown`."""
        entry = LinkEntry(await self._clock.now_ms(), change, link.slack, link.user, link.by, actor)
        fields = [part for field in asdict(entry).items() if field[1] is not None for part in field]
        oldest = max(0, entry.at_ms - keys.AUDIT_KEPT * 1000)
        await self._redis.execute_command("XADD", keys.LINKS_AUDIT, "MINID", "=", oldest, "*", *fields)

    async def changes(self, since_ms: int = 0) -> AsyncIterator[LinkEntry | Malformed]:
        """Give what the audit has from `since_ms` on, oldest first; for an unreadable entry, that it is."""
        async for stored in read_all(self._redis, keys.LINKS_AUDIT, str(since_ms)):
            try:
                yield ENTRY.validate_python({name: value.decode() for name, value in stored.fields.items()})
            except (ValidationError, UnicodeDecodeError):
                yield Malformed(f"entry {stored.id} cannot be read: not an entry about a link")

    async def all(self) -> list[Link]:
        """List every link, the oldest first. Raises `StoreDown`."""
        stored = await self._redis.hgetall(keys.LINKS)
        links = [link for value in stored.values() if value[:1] == b"{" and (link := _link(value))]
        counted = [link for link in links if stored.get(link.user.encode()) == link.slack.encode()]
        return sorted(counted, key=lambda link: link.at_ms)


def _link(value: object) -> Link | None:
    """Read a link; return None, and log it, if it cannot be read."""
    try:
        return LINK_JSON.validate_json(value) if isinstance(value, bytes) else None
    except ValidationError as error:
        log.error("link.unreadable", why=f"{error.error_count()} errors")
        return None


@dataclass(frozen=True)
class SignInAnswer:
    """
    The answer that a browser brought back: the digest of its state, PagerDuty's code, and the code that it shows.

    `element` is how the receiver wrote it.
    """

    digest: str
    pagerduty_code: str
    shown_code: str
    element: bytes

    def given_to(self, known: LinkRequest | None) -> LinkRequest | None:
        """Return a request with the code that the browser shows, if it waits for this answer; else as it is."""
        is_awaited = known is not None and known.awaits_answer and digest_of(known.state) == self.digest
        return replace(known, code=self.shown_code) if known is not None and is_awaited else known

    def waits_in(self, known: LinkRequest) -> bool:
        """True if a request has taken this answer, and PagerDuty's word on it is not stored yet."""
        is_ours = digest_of(known.state) == self.digest and known.code == self.shown_code
        return is_ours and not known.is_answered


class LinkRequests:
    """The open requests for a link: one for each person, the newest."""

    def __init__(self, redis: Redis, blocking: Redis) -> None:
        self._redis = redis
        self._blocking = blocking

    async def begin(self, request: LinkRequest, who: str, command: str) -> LinkRequest:
        """
        Store a sign-in, and what the browser shows: `who` they are, and where to type. Raises `StoreDown`.

        Return it with the press of the person's earlier request, which still waits for a link, if it has none.
        """
        known = await self.change(request.slack, request.with_press_of, SIGN_IN_LIFE, anew=True)
        shown = f"{request.slack} {command} {who}"
        await self._redis.set(keys.sign_in(digest_of(request.state)), shown, ex=SIGN_IN_LIFE)
        return request.with_press_of(known)

    async def of(self, user: SlackUserId) -> LinkRequest | None:
        """Return a person's open request, None if there is none or it has expired. Raises `StoreDown`."""
        return (await self._read(user))[1]

    async def change(
        self,
        user: SlackUserId,
        rule: Callable[[LinkRequest | None], LinkRequest | None],
        seconds: int = 0,
        *,
        anew: bool = False,
    ) -> LinkRequest | None:
        """
        Apply `rule` to a person's request until the result is stored, or nothing where it changes nothing.

        Return the request to which it was applied. A new one lives for `seconds`, one that was there no longer than
        before, unless `anew`. Raises `StoreDown`.
        """
        while True:
            text, known = await self._read(user)
            now = rule(known)
            if now == known or await self._swap(user, text, now, 0 if text and not anew else seconds):
                return known

    async def swap(self, known: LinkRequest, now: LinkRequest | None) -> bool:
        """
        Store how far a request has come, which lives no longer for that, or forget it.

        False, and nothing is stored, if it is not as it was `known`: another one, another step, or over. Raises
        `StoreDown`.
        """
        return await self._swap(known.slack, REQUEST_JSON.dump_json(known), now, 0)

    async def _swap(self, user: SlackUserId, text: bytes, now: LinkRequest | None, seconds: int) -> bool:
        """Store `now` for so many seconds (0: no longer than before) if the `text` is still there; true if it was."""
        texts = text, REQUEST_JSON.dump_json(now) if now else b"", seconds
        return bool(await run_script(self._redis, "swap_text", [keys.link_request(user)], texts))

    async def _read(self, user: SlackUserId) -> tuple[bytes, LinkRequest | None]:
        """Return what is stored of a person's request, and the request; None, and log it, if it cannot be read."""
        stored = await self._redis.get(keys.link_request(user))
        text = stored if isinstance(stored, bytes) else b""
        try:
            return text, REQUEST_JSON.validate_json(text) if text else None
        except ValidationError as error:
            log.error("link_request.unreadable", user=user, why=f"{error.error_count()} errors")
            return text, None

    async def may_ask(self, user: SlackUserId) -> bool:
        """Count a question to the admins; False if a person has had their share within the hour. Raises `StoreDown`."""
        key = keys.link_asked(user)
        asked = int(await self._redis.incr(key))
        if await self._redis.ttl(key) < 0:
            # Also of a count that a worker has left without an end.
            await self._redis.expire(key, ASKED_KEPT)
        return asked <= MOST_ASKED

    async def next_answer(self, seconds: float, lasts: float) -> SignInAnswer | None:
        """
        Take the next sign-in that came back, or wait so many seconds for one.

        Another worker takes it unless it is `handled` before it `lasts` too long, in seconds. Raises `StoreDown`.
        """
        names = [keys.SIGN_INS, keys.SIGN_INS_TAKEN]
        taken = await run_script(self._redis, "take_sign_in", names, [int(lasts * 1000)])
        if not isinstance(taken, bytes):
            # From its place to the same place: a way to wait for the first one that takes nothing away.
            place = [keys.SIGN_INS, keys.SIGN_INS, "LEFT", "LEFT"]
            await self._blocking.execute_command("BLMOVE", *place, seconds)
            return None
        answer = _answer(taken)
        if answer is None:
            log.error("sign_in.unreadable", why="not what a receiver of this version writes")
            await self._redis.zrem(keys.SIGN_INS_TAKEN, taken)
        return answer

    async def take(self, answer: SignInAnswer) -> LinkRequest | None:
        """
        Return the request to which an answer belongs, with the answer's code: only the newest of its person.

        Each takes one answer, and that until it is answered: a worker may have died with it. Raises `StoreDown`.
        """
        key = keys.sign_in(answer.digest)
        whose = await self._redis.get(key)
        if not isinstance(whose, bytes):
            return None
        user = SlackUserId(slack_id(whose.decode(errors="replace").partition(" ")[0]))
        await self._redis.set(key, user, xx=True, keepttl=True)
        known = await self.change(user, answer.given_to)
        taken = answer.given_to(known)
        return taken if taken is not None and answer.waits_in(taken) else None

    async def handled(self, answer: SignInAnswer) -> None:
        """Forget a sign-in that was handled. Raises `StoreDown`."""
        await self._redis.zrem(keys.SIGN_INS_TAKEN, answer.element)


@dataclass(frozen=True)
class Visitor:
    """The person who signs in, and the command that they type in Slack."""

    who: str
    command: str


async def signing_in(redis: Redis, state: str) -> Visitor | None:
    """Return who signs in with this state; None if it has expired or was used. Raises `StoreDown`."""
    found = await redis.get(keys.sign_in(digest_of(state)))
    if not isinstance(found, bytes):
        return None
    user, command, who = [*found.decode(errors="replace").split(" ", 2), "", ""][:3]
    return Visitor(who or user, command) if command else None


async def came_back(redis: Redis, state: str, pagerduty_code: str, shown_code: str) -> None:
    """Queue a sign-in that came back from PagerDuty for the workers. Raises `StoreDown`."""
    answer = json.dumps([digest_of(state), pagerduty_code, shown_code])
    await redis.execute_command("RPUSH", keys.SIGN_INS, answer)


def _answer(element: bytes) -> SignInAnswer | None:
    """Read an element that the receiver wrote; None if it cannot be read."""
    try:
        parts = json.loads(element) if len(element) <= LONGEST_ANSWER else []
    except (ValueError, RecursionError):
        parts = []
    match parts:
        case [str(digest), str(pagerduty_code), str(shown_code)] if (
            _DIGEST.fullmatch(digest) and CODE.fullmatch(pagerduty_code) and _SHOWN.fullmatch(shown_code)
        ):
            return SignInAnswer(digest, pagerduty_code, shown_code, element)
    return None
