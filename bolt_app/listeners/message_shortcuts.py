"""
The message shortcut "Add as note": a message from an incident's thread becomes a note on the incident.

It is filed at once, without a modal: the shortcut says what it does, the thread says on which incident, and the person
gets a private reply. The note then appears in the thread.
"""

import asyncio
from dataclasses import dataclass
from typing import Any

import structlog
from slack_bolt.async_app import AsyncAck

from bolt_app.commands.interactive import Payload, actor_from_payload, malformed_on_bad_input, require_text
from bolt_app.replies.builder import Reply
from bolt_app.replies.failure_text import explain_failure
from bolt_app.replies.sender import malformed_text, respond
from bolt_app.write_path.command_intake import CommandIntake
from shared.access.identity import Identity
from shared.errors import CallError, Malformed, StoreDown
from shared.model.actions import Action
from shared.model.command import ActionParams, Command, SlackActor, command_id
from shared.model.ids import ChannelId, CommandId, IncidentId, MessageTs, SlackUserId, incident_id, slack_id
from shared.model.incident import Incident
from shared.model.outcome import Declined, Kind, Outcome
from shared.pagerduty.models.incident_parts import LONGEST_NOTE
from shared.slack.api.client import Slack
from shared.slack.render.blocks import mentioned_users, number, to_plain_text
from shared.slack.render.message_metadata import incident_of_card
from shared.store.documents import Documents

log = structlog.get_logger()

ADD_NOTE = "add_note"
"""The shortcut's name in the manifest."""
LOOKUP_TIMEOUT = 1.8
"""Seconds for reading the thread's head, names and address: Slack waits three for the answer."""
MOST_MENTIONS = 10
"""Mentioned people whose names are looked up; further ones keep their ids."""


@dataclass(frozen=True)
class Quote:
    """The message that the shortcut was used on. `thread` is None for one in no thread, or at the head of one."""

    id: CommandId
    by: SlackActor
    channel: ChannelId
    ts: MessageTs
    thread: MessageTs | None
    author: SlackUserId | None
    author_name: str
    text: str
    response_url: str


def parse_quote(payload: Payload) -> Quote:
    """Read the use of the shortcut. Raises `Malformed` for a payload of another shape than Slack documents."""
    user = actor_from_payload(payload)
    with malformed_on_bad_input():
        message, channel = payload["message"], slack_id(payload["channel"]["id"])
        ts, thread, author = slack_id(message["ts"]), message.get("thread_ts"), message.get("user")
        profile = message.get("bot_profile") or {}
        return Quote(
            id=command_id(user.id, ADD_NOTE, f"{channel}:{ts}", require_text(payload["action_ts"])),
            by=user,
            channel=ChannelId(channel),
            ts=MessageTs(ts),
            thread=MessageTs(slack_id(thread)) if thread and thread != ts else None,
            author=SlackUserId(slack_id(author)) if author else None,
            author_name=require_text(profile.get("name") or message.get("username") or "A bot"),
            text=require_text(message.get("text") or ""),
            response_url=require_text(payload.get("response_url") or ""),
        )


def note_text(author: str, said: str, permalink: str) -> str:
    """Write the note: who said what, and where it can be read. As much of it as PagerDuty keeps."""
    head, tail = f"{author} in Slack: ", f"\n{permalink}"
    room = LONGEST_NOTE - len(head.encode()) - len(tail.encode())
    return head + said.encode()[: max(0, room)].decode(errors="ignore") + tail


@dataclass(frozen=True)
class MessageShortcuts:
    """Takes the uses of the shortcut."""

    command_intake: CommandIntake
    slack: Slack
    identity: Identity
    incidents: Documents[Incident]

    async def add_note(self, ack: AsyncAck, body: dict[str, Any]) -> None:
        """Store the note that a message is to become, then ack; or say privately why there will be none."""
        try:
            command = await self.command(body)
        except (Declined, Malformed) as error:
            await ack()
            if isinstance(error, Declined):
                text = error.text
            else:
                text = malformed_text(error, "No note was added: the bridge couldn't read this message")
            await respond(self.slack, body.get("response_url"), Reply(text))
            return
        await self.command_intake.accept(ack, command)

    async def command(self, payload: Payload) -> Command:
        """Return the note. Raises `Declined` if no incident is known for it, `Malformed` for what Slack never sends."""
        found = parse_quote(payload)
        if found.thread is None:
            raise _declined("This message is not in an incident's thread", "Use it on a reply below an incident's card")
        if not found.text.strip():
            raise _declined("This message has no text", "Use Add note on the incident's card instead")
        try:
            async with asyncio.timeout(LOOKUP_TIMEOUT):
                return await self._command(found, found.thread)
        except (CallError, StoreDown, TimeoutError) as error:
            log.warning("shortcut.not_looked_up", why=repr(error))
            why, step = explain_failure(error, self.identity.contact)
            raise _declined(why.removesuffix("."), step) from None

    async def _command(self, found: Quote, thread: MessageTs) -> Command:
        incident, permalink, names = await asyncio.gather(
            self._incident(found.channel, thread), self.slack.permalink(found.channel, found.ts), self._names(found)
        )
        snapshot = (await self.incidents.load(incident)).value.snapshot
        author = names.get(found.author, found.author) if found.author else found.author_name
        return Command(
            id=found.id,
            action=Action.NOTE,
            incident=incident,
            by=found.by,
            channel=found.channel,
            message=thread,
            response_url=found.response_url,
            label=number(snapshot) if snapshot else "",
            url=snapshot.url if snapshot else "",
            params=ActionParams(text=note_text(author, to_plain_text(found.text, names), permalink)),
            always_reply=True,
        )

    async def _incident(self, channel: ChannelId, thread: MessageTs) -> IncidentId:
        """Find the incident by the card at the head of the thread."""
        head = await self.slack.own_parent(channel, thread)
        if head is None or not incident_of_card(head):
            raise _declined("This thread is not below an incident's card", "Use it below an incident's card")
        return incident_id(incident_of_card(head))

    async def _names(self, found: Quote) -> dict[SlackUserId, str]:
        wanted = (*([found.author] if found.author else []), *mentioned_users(found.text))
        users = list(dict.fromkeys(wanted))[: MOST_MENTIONS + 1]
        names = await asyncio.gather(*(self._name(user) for user in users))
        return dict(zip(users, names, strict=True))

    async def _name(self, user: SlackUserId) -> str:
        try:
            return (await self.slack.person(user)).name or user
        except (CallError, Malformed) as error:
            # A note with an id in the place of a name is better than none.
            log.info("name.unknown", user=user, why=str(error))
            return user


def _declined(why: str, next_step: str) -> Declined:
    return Declined(Outcome(Kind.REFUSED, why=f"{why}, so no note was added.", next_step=next_step))
