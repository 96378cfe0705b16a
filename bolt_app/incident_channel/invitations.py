"""Invites the people who work on an incident to its channel: linked, full members of this workspace, each once."""

from dataclasses import dataclass, replace

import structlog

from bolt_app.incident_channel.channel_pass import ChannelPass, step_key
from bolt_app.open_incidents import OpenIncident
from bolt_app.visibility import Visibility
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
    """Invites people one by one, so that one failure does not affect the others."""

    slack: Slack
    identity: Identity
    visibility: Visibility

    async def send(self, this: ChannelPass, channel: ChannelId) -> None:
        """Invite the people who are new on the incident. A person who left the channel is not invited again."""
        for user, name in people_in(this.incident).items():
            if user not in this.own.invited:
                try:
                    await self._invite(this, channel, Ref(user, name))
                except CallError as error:
                    this.later.append(error)

    async def _invite(self, this: ChannelPass, channel: ChannelId, who: Ref) -> None:
        """Invite one person, or skip them for good. Raises `CallError` if they can't be looked up now."""
        slack_user = await self._certain(this, UserId(who.id))
        if slack_user is not None:
            done = await this.step("invite", lambda: self.slack.invite(channel, slack_user), who)
            if not done and step_key("invite", who) not in this.own.failed:
                return
        await this.save(lambda own: replace(own, invited=own.invited | {UserId(who.id)}))

    async def _certain(self, this: ChannelPass, user: UserId) -> SlackUserId | None:
        """Return a person's Slack user; None if they have none, or may not be here. Raises `CallError`."""
        slack_user = await self.identity.mention(user)
        if slack_user is None:
            return None
        try:
            linked = await self.identity.link(self.identity.own_member(slack_user))
        except (Declined, Malformed) as error:
            log.info("channel.person_left_out", user=user, why=str(error))
            return None
        # A person who acknowledged it before it came to a private team can no longer see it in PagerDuty.
        incident = OpenIncident(this.incident.id, this.snapshot)
        if this.own.is_private and not await self.visibility.seen(linked.user, [incident]):
            log.info("channel.person_left_out", user=user, why="PagerDuty does not show them the incident")
            return None
        return slack_user if linked.user.id == user else None
