"""Pure: Slack's answers as values (method pages). A wrong optional field is missing, a required one `Malformed`."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Annotated, Any, Literal, TypeVar

from pydantic import AliasPath, BeforeValidator, Field, GetCoreSchemaHandler, Strict, TypeAdapter, ValidationError
from pydantic_core import CoreSchema, core_schema

from shared.errors import Malformed
from shared.model.event import SECOND
from shared.model.ids import ChannelId, MessageTs, SlackUserId

T = TypeVar("T")

METADATA_TYPE = "pagebridge"
"""The `event_type` of the metadata on every message of ours."""

WRITTEN = frozenset({None, "file_share", "me_message", "thread_broadcast"})
"""The `subtype` of what a person wrote; others tell of the channel itself (Slack's page on the message event)."""

TOMBSTONE = "tombstone"
"""The `subtype` of what is left of a deleted message that has replies."""


@dataclass(frozen=True)
class _Else:
    """Gives a field `default` where its value is missing or of the wrong type."""

    default: object

    def __get_pydantic_core_schema__(self, source: object, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.with_default_schema(handler(source), default=self.default, on_error="default")


Given = Field(min_length=1)
Text = Annotated[str, _Else("")]
OptionalText = Annotated[Annotated[str, Given] | None, _Else(None)]
Flag = Annotated[bool, Strict(), _Else(default=False)]
OptionalFlag = Annotated[bool | None, Strict(), _Else(None)]
_BlockId = Annotated[str, BeforeValidator(lambda block: isinstance(block, dict) and block.get("block_id")), _Else("")]


@dataclass(frozen=True)
class SlackPerson:
    """
    A Slack user, as `users.info` shows them to us.

    `email` is None if they have none or we may not see it. `email_confirmed`, `is_bot` and `deleted` are None if Slack
    does not say, as `guest` then is `unknown`. An `external` user belongs to another organisation, and shares a channel
    with us. `zone` is their time zone, such as `Europe/Berlin`; empty if Slack does not say.
    """

    id: Annotated[SlackUserId, Given]
    name: Text
    email: Annotated[OptionalText, Field(validation_alias=AliasPath("profile", "email"))]
    email_confirmed: Annotated[OptionalFlag, Field(validation_alias="is_email_confirmed")]
    is_bot: OptionalFlag
    is_app_user: Flag
    deleted: OptionalFlag
    guest: Literal["multi", "single", "unknown"] | None
    external: Annotated[Flag, Field(validation_alias="is_stranger")]
    team_id: Annotated[str, Given]
    enterprise_id: OptionalText
    zone: Annotated[Text, Field(validation_alias="tz")] = ""


@dataclass(frozen=True)
class SlackIdentity:
    """
    The identity of our token, the `scopes` that it has, and the workspace's `url`, empty if Slack does not give it.

    `enterprise_id` only in an Enterprise organisation.
    """

    team_id: Annotated[str, Given]
    enterprise_id: OptionalText
    bot_user_id: Annotated[str, Given, Field(validation_alias="user_id")]
    bot_id: OptionalText
    app_id: OptionalText
    scopes: frozenset[str]
    url: Text = ""


@dataclass(frozen=True)
class Channel:
    """A channel as `conversations.info` shows it to us; `member` says whether we are in it."""

    id: Annotated[ChannelId, Given]
    name: Text
    archived: Annotated[Flag, Field(validation_alias="is_archived")]
    member: Annotated[Flag, Field(validation_alias="is_member")]


@dataclass(frozen=True)
class OpenedChannel:
    """A channel that the app is in, with who opened it, what it is for, and who said so; `created` in s since 1970."""

    id: Annotated[ChannelId, Given]
    name: Text
    creator: Text
    created: Annotated[int, Strict(), _Else(0)]
    private: Annotated[Flag, Field(validation_alias="is_private")]
    purpose: Annotated[Text, Field(validation_alias=AliasPath("purpose", "value"))]
    purpose_by: Annotated[Text, Field(validation_alias=AliasPath("purpose", "creator"))]


@dataclass(frozen=True)
class OwnMessage:
    """
    A message of ours, as the history shows it.

    `thread_ts` names the thread that it replies in, None for a message of the channel itself. `key` and `payload` are
    what we wrote into its metadata, empty without any; the key stands in the ids of its blocks as well. `block_ids`
    tell which rendering it shows, because a card names its blocks after what they say. `deleted` means that only its
    place is left, above its replies; whose message it was Slack then does not say.
    """

    ts: Annotated[MessageTs, Given]
    thread_ts: Annotated[MessageTs | None, _Else(None)]
    key: Text
    payload: Mapping[str, object]
    text: Text
    block_ids: Annotated[tuple[_BlockId, ...], _Else(()), Field(validation_alias="blocks")]
    deleted: bool


@dataclass(frozen=True)
class View:
    """An open view. `hash` identifies its current content."""

    id: Annotated[str, Given]
    hash: Annotated[str, Given]


_PERSON, _IDENTITY = TypeAdapter(SlackPerson), TypeAdapter(SlackIdentity)
_CHANNEL, _OPENED, _MESSAGE = TypeAdapter(Channel), TypeAdapter(OpenedChannel), TypeAdapter(OwnMessage)
_VIEW, _COUNT = TypeAdapter(View), TypeAdapter[int](Annotated[int, Strict(), _Else(0)])
_OBJECT, _OBJECTS = TypeAdapter(dict[str, Any]), TypeAdapter(list[dict[str, Any]])
_PART: TypeAdapter[dict[str, Any]] = TypeAdapter(Annotated[dict[str, Any], _Else({})])


def parse_person(answer: Mapping[str, object]) -> SlackPerson:
    """Read the answer of `users.info` or `users.lookupByEmail`. The name is the one that other people see."""
    user = parse_as(_OBJECT, answer.get("user"))
    profile, enterprise = _PART.validate_python(user.get("profile")), _PART.validate_python(user.get("enterprise_user"))
    names = (profile.get("display_name"), profile.get("real_name"), user.get("real_name"), user.get("name"))
    restricted, ultra = user.get("is_restricted"), user.get("is_ultra_restricted")
    guest: str | None = "unknown"
    if not all(isinstance(user.get(mark, False), bool) for mark in ("is_stranger", "is_app_user")):
        pass  # Slack leaves these out where they do not apply; another value may be either
    elif ultra is True:  # single-channel guests carry both marks
        guest = "single"
    elif ultra is False and isinstance(restricted, bool):
        guest = "multi" if restricted else None
    derived = {
        "name": next((name for name in names if name and isinstance(name, str)), ""),
        "guest": guest,
        "enterprise_id": user.get("enterprise_id") or enterprise.get("enterprise_id"),
    }
    return parse_as(_PERSON, user | derived)


def parse_people(answer: Mapping[str, object]) -> tuple[SlackPerson, ...]:
    """Read one page of `users.list`."""
    return tuple(parse_person({"user": member}) for member in parse_as(_OBJECTS, answer.get("members")))


def parse_identity(answer: Mapping[str, object], headers: Mapping[str, str]) -> SlackIdentity:
    """Read the answer of `auth.test`; the scopes come in a header."""
    scopes = {scope.strip() for scope in headers.get("x-oauth-scopes", "").split(",")} - {""}
    return parse_as(_IDENTITY, {**answer, "scopes": scopes})


def parse_channel(answer: Mapping[str, object]) -> Channel:
    """Read the answer of `conversations.info`."""
    return parse_as(_CHANNEL, answer.get("channel"))


def parse_channels(answer: Mapping[str, object]) -> tuple[Channel, ...]:
    """Read one page of `conversations.list`."""
    return tuple(parse_as(_CHANNEL, channel) for channel in parse_as(_OBJECTS, answer.get("channels")))


def parse_conversation(answer: Mapping[str, object]) -> ChannelId:
    """Read the id of a conversation that was opened."""
    return ChannelId(_text(parse_as(_OBJECT, answer.get("channel")).get("id")))


def parse_opened(answer: Mapping[str, object]) -> tuple[OpenedChannel, ...]:
    """Read one page of `users.conversations`."""
    return tuple(parse_as(_OPENED, channel) for channel in parse_as(_OBJECTS, answer.get("channels")))


def parse_links(answer: Mapping[str, object]) -> tuple[str, ...]:
    """Read where the bookmarks of `bookmarks.list` lead."""
    return tuple(str(bookmark.get("link", "")) for bookmark in parse_as(_OBJECTS, answer.get("bookmarks")))


def parse_last_word(answer: Mapping[str, object]) -> int:
    """Read when a person last wrote, or anyone in a thread, in a page of `conversations.history`; 0 for never."""
    messages = parse_as(_OBJECTS, answer.get("messages"))
    written = [
        message.get("ts") for message in messages if message.get("subtype") in WRITTEN and not message.get("bot_id")
    ]
    times = (*written, *(message.get("latest_reply") for message in messages))
    return max((int(float(ts) * SECOND) for ts in times if isinstance(ts, str)), default=0)


def parse_bot_app(answer: Mapping[str, object]) -> str:
    """Read the app's id in the answer of `bots.info`."""
    return _text(_PART.validate_python(answer.get("bot")).get("app_id"))


def parse_socket_url(answer: Mapping[str, object]) -> str:
    """Read the answer of `apps.connections.open`."""
    return _text(answer.get("url"))


def parse_canvas(answer: Mapping[str, object]) -> str:
    """Read the id in the answer of `canvases.create`."""
    return _text(answer.get("canvas_id"))


def parse_permalink(answer: Mapping[str, object]) -> str:
    """Read the answer of `chat.getPermalink`."""
    return _text(answer.get("permalink"))


def parse_view(answer: Mapping[str, object]) -> View:
    """Read the answer of `views.open` or `views.update`."""
    return parse_as(_VIEW, answer.get("view"))


def parse_hello(frame: Mapping[str, object]) -> int:
    """Read the app's number of connections in the first frame of a socket. Source: Slack's page on Socket Mode."""
    if frame.get("type") != "hello":
        raise Malformed(f"Slack ended the socket at once ({frame.get('reason') or frame.get('type')})")
    return _COUNT.validate_python(frame.get("num_connections"))


def parse_own(answer: Mapping[str, object], us: SlackIdentity) -> Iterator[OwnMessage]:
    """Read the messages of ours on one page of messages, and the places of deleted ones."""
    for message in parse_as(_OBJECTS, answer.get("messages")):
        deleted = message.get("subtype") == TOMBSTONE
        by_app = us.app_id is not None and message.get("app_id") == us.app_id
        if deleted or by_app or (us.bot_id is not None and message.get("bot_id") == us.bot_id):
            # Metadata of another app's type is ignored.
            metadata = _PART.validate_python(message.get("metadata"))
            payload = (
                _PART.validate_python(metadata.get("event_payload"))
                if metadata.get("event_type") == METADATA_TYPE
                else {}
            )
            derived = {"key": payload.get("key") or None, "payload": payload, "deleted": deleted}
            if message.get("thread_ts") in ("", message.get("ts")):
                derived["thread_ts"] = None
            own = parse_as(_MESSAGE, message | derived)
            yield own if own.key else replace(own, key=_key_in_blocks(own))


def _key_in_blocks(message: OwnMessage) -> str:
    """Read the key that the first block's id names, where the metadata is missing or cannot be read."""
    return message.block_ids[0].partition(":")[2].partition(":")[2] if message.block_ids else ""


def parse_parent(answer: Mapping[str, object], us: SlackIdentity, thread: MessageTs) -> OwnMessage | None:
    """Read the head of a thread, which comes first on each of its pages; None if it is not ours."""
    return next((message for message in parse_own(answer, us) if message.ts == thread), None)


def next_cursor(answer: Mapping[str, object]) -> str:
    """Read where the next page begins; empty on the last, `Malformed` if unreadable: messages would be missed."""
    cursor = parse_as(_OBJECT, answer.get("response_metadata") or {}).get("next_cursor")
    return _text(cursor) if cursor else ""


def _text(value: object) -> str:
    if isinstance(value, str) and value:
        return value
    raise Malformed("Slack's answer lacks a text that it should have")


def parse_as(shape: TypeAdapter[T], value: object) -> T:
    """Read a value of this shape. Raises `Malformed`."""
    try:
        return shape.validate_python(value)
    except ValidationError as error:
        wanted = {"dict_type": "an object", "dataclass_type": "an object", "list_type": "a list"}
        kind = wanted.get(error.errors()[0]["type"], "a text")
        raise Malformed(f"Slack's answer lacks {kind} that it should have") from None
