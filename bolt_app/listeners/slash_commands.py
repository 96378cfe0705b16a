"""
The slash command: understand it, find the incident, store the command, ack; all of that within Slack's three seconds.

What only reads is acked first and answered after. Answers are private: what changes an incident shows on its card.
"""

from dataclasses import dataclass
from typing import Any

from slack_bolt.async_app import AsyncAck

from bolt_app.commands.incident_lookup import IncidentLookup
from bolt_app.commands.slash_grammar import ACTIONS, DIALOGS, ParsedCommand, ParseError, parse
from bolt_app.commands.slash_payload import SlashPayload, parse_slash_payload
from bolt_app.commands.verbs import Verb
from bolt_app.modals.context import ModalContext
from bolt_app.modals.opener import ModalOpener
from bolt_app.queries import acknowledge_mine
from bolt_app.queries.router import QueryRouter, help_text, switched_on
from bolt_app.replies.builder import Reply, as_code, build_reply
from bolt_app.replies.sender import malformed_text, respond, send_reply
from bolt_app.write_path.command_intake import CommandIntake
from shared.errors import Malformed
from shared.model.actions import Action
from shared.slack.api.client import Slack
from shared.slack.render.blocks import clamp, escape

Body = dict[str, Any]

LONGEST_TEXT = 3000
"""Characters of an answer in an ack besides its blocks: Slack drops an ack of 20 KB."""


@dataclass(frozen=True)
class SlashCommands:
    """Takes what is typed after `command`, and presses on the button that one of the answers has."""

    command: str
    command_intake: CommandIntake
    slack: Slack
    modal_opener: ModalOpener
    incident_lookup: IncidentLookup
    reading: QueryRouter

    async def handle(self, ack: AsyncAck, body: Body) -> None:
        """Take one line."""
        try:
            what = parse_slash_payload(body)
        except Malformed as error:
            await _ack_with(ack, malformed_reply(error))
            return
        parsed = parse(what.text)
        if isinstance(parsed, ParseError):
            await _ack_with(ack, parse_error_reply(parsed, what.command))
        elif parsed.verb in ACTIONS:
            await self._run_action(ack, parsed, what)
        else:
            await self._run_query(ack, parsed, what)

    async def acknowledge_all(self, ack: AsyncAck, body: Body) -> None:
        """Store the command for all incidents of a preview, and say so; if it is lost, ack only after saying that."""
        try:
            command = acknowledge_mine.command_from_press(body)
        except Malformed as error:
            await ack()
            await respond(self.slack, body.get("response_url"), malformed_reply(error), replace_original=True)
            return
        if await self.command_intake.store(command):
            await ack()
            await respond(
                self.slack, command.response_url, acknowledge_mine.accepted_reply(command), replace_original=True
            )
        elif await send_reply(self.slack, command, acknowledge_mine.lost_reply(command, self.command)):
            await ack()

    async def _run_action(self, ack: AsyncAck, parsed: ParsedCommand, what: SlashPayload) -> None:
        command = await self.incident_lookup.command(parsed, what)
        if isinstance(command, Reply):
            await _ack_with(ack, command)
            return
        await self.command_intake.accept(ack, command)

    async def _run_query(self, ack: AsyncAck, parsed: ParsedCommand, what: SlashPayload) -> None:
        if parsed.verb is Verb.HELP:
            await _ack_with(ack, help_text(what.command, switched_on(self.reading.config.current)))
            return
        await ack()
        if parsed.verb is Verb.TRIGGER:
            context = ModalContext(None, what.channel, None, what.response_url)
            await self.modal_opener.open(Action.TRIGGER, context, what.by, what.trigger_id, text=parsed.text)
            return
        if parsed.verb in DIALOGS:
            await self._open_dialog(parsed, what)
            return
        await send_reply(self.slack, what, await self.reading.answer(parsed, what))

    async def _open_dialog(self, parsed: ParsedCommand, what: SlashPayload) -> None:
        """Open the dialog about the incident that is meant, or reply with why not."""
        target = await self.incident_lookup.find(parsed, what)
        if isinstance(target, Reply):
            await send_reply(self.slack, what, target)
            return
        context = ModalContext(
            target.incident, what.channel, None, what.response_url, target.label, target.url, target.seen
        )
        await self.modal_opener.open(DIALOGS[parsed.verb], context, what.by, what.trigger_id, text=parsed.text)


def parse_error_reply(error: ParseError, command: str) -> Reply:
    """Reply with what was not understood, and a line that works."""
    everything = f" {as_code(f'{command} {Verb.HELP}')} lists all commands." if error.line != Verb.HELP else ""
    return build_reply(f"{escape(error.why)} Try {as_code(f'{command} {error.line}')}.{everything}")


def malformed_reply(error: Malformed) -> Reply:
    """Reply that nothing was done because Slack's payload could not be parsed."""
    return build_reply(malformed_text(error, "Nothing was done: the bridge couldn't read this. Use PagerDuty"))


async def _ack_with(ack: AsyncAck, reply: Reply) -> None:
    """Ack with an answer, which Slack shows to this person alone; the blocks have all of it."""
    await ack(text=clamp(reply.text, LONGEST_TEXT), blocks=list(reply.blocks))
