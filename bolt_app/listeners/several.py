"""The button of a list that acts on several of its incidents: a dialog to choose in, a preview, and one command."""

import asyncio
from dataclasses import dataclass, replace
from typing import Any

import structlog
from slack_bolt.async_app import AsyncAck

from bolt_app.commands import several as wishes
from bolt_app.commands.interactive import Press, actor_from_payload, parse_press, require_text
from bolt_app.commands.modal_submission import InputError
from bolt_app.commands.verbs import Scope
from bolt_app.listeners.block_actions import UNREADABLE
from bolt_app.listeners.view_submissions import LOOKUP_TIMEOUT, NOT_STORED, unread_form
from bolt_app.modals import forms, several
from bolt_app.modals.context import ModalContext
from bolt_app.modals.opener import ModalOpener
from bolt_app.modals.several import Place
from bolt_app.queries.list_incidents import NONE, ListIncidents
from bolt_app.queries.router import read_or_explain
from bolt_app.replies.builder import Reply
from bolt_app.replies.failure_text import not_sent_text
from bolt_app.replies.sender import reply_malformed, send_reply
from bolt_app.write_path.command_intake import CommandIntake
from shared.access.identity import Identity
from shared.errors import CallError, Malformed, StoreDown
from shared.model.command import Command, command_id
from shared.model.event import Ref
from shared.model.ids import SlackUserId
from shared.model.outcome import Declined
from shared.slack.api.client import Slack
from shared.slack.render.blocks import Block
from shared.store.clock import StoreClock

log = structlog.get_logger()

Body = dict[str, Any]


@dataclass(frozen=True)
class SeveralIncidents:
    """Takes the press, what was chosen, and what was confirmed; what is allowed is decided for each when it is sent."""

    command_intake: CommandIntake
    slack: Slack
    identity: Identity
    modal_opener: ModalOpener
    listing: ListIncidents
    clock: StoreClock

    async def open(self, ack: AsyncAck, body: Body) -> None:
        """Ack, then open the dialog with what the person sees now; who may act on nothing is told so instead."""
        await ack()
        try:
            press, scope = parse_press(body), Scope(str(body["actions"][0]["value"]).removeprefix("list:"))
        except (Malformed, ValueError) as error:
            unread = error if isinstance(error, Malformed) else Malformed("not a list of this bridge")
            await reply_malformed(self.slack, body, unread, UNREADABLE)
            return
        refusal = await read_or_explain("several", self._refusal(press), self.identity.contact)
        if refusal:
            await send_reply(self.slack, replace(press, on_answer=False), Reply(refusal))
            return
        place = Place(press.channel, press.response_url)
        context = ModalContext(None, press.channel, None, press.response_url)

        async def chooser() -> Block:
            found = self.listing.found(scope, press.by, press.channel)
            read = await read_or_explain("several", found, self.identity.contact)
            if isinstance(read, str):
                return several.nothing(place, read)
            return several.choose(place, read.incidents) if read.incidents else several.nothing(place, NONE[scope])

        await self.modal_opener.open_and_load(context, press.by, press.trigger_id, several.loading(place), chooser)

    async def _refusal(self, press: Press) -> str:
        """Return nothing for a linked person. Raises `Declined` for another."""
        await self.identity.link(press.by)
        return ""

    async def preview(self, ack: AsyncAck, body: Body) -> None:
        """Ack with what would be done, or with what is wrong with what was filled in."""
        view = body.get("view") or {}
        try:
            choice = wishes.parse_choice(view)
            wish = choice.wish
            if choice.person is not None:
                wish = replace(wish, terms=replace(wish.terms, people=(await self._assignee(choice.person),)))
            shown = several.preview(wish, wishes.dump_wish(wish))
        except InputError as wrong:
            await ack(response_action="errors", errors=wrong.errors)
        except Malformed as error:
            await ack(response_action="errors", errors={"incidents": unread_form(error)})
        else:
            await ack(response_action="update", view=shown)

    async def _assignee(self, person: SlackUserId) -> Ref:
        """Find the PagerDuty user of the chosen person. Raises `InputError` with the reason if there is none."""
        try:
            async with asyncio.timeout(LOOKUP_TIMEOUT):
                user = await self.identity.pagerduty_user(person)
        except Declined as declined:
            raise InputError(person=declined.text) from None
        except (CallError, StoreDown, TimeoutError) as error:
            log.warning("dialog.not_looked_up", action="several", why=repr(error))
            raise InputError(person=not_sent_text(error, self.identity.contact)) from None
        return Ref(user.id, user.name)

    async def send(self, ack: AsyncAck, body: Body) -> None:
        """Store the command that was confirmed, then ack; else the preview stays, with the reason."""
        view = body.get("view") or {}
        try:
            command = self._command(body)
        except Malformed as error:
            await ack(response_action="update", view=forms.with_warning(view, unread_form(error)))
            return
        if await self.command_intake.store(command):
            await ack()
        else:
            await ack(response_action="update", view=forms.with_warning(view, NOT_STORED))

    def _command(self, body: Body) -> Command:
        by, view = actor_from_payload(body), body.get("view") or {}
        wish = wishes.parse_wish(view.get("private_metadata"))
        try:
            made = command_id(by.id, several.SEND, require_text(view.get("id")), "")
        except TypeError:
            raise Malformed("a dialog without an id") from None
        return wishes.command_from_wish(wish, made, by, self.clock.estimate_ms())
