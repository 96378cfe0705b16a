"""
Pure: the card of an incident in a person's conversation with the app: when it notifies, and when it goes quiet.

A post notifies its person, an update does not (Slack: chat.update). So it is posted only while the incident waits for
them, and posted anew, in the place of the one before, when it comes to wait for them again.
"""

from dataclasses import dataclass, field, replace
from enum import StrEnum

from shared.model.event import Snapshot
from shared.model.event_types import Status
from shared.model.ids import ChannelId, SlackUserId, TeamId, UserId
from shared.model.message_state import MessageState


class Level(StrEnum):
    """The incidents of which a person wants direct messages."""

    ON = "on"
    HIGH = "high"
    OFF = "off"


@dataclass(frozen=True)
class Wish:
    """A person's choice, and the conversation in which they get the messages."""

    level: Level
    conversation: ChannelId

    def covers(self, snapshot: Snapshot) -> bool:
        """True if they want to hear of an incident."""
        return self.level is Level.ON or (self.level is Level.HIGH and snapshot.urgency == "high")


def waits_for(snapshot: Snapshot, user: UserId) -> bool:
    """True if an incident waits for a PagerDuty user: it is assigned to them, and no one has taken it on."""
    return snapshot.status is Status.TRIGGERED and user in snapshot.assignee_ids


@dataclass(frozen=True)
class DirectCard:
    """
    One person's card: `user` at PagerDuty, `person` in Slack.

    `paged`: the incident waits for them. `summed` is one of those that are only counted in their summary of a storm.
    `gone` is one that they have removed, or that may not be posted: it never comes again. `hidden` is true if it
    shows nothing more, because its person may not see what belongs to the teams that it was `judged` for; None while it
    is theirs by itself.
    """

    user: UserId
    person: SlackUserId
    message: MessageState = field(default_factory=MessageState)
    paged: bool = True
    summed: bool = False
    gone: bool = False
    hidden: bool = False
    judged: frozenset[TeamId] | None = None

    @property
    def exists(self) -> bool:
        """True if there is a message, or may be."""
        return self.message.exists

    @property
    def posts(self) -> bool:
        """True if a message is to be made, so that its person is notified."""
        return self.paged and not self.summed

    def quiet(self) -> "DirectCard":
        """Note that the incident waits for its person no more: what was not posted yet stays so."""
        message = self.message
        if not message.exists:
            # The one that was to be replaced stays.
            message = replace(message, ts=message.replaces, replaces=None)
        return replace(self, paged=False, summed=False, message=message)

    def paged_again(self) -> "DirectCard":
        """Note that the incident waits for its person again: they are told anew."""
        message = self.message if self.message.ts is None else self.message.update_refused(deleted=False)
        return replace(self, paged=True, message=message, hidden=False, judged=None)
