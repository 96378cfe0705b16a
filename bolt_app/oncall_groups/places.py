"""The places that name who is on call: reads and writes a user group and a channel's topic."""

import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from html import unescape
from itertools import takewhile
from typing import Protocol

from bolt_app.account_cache import CachedValue, Now
from bolt_app.oncall_groups import words
from shared.access.identity import Identity
from shared.config.oncall_config import OncallGroupConfig
from shared.errors import NotFound, Refused
from shared.model.event import Ref
from shared.model.ids import ChannelId, SlackUserId, UserId
from shared.model.oncall_state import Cause, Written
from shared.slack.api.client import Slack
from shared.slack.api.user_groups import UserGroup, find_group
from shared.slack.render.blocks import escape, named, short
from shared.slack.render.channel_topic import LONGEST, own_part, topic_naming

GROUPS_KEPT = 30.0
"""Seconds for which all groups are taken as they were; before one is changed it is read by itself."""
MOST_NAMES = 10
"""The most former members that a notice names; each costs a call."""


@dataclass(frozen=True)
class Seen:
    """
    A place that was read: what is `wanted` there, what was `found`, and how that is `shown` in Slack's own words.

    `write` puts it right and returns how Slack shows it then, and `change` words that this was done. `is_taken_over`:
    what was there before the bridge first wrote is told as well.
    """

    wanted: str
    found: str
    shown: str
    write: Callable[[], Awaitable[str]]
    change: Callable[[], Awaitable[Cause]]
    is_taken_over: bool = False


class Place(Protocol):
    """One place of an entry; `name` is `group` or `topic`, `label` what people read."""

    name: str
    label: str

    async def look(self, people: Sequence[Ref], written: Written, causes: dict[str, Cause]) -> Seen | None:
        """Read it; None, and a cause, if it can't name anyone. Raises `CallError`, `Malformed`."""


@dataclass
class Places:
    """Creates the places of an entry. All entries share one cached read of the user groups."""

    slack: Slack
    identity: Identity
    now: Now = time.monotonic
    groups: CachedValue[tuple[UserGroup, ...]] = field(init=False)

    def __post_init__(self) -> None:
        """Nothing is read before it is asked for."""
        self.groups = CachedValue(self._read, self.now, GROUPS_KEPT)

    def of(self, entry: OncallGroupConfig, entries: Sequence[OncallGroupConfig]) -> list[Place]:
        """Return what an entry writes to; of two of the `entries` that write to one group the first one does."""
        first = [each.group for each in takewhile(lambda each: each != entry, entries) if each.group]
        group: list[Place] = [GroupPlace(self, entry.group, first)] if entry.group else []
        return [*group, *([TopicPlace(self.slack, ChannelId(entry.channel), entry.topic)] if entry.channel else [])]

    async def _read(self) -> tuple[UserGroup, ...]:
        return await self.slack.user_groups()


class GroupPlace:
    """A user group: its members, as their ids in order with commas between them."""

    name = "group"

    def __init__(self, places: Places, wanted: str, first: Sequence[str]) -> None:
        self.label = escape(wanted)
        self._wanted, self._first = wanted, first
        self._slack, self._identity, self._groups = places.slack, places.identity, places.groups

    async def look(self, people: Sequence[Ref], written: Written, causes: dict[str, Cause]) -> Seen | None:
        """Read the members, and link the people on call; before a change both are read again from Slack."""
        groups = await self._groups.get()
        group = find_group(groups, self._wanted)
        if group is None or group.disabled_at:
            causes["group:gone"] = words.no_group(self.label) if group is None else words.disabled(self.label)
            return None
        # Two entries, one by handle and one by id, would overwrite each other's members for ever.
        if twin := next((other for other in self._first if find_group(groups, other) == group), None):
            causes["group:twice"] = words.same_group(self.label, escape(twin))
            return None
        users = await self._slack.group_members(group.id) if group.users is None else group.users
        members = await self._linked(people, causes)
        seen = self._seen(group.id, members, users, written)
        if members and written.is_right(seen.wanted, seen.found, seen.shown):
            return seen
        members = {user: ref for user, ref in members.items() if await self._can_be_in(user, ref, causes)}
        if not members:
            causes["group:none"] = words.no_member(self.label)
            return None
        return self._seen(group.id, members, await self._slack.group_members(group.id), written)

    async def _linked(self, people: Sequence[Ref], causes: dict[str, Cause]) -> dict[SlackUserId, Ref]:
        linked = {}
        for person in people:
            if user := await self._identity.mention(UserId(person.id)):
                linked[user] = person
            else:
                causes[f"unlinked:{person.id}"] = words.unlinked(person, self.label)
        return linked

    async def _can_be_in(self, user: SlackUserId, person: Ref, causes: dict[str, Cause]) -> bool:
        """Return false, with a cause, for guests and bots: one makes Slack refuse all (usergroups.users.update)."""
        try:
            found = await self._slack.person(user)
        except NotFound:
            found = None
        if found is None or found.deleted or found.is_bot or found.external:
            causes[f"unlinked:{person.id}"] = words.unlinked(person, self.label)
            return False
        if found.guest is not None:
            causes[f"guest:{person.id}"] = words.guest(person, self.label)
        return found.guest is None

    def _seen(
        self, group: str, members: Mapping[SlackUserId, Ref], users: Sequence[SlackUserId], written: Written
    ) -> Seen:
        async def write() -> str:
            return as_text(await self._slack.set_group_members(group, sorted(members)))

        found, first = as_text(users), written.asked is None
        change = partial(self._change, members, users, first=first)
        return Seen(as_text(members), found, found, write, change, is_taken_over=bool(users) and first)

    async def _change(self, members: Mapping[SlackUserId, Ref], users: Sequence[SlackUserId], *, first: bool) -> Cause:
        gone = [user for user in users if user not in members]
        going = [await self._name(user) for user in gone[:MOST_NAMES]]
        more = [f"{len(gone) - MOST_NAMES} more"] if len(gone) > MOST_NAMES else []
        coming = [named(ref) for user, ref in members.items() if user not in users]
        return words.put_right(self.label, coming, [*going, *more], first=first)

    async def _name(self, user: SlackUserId) -> str:
        """Name a person without mentioning them."""
        try:
            return short((await self._slack.person(user)).name) or user
        except Refused:
            return user


class TopicPlace:
    """The topic of a channel: the part of it that is the bridge's own."""

    name = "topic"

    def __init__(self, slack: Slack, channel: ChannelId, pattern: str) -> None:
        self.label = f"The topic of <#{channel}>"
        self._slack, self._channel, self._pattern = slack, channel, pattern

    async def look(self, people: Sequence[Ref], written: Written, causes: dict[str, Cause]) -> Seen | None:
        """Read the topic, and put the people on call into it."""
        now = await self._slack.topic_of(self._channel)
        found, first = own_part(now, self._pattern), written.asked is None
        topic = topic_naming(now, self._pattern, [named(person) for person in people])
        if topic is None:
            causes["topic:full"] = words.no_room(self.label)
            return None

        async def change() -> Cause:
            return words.topic_put_right(self.label, topic.part, short(unescape(found), LONGEST), first=first)

        write = partial(self._slack.write_topic, self._channel, topic.whole)
        return Seen(topic.part, found, now, write, change, is_taken_over=bool(found) and first)


def as_text(users: Sequence[SlackUserId] | Mapping[SlackUserId, Ref]) -> str:
    """Write members as one text, in order, so that two of them can be compared. Pure."""
    return ",".join(sorted({*users}))
