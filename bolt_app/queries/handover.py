"""`handover`: what the next shift has to know of this channel, to be posted there, or of the person's own teams."""

from dataclasses import dataclass

from bolt_app.commands.slash_grammar import ParsedCommand
from bolt_app.commands.slash_payload import SlashPayload
from bolt_app.commands.verbs import Scope, Verb
from bolt_app.handover.render import HEADING, QUIET
from bolt_app.handover.writer import HandoverWriter
from bolt_app.replies.builder import Reply, as_code, build_reply
from shared.access.identity import Identity
from shared.slack.render.buttons import post_handover_button


@dataclass(frozen=True)
class HandoverQuery:
    """Writes it for the person alone; only what the channel shows can be posted there."""

    writer: HandoverWriter
    identity: Identity

    async def answer(self, parsed: ParsedCommand, typed: SlashPayload) -> Reply:
        """Write it. Raises what the readings raise, and `Declined` for a person who may not see it."""
        if parsed.scope is not Scope.MINE:
            # Not for guests: it names the people on call, and offers to post it.
            await self.identity.require_member(typed.by)
            return channel_reply(await self.writer.of_channel(typed.channel), typed.command)
        user = (await self.identity.link(typed.by)).user
        return teams_reply(await self.writer.of_teams(user) if user.team_ids else None)


def channel_reply(told: list[str], command: str) -> Reply:
    """Reply with the handover of a channel, and offer to post it."""
    if told == [QUIET]:
        mine = as_code(f"{command} {Verb.HANDOVER} {Scope.MINE}")
        return build_reply(f"Nothing to hand over in this channel. {mine} looks at all incidents of your teams.")
    return build_reply(HEADING, *told, press=[post_handover_button()])


def teams_reply(told: list[str] | None) -> Reply:
    """Reply with the handover of a person's teams; None if they have no team."""
    if told is None:
        return build_reply("You aren't in any PagerDuty team.")
    return build_reply("*Handover of your teams*", *told)
