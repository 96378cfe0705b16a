"""
Pure: Slack's responses, parsed.

Sources: the method pages, and the examples on them.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from shared.errors import Malformed
from shared.model.ids import ChannelId, MessageTs, SlackUserId

METADATA_TYPE = "pagebridge"
"""The `event_type` of the metadata on every message of ours."""

TOMBSTONE = "tombstone"
"""The `subtype` of what is left of a deleted message that has replies."""


@dataclass(frozen=True)
class SlackPerson:
    """
    A Slack user, as `users.info` shows them to us.

    `email` is None if they have none or we may not see it. `email_confirmed` is False if Slack says that it is not,
    None if Slack does not say. An `external` user belongs to another organisation, and shares a channel with us. `zone`
    is their time zone, such as `Europe/Berlin`; empty if Slack does not say.
    """

    id: SlackUserId
    name: str
    email: str | None
    email_confirmed: bool | None
    is_bot: bool
    is_app_user: bool
    deleted: bool
    guest: Literal["multi", "single"] | None
    external: bool
    team_id: str
    enterprise_id: str | None
    zone: str = ""


@dataclass(frozen=True)
class SlackIdentity:
    """Who our token makes us; `scopes` is what it allows. `enterprise_id` only in an Enterprise organisation."""

    team_id: str
    enterprise_id: str | None
    bot_user_id: str
    bot_id: str | None
    app_id: str | None
    scopes: frozenset[str]


@dataclass(frozen=True)
class Channel:
    """A channel as `conversations.info` shows it to us; `member` says whether we are in it."""

    id: ChannelId
    name: str
    archived: bool
    member: bool
    private: bool


@dataclass(frozen=True)
class OwnMessage:
    """
    A message of ours, as the history shows it.

    `thread_ts` names the thread that it replies in, None for a message of the channel itself. `key` and `payload` are
    what we wrote into its metadata, empty without any. `block_ids` tell which rendering it shows, because a card names
    its blocks after what they say. `deleted` means that only its place is left, above its replies; whose message it was
    Slack then does not say.
    """

    ts: MessageTs
    thread_ts: MessageTs | None
    key: str
    payload: Mapping[str, object]
    text: str
    block_ids: tuple[str, ...]
    deleted: bool


@dataclass(frozen=True)
class View:
    """An open view. `hash` identifies its current content."""

    id: str
    hash: str


def parse_person(answer: Mapping[str, object]) -> SlackPerson:
    """Read the answer of `users.info` or `users.lookupByEmail`."""
    user = _object(answer.get("user"))
    profile = _object(user.get("profile") or {})
    enterprise = _object(user.get("enterprise_user") or {}).get("enterprise_id")
    return SlackPerson(
        id=SlackUserId(_text(user.get("id"))),
        name=_name(user, profile),
        email=_optional_text(profile.get("email")),
        email_confirmed=_optional_flag(user.get("is_email_confirmed")),
        is_bot=user.get("is_bot") is True,
        is_app_user=user.get("is_app_user") is True,
        deleted=user.get("deleted") is True,
        guest=_guest(user),
        external=user.get("is_stranger") is True,
        team_id=_text(user.get("team_id")),
        enterprise_id=_optional_text(user.get("enterprise_id") or enterprise),
        zone=_optional_text(user.get("tz")) or "",
    )


def parse_identity(answer: Mapping[str, object], headers: Mapping[str, str]) -> SlackIdentity:
    """Read the answer of `auth.test`; the scopes come in a header."""
    given = {name.lower(): value for name, value in headers.items()}
    scopes = (scope.strip() for scope in given.get("x-oauth-scopes", "").split(","))
    return SlackIdentity(
        team_id=_text(answer.get("team_id")),
        enterprise_id=_optional_text(answer.get("enterprise_id")),
        bot_user_id=_text(answer.get("user_id")),
        bot_id=_optional_text(answer.get("bot_id")),
        app_id=_optional_text(answer.get("app_id")),
        scopes=frozenset(scope for scope in scopes if scope),
    )


def parse_channel(answer: Mapping[str, object]) -> Channel:
    """Read the answer of `conversations.info`."""
    channel = _object(answer.get("channel"))
    return Channel(
        id=ChannelId(_text(channel.get("id"))),
        name=_optional_text(channel.get("name")) or "",
        archived=channel.get("is_archived") is True,
        member=channel.get("is_member") is True,
        private=channel.get("is_private") is True,
    )


def parse_people(answer: Mapping[str, object]) -> tuple[SlackPerson, ...]:
    """Read one page of `users.list`."""
    return tuple(parse_person({"user": member}) for member in _objects(answer.get("members")))


def parse_bot_app(answer: Mapping[str, object]) -> str:
    """Read the app's id in the answer of `bots.info`."""
    return _text(_object(answer.get("bot")).get("app_id"))


