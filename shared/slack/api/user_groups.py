"""User groups, and the topics of channels: what names who is on call. Raises as `Slack` does."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, TypeVar

from pydantic import AliasPath, Field, Strict, TypeAdapter

from shared.model.ids import ChannelId, SlackUserId
from shared.slack.api.models import Given, Text, parse_as
from shared.slack.api.rate_limits import Priority
from shared.slack.api.transport import CallTurn, Transport

T = TypeVar("T")

TURN = CallTurn(Priority.LOW)


@dataclass(frozen=True)
class UserGroup:
    """
    A user group; `disabled_at` is in seconds since 1970, 0 while it is not disabled.

    `users` is None where Slack does not list them: that is not an empty group.
    """

    id: Annotated[str, Given]
    handle: Text
    users: tuple[SlackUserId, ...] | None = None
    disabled_at: Annotated[int, Strict(), Field(validation_alias="date_delete")] = 0


@dataclass(frozen=True)
class ChannelTopic:
    """The topic of a channel, in Slack's markup."""

    topic: Annotated[str, Field(validation_alias=AliasPath("topic", "value"))]


_GROUP, _GROUPS, _TOPIC = TypeAdapter(UserGroup), TypeAdapter(tuple[UserGroup, ...]), TypeAdapter(ChannelTopic)
_USERS = TypeAdapter(tuple[SlackUserId, ...])


def find_group(groups: Sequence[UserGroup], wanted: str) -> UserGroup | None:
    """Find a group by its handle with an @, or by its id; of two with one handle the one that is not disabled. Pure."""
    fitting = [group for group in groups if wanted in (group.id, f"@{group.handle}")]
    return min(fitting, key=lambda group: group.disabled_at, default=None)


class UserGroups:
    """Calls with the lowest priority: no person waits for them."""

    _transport: Transport

    async def user_groups(self) -> tuple[UserGroup, ...]:
        """Read all user groups with their members, disabled ones included (Slack: usergroups.list)."""
        params = {"include_users": "true", "include_disabled": "true"}
        return await self._look("usergroups.list", params, lambda answer: parse_as(_GROUPS, answer.get("usergroups")))

    async def group_members(self, group: str) -> tuple[SlackUserId, ...]:
        """Read who is in a user group now (Slack: usergroups.users.list)."""
        params = {"usergroup": group}
        return await self._look("usergroups.users.list", params, lambda answer: parse_as(_USERS, answer.get("users")))

    async def set_group_members(self, group: str, users: Sequence[SlackUserId]) -> tuple[SlackUserId, ...]:
        """
        Replace all members of a user group, and return who is in it then (Slack: usergroups.users.update).

        It can't be emptied, and takes no guests and no bots.
        """
        params = {"usergroup": group, "users": ",".join(users)}
        return await self._transport.call(
            "usergroups.users.update",
            lambda answer: parse_as(_GROUP, answer[0].get("usergroup")).users or tuple(users),
            turn=TURN,
            params=params,
        )

    async def topic_of(self, channel: ChannelId) -> str:
        """Read a channel's topic (Slack: conversations.info). `NotFound` if the app does not see the channel."""
        params = {"channel": channel}
        return await self._look(
            "conversations.info", params, lambda answer: parse_as(_TOPIC, answer.get("channel")).topic
        )

    async def write_topic(self, channel: ChannelId, topic: str) -> str:
        """Set a topic that no one waits for, and return it as Slack shows it (Slack: conversations.setTopic)."""
        return await self._transport.call(
            "conversations.setTopic",
            lambda answer: parse_as(_TOPIC, answer[0].get("channel")).topic,
            turn=TURN,
            json={"channel": channel, "topic": topic},
        )

    async def _look(self, method: str, params: Mapping[str, str], parse: Callable[[Mapping[str, object]], T]) -> T:
        return await self._transport.call(
            method, lambda answer: parse(answer[0]), turn=TURN, http_verb="GET", params=params
        )
