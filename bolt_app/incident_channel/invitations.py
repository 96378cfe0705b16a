"""Lets the people into an incident's channel who work on it: certain, full members of this workspace, each once."""

from dataclasses import dataclass, replace

import structlog

from bolt_app.incident_channel.channel_pass import ChannelPass, step_key
from shared.access.identity import Identity
from shared.errors import CallError, Malformed
from shared.model.event import Ref
from shared.model.ids import ChannelId, SlackUserId, UserId
from shared.model.incident_channel import people_in
from shared.model.outcome import Declined
from shared.slack.api.client import Slack

log = structlog.get_logger()


@dataclass(frozen=True)
class Invitations:
    """Invites people one by one: a person who cannot come keeps no one else out."""

    slack: Slack
    identity: Identity

    async def send(self, this: ChannelPass, channel: ChannelId) -> None:
        """Invite who has joined since. A person who left again is not called back."""
        for user, name in people_in(this.incident).items():
            if user not in this.own.invited:
                try:
                    await self._invite(this, channel, Ref(user, name))
                except CallError as error:
                    this.later.append(error)

    async def _invite(self, this: ChannelPass, channel: ChannelId, who: Ref) -> None:
        """Invite one person, or leave them out for good. Raises `CallError` if it is not known who they are."""
        slack_user = await self._certain(UserId(who.id))
        if slack_user is not None:
            done = await this.step("invite", lambda: self.slack.invite(channel, slack_user), who)
            if not done and step_key("invite", who) not in this.own.failed:
                return
        await this.save(lambda own: replace(own, invited=own.invited | {UserId(who.id)}))

    async def _certain(self, user: UserId) -> SlackUserId | None:
        """Return the Slack user of a person, None without one who may act here. Raises `CallError`."""
        slack_user = await self.identity.mention(user)
        if slack_user is None:
            return None
        try:
            linked = await self.identity.link(self.identity.own_member(slack_user))
        except (Declined, Malformed) as error:
            log.info("channel.person_left_out", user=user, why=str(error))
            return None
        return slack_user if linked.user.id == user else None
