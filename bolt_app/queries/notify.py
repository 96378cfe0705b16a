"""`notify`: shows and changes for which of their incidents a person gets direct messages."""

from collections.abc import Mapping
from dataclasses import dataclass

import structlog

from bolt_app.commands.slash_grammar import ParsedCommand
from bolt_app.commands.slash_payload import SlashPayload
from bolt_app.commands.verbs import Verb
from bolt_app.queries.router import not_linked_text
from bolt_app.replies.builder import Reply, as_code, build_reply
from shared.access.identity import Identity, Linked
from shared.config.bridge_config import LiveConfig
from shared.model.command import SlackActor
from shared.model.direct_card import Level, Wish
from shared.model.outcome import Declined
from shared.slack.api.client import Slack
from shared.slack.render.blocks import escape
from shared.store.notify import Wishes

log = structlog.get_logger()

STANDING: Mapping[Level, str] = {
    Level.ON: "Direct messages are *on*: when an incident is assigned to you, you get its card in a direct message.",
    Level.HIGH: (
        "Direct messages are *on for high urgency*: when such an incident is assigned to you, you get its card in a "
        "direct message."
    ),
    Level.OFF: "Direct messages are *off*: you don't get one when an incident is assigned to you.",
}


@dataclass(frozen=True)
class Notify:
    """Answers the command `notify`, and stores a person's choice."""

    slack: Slack
    identity: Identity
    wishes: Wishes
    config: LiveConfig

    async def answer(self, parsed: ParsedCommand, typed: SlashPayload) -> Reply:
        """Store the typed level, if any, and reply with the one in force. Raises as looking the person up does."""
        if not self.config.current.notify.enabled:
            return build_reply(switched_off_text(self.identity.contact))
        try:
            found = await self.identity.link(typed.by)
        except Declined as declined:
            return build_reply(not_linked_text(typed.by.id, declined))
        if parsed.text:
            return build_reply(STANDING[await self._keep(found, Level(parsed.text))])
        return build_reply(STANDING[await self.level(found)], how_to_change(typed.command))

    async def choose(self, by: SlackActor, level: Level) -> str:
        """Keep a person's choice; return why not, else nothing. Raises `Declined`, `CallError`, `StoreDown`."""
        if not self.config.current.notify.enabled:
            return switched_off_text(self.identity.contact)
        await self._keep(await self.identity.link(by), level)
        return ""

    async def level(self, found: Linked) -> Level:
        """Return a person's level. Raises `StoreDown`."""
        wish = (await self.wishes.of(found.user.id)).get(found.person.id)
        return wish.level if wish else Level.OFF

    async def _keep(self, found: Linked, level: Level) -> Level:
        user, person = found.user.id, found.person.id
        if level is Level.OFF:
            await self.wishes.drop(user, person)
        else:
            # Opened now, so that nothing has to be asked when they are paged.
            await self.wishes.put(user, person, Wish(level, await self.slack.open_direct(person)))
        log.info("direct.chosen", user=person, level=level)
        return level


def switched_off_text(contact: str) -> str:
    """Return that direct messages are off here, and whom to ask."""
    return f"Direct messages are not switched on for this bridge. Ask {escape(contact)} for it."


def how_to_change(command: str) -> str:
    """Return the commands for the other levels."""
    lines = [as_code(f"{command} {Verb.NOTIFY} {level}") for level in Level]
    return f"{lines[0]} is for all of your incidents, {lines[1]} for those of high urgency, {lines[2]} for none."