def parse_socket_url(answer: Mapping[str, object]) -> str:
    """Read the answer of `apps.connections.open`."""
    return _text(answer.get("url"))


def parse_permalink(answer: Mapping[str, object]) -> str:
    """Read the answer of `chat.getPermalink`."""
    return _text(answer.get("permalink"))


def parse_view(answer: Mapping[str, object]) -> View:
    """Read the answer of `views.open` or `views.update`."""
    view = _object(answer.get("view"))
    return View(_text(view.get("id")), _text(view.get("hash")))


def parse_own(answer: Mapping[str, object], us: SlackIdentity) -> Iterator[OwnMessage]:
    """Read the messages of ours on one page of messages, and the places of deleted ones."""
    for message in _objects(answer.get("messages")):
        deleted = message.get("subtype") == TOMBSTONE
        if deleted or _is_ours(message, us):
            yield _own(message, deleted=deleted)


def parse_parent(answer: Mapping[str, object], us: SlackIdentity, thread: MessageTs) -> OwnMessage | None:
    """Read the head of a thread, which comes first on each of its pages; None if it is not ours."""
    return next((message for message in parse_own(answer, us) if message.ts == thread), None)


def next_cursor(answer: Mapping[str, object]) -> str:
    """Read where the next page begins; empty on the last one."""
    return _optional_text(_object(answer.get("response_metadata") or {}).get("next_cursor")) or ""


def _is_ours(message: Mapping[str, object], us: SlackIdentity) -> bool:
    by_app = us.app_id is not None and message.get("app_id") == us.app_id
    return by_app or (us.bot_id is not None and message.get("bot_id") == us.bot_id)


def _own(message: Mapping[str, object], *, deleted: bool) -> OwnMessage:
    ts, thread = _text(message.get("ts")), _optional_text(message.get("thread_ts"))
    payload = _payload(message)
    key = payload.get("key")
    return OwnMessage(
        ts=MessageTs(ts),
        thread_ts=MessageTs(thread) if thread and thread != ts else None,
        key=key if isinstance(key, str) else "",
        payload=payload,
        text=_optional_text(message.get("text")) or "",
        block_ids=tuple(_optional_text(block.get("block_id")) or "" for block in _objects(message.get("blocks") or [])),
        deleted=deleted,
    )


def _payload(message: Mapping[str, object]) -> Mapping[str, object]:
    """Read what we wrote into the metadata; nothing where others wrote it."""
    metadata = message.get("metadata")
    if not isinstance(metadata, dict) or metadata.get("event_type") != METADATA_TYPE:
        return {}
    return _object(metadata.get("event_payload") or {})


def _name(user: Mapping[str, object], profile: Mapping[str, object]) -> str:
    """Take the name that other people see."""
    names = (profile.get("display_name"), profile.get("real_name"), user.get("real_name"), user.get("name"))
    return next((name for name in names if isinstance(name, str) and name), "")


def _guest(user: Mapping[str, object]) -> Literal["multi", "single"] | None:
    """Single-channel guests carry both marks."""
    if user.get("is_ultra_restricted") is True:
        return "single"
    return "multi" if user.get("is_restricted") is True else None


def _object(value: object) -> dict[str, object]:
    if isinstance(value, dict):
        return value
    raise Malformed("Slack's answer lacks an object that it should have")


def _objects(value: object) -> list[dict[str, object]]:
    if isinstance(value, list):
        return [_object(member) for member in value]
    raise Malformed("Slack's answer lacks a list that it should have")


def _text(value: object) -> str:
    if isinstance(value, str) and value:
        return value
    raise Malformed("Slack's answer lacks a text that it should have")


def _optional_text(value: object) -> str | None:
    return None if value is None or value == "" else _text(value)


def _optional_flag(value: object) -> bool | None:
    return value if isinstance(value, bool) else None
