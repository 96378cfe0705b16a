"""Slack as the core sees it: the door's own methods, answered by the model in `workspace`."""

from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any, TypeVar

from shared.errors import CallError, NotFound, Refused
from shared.model.ids import ChannelId, MessageTs, SlackUserId
from shared.slack.api.client import CLOCK_SKEW_MS, Blocks, Slack
from shared.slack.api.models import OwnMessage, SlackIdentity, SlackPerson
from shared.slack.api.rate_limits import Priority
from shared.slack.api.transport import Begin
from shared.vendor_calls import ServerClock
from tests.proof.faulty_link import Way
from tests.proof.personas import PEOPLE
from tests.proof.slack_model import Posted, Whisper, Workspace

T = TypeVar("T")

TEAM = "T0ACME"
HOME = SlackIdentity(TEAM, None, "U0BRIDGE", "B0BRIDGE", "A0BRIDGE", frozenset())
RESPONSE_URL = "https://hooks.slack.com/actions/"
SECOND = 1000


class SimulatedSlack(Slack):
    """One worker's door to the model."""

    def __init__(self, workspace: Workspace, way: Way) -> None:
        """Need no connection."""
        self._workspace = workspace
        self._way = way
        self.server_clock = ServerClock("Slack")  # which says nothing: there is no clock but the store's

    async def auth_test(self) -> SlackIdentity:
        """Say who the bridge is."""
        return HOME

    async def post(  # noqa: PLR0913 -- as the real one
        self,
        _channel: ChannelId,
        *,
        text: str,
        blocks: Blocks,
        metadata: Mapping[str, Any],
        thread_ts: MessageTs | None = None,
        reply_broadcast: bool = False,
        urgent: bool = True,
        foremost: bool = False,
        begin: Begin | None = None,
    ) -> MessageTs:
        """Post a message."""
        del reply_broadcast, urgent, foremost
        if begin:
            await begin()
        payload = metadata["event_payload"]

        def land(*, late: bool) -> MessageTs:
            if thread_ts is not None and self._workspace.gone(thread_ts):
                raise Refused("Slack refused chat.postMessage: the thread is gone", "cannot_reply_to_message")
            return MessageTs(self._workspace.post(text, blocks, payload, thread_ts, late=late))

        return await self._landing("post", land)

    async def update(
        self,
        _channel: ChannelId,
        ts: MessageTs,
        *,
        text: str,
        blocks: Blocks,
        urgent: bool = True,
        foremost: bool = False,
        begin: Begin | None = None,
    ) -> None:
        """Replace what a message says."""
        del urgent, foremost
        if begin:
            await begin()

        def land(*, late: bool) -> None:
            self._require(ts, "chat.update")
            self._workspace.update(ts, text, blocks, late=late)

        await self._landing("update", land)

    async def announce(self, channel: ChannelId, *, text: str, metadata: Mapping[str, Any]) -> MessageTs:
        """Post some words about the bridge itself."""
        return await self.post(channel, text=text, blocks=[], metadata=metadata)

    async def delete(self, _channel: ChannelId, ts: MessageTs) -> None:
        """Take a message away."""

        def land() -> None:
            self._require(ts, "chat.delete")
            self._workspace.delete(ts)

        await self._way.call("delete", land)

    async def post_ephemeral(
        self,
        _channel: ChannelId,
        user: SlackUserId,
        *,
        text: str,
        blocks: Blocks | None = None,
        thread_ts: MessageTs | None = None,
    ) -> None:
        """Say something to one person."""
        del blocks, thread_ts
        await self._whisper(text, user=user)

    async def respond(
        self, response_url: str, *, text: str, blocks: Blocks | None = None, replace_original: bool = False
    ) -> None:
        """Answer a click."""
        del blocks, replace_original
        await self._whisper(text, click=response_url.removeprefix(RESPONSE_URL))

    async def find_by_key(
        self, _channel: ChannelId, key: str, *, oldest_ms: int, thread_ts: MessageTs | None = None
    ) -> MessageTs | None:
        """Look for a message."""
        oldest = (oldest_ms - CLOCK_SKEW_MS) / SECOND
        found = await self._way.call("look", lambda: self._workspace.find(key, oldest, thread_ts))
        return None if found is None else MessageTs(found)

    async def own_messages(
        self,
        _channel: ChannelId,
        *,
        oldest_ms: int,
        thread_ts: MessageTs | None = None,
        patient: bool = False,
        priority: Priority = Priority.LOW,
        reader: str = "",
    ) -> AsyncIterator[OwnMessage]:
        """Read the channel, or a thread of it. Nothing limits reads here, so nobody needs to be `patient`."""
        del patient, priority, reader
        oldest = (oldest_ms - CLOCK_SKEW_MS) / SECOND
        for own in await self._way.call("sweep", lambda: [*map(_own, self._workspace.seen(oldest, thread_ts))]):
            yield own

    async def person(self, user: SlackUserId) -> SlackPerson:
        """Read what Slack says of a user."""
        return await self._way.call("who", lambda: _person(user))

    async def user_by_email(self, email: str) -> SlackUserId | None:
        """Find a user by their address."""
        found = (SlackUserId(person.slack) for person in PEOPLE.values() if person.email == email)
        return await self._way.call("who", lambda: next(found, None))

    def _require(self, ts: MessageTs, method: str) -> None:
        if self._workspace.gone(ts):
            raise NotFound(f"Slack refused {method}: message_not_found", "message_not_found")

    async def _landing(self, kind: str, land: "Callable[..., T]") -> T:
        begun = self._way.now()
        return await self._way.call(kind, lambda: land(late=self._way.given_up(begun)))

    async def _whisper(self, text: str, *, click: str = "", user: str = "") -> None:
        def land(*, late: bool) -> Whisper:
            whisper = Whisper(self._way.now(), text, click, user, late)
            self._workspace.whispers.append(whisper)
            return whisper

        try:
            await self._landing("tell", land)
        except CallError:
            self._workspace.unheard.append(Whisper(self._way.now(), text, click, user))
            raise


def _own(posted: Posted) -> OwnMessage:
    thread = None if posted.thread_ts is None else MessageTs(posted.thread_ts)
    if posted.deleted:
        return OwnMessage(MessageTs(posted.ts), thread, "", {}, "This message was deleted.", (), deleted=True)
    blocks = tuple(str(block.get("block_id", "")) for block in posted.now.blocks)
    return OwnMessage(
        MessageTs(posted.ts), thread, posted.key, posted.payload, posted.now.text, blocks, deleted=False
    )  # fmt: skip


def _person(user: SlackUserId) -> SlackPerson:
    for person in PEOPLE.values():
        if person.slack == user:
            name = person.name
            return SlackPerson(
                user, name, person.email, True, is_bot=False, is_app_user=False, deleted=False, guest=None,
                external=False, team_id=TEAM, enterprise_id=None,
            )  # fmt: skip
    raise NotFound("Slack refused users.info: user_not_found", "user_not_found")
