"""
Dialogs that were filled in.

A submission is stored, then acked, which closes the dialog. Until then it stays open with what was typed, and says what
is wrong: with a field, or with the bridge. Before anything is stored, Slack users become PagerDuty users, and a time of
day becomes seconds from now.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import structlog
from slack_bolt.async_app import AsyncAck

from bolt_app.account_cache import AccountCache
from bolt_app.commands.interactive import Payload, actor_from_payload, command_from_submission
from bolt_app.commands.modal_submission import InputError, ModalInput, first_block_id, parse_submission, snooze_seconds
from bolt_app.commands.verbs import Scope
from bolt_app.modals import forms
from bolt_app.modals.context import parse_context
from bolt_app.modals.forms import LATER
from bolt_app.modals.inputs import Option, option_list
from bolt_app.queries.list_incidents import ListIncidents
from bolt_app.replies.builder import label
from bolt_app.replies.failure_text import not_sent_text
from bolt_app.replies.sender import malformed_text
from bolt_app.write_path.command_intake import CommandIntake
from shared.access.identity import Identity
from shared.errors import CallError, Malformed, StoreDown
from shared.model.command import Command, SlackActor
from shared.model.event import Ref
from shared.model.ids import SlackUserId
from shared.model.outcome import Declined
from shared.slack.api.client import Slack
from shared.store.clock import StoreClock

log = structlog.get_logger()

Body = dict[str, Any]

NOT_STORED = (
    "This may not have been saved, so treat it as not sent. Everything here is kept: send it again in a moment. "
    "It won't be done twice."
)
LOOKUP_TIMEOUT = 1.8
"""Seconds for finding people: Slack waits three for the answer, and storing takes its share."""
CONCURRENT_LOOKUPS = 5
"""People that are looked up side by side."""


@dataclass(frozen=True)
class ViewSubmissions:
    """Takes what was filled in, and what people type into a menu that asks us for its options."""

    command_intake: CommandIntake
    slack: Slack
    identity: Identity
    clock: StoreClock
    account_cache: AccountCache
    listing: ListIncidents

    async def handle(self, ack: AsyncAck, body: Body) -> None:
        """Store what a submission means, then ack; or say in the dialog why not."""
        try:
            command = await self._command(body)
        except InputError as wrong:
            await ack(response_action="errors", errors=wrong.errors)
            return
        except Malformed as error:
            await self._show_errors(ack, body, unread_form(error))
            return
        if await self.command_intake.store(command):
            await ack()
        else:
            await self._show_errors(ack, body, NOT_STORED)

    async def _show_errors(self, ack: AsyncAck, body: Body, words: str) -> None:
        """Put words that are about no field in particular under the first one, or above all if there is none."""
        view = body.get("view") or {}
        field = first_block_id(view)
        if field is None and view.get("blocks"):
            await ack(response_action="update", view=forms.with_warning(view, words))
        else:
            await ack(response_action="errors", errors={field or "text": words})

    async def search(self, ack: AsyncAck, body: Body, field: str) -> None:
        """Ack with the options of a menu that fit what was typed, and that the person sees."""
        try:
            async with asyncio.timeout(LOOKUP_TIMEOUT):
                typed = str(body.get("value") or "")
                if field == "target":
                    options = await self._open_incidents(body, typed)
                else:
                    user = (await self.identity.link(actor_from_payload(body))).user
                    options = await self.account_cache.search(field, typed, user)
        except (CallError, Declined, Malformed, StoreDown, TimeoutError) as error:
            # Slack has no place for words here; an empty list is all that people can be shown.
            log.warning("search.failed", field=field, why=repr(error))
            options = ()
        await ack(options=option_list(options))

    async def _open_incidents(self, body: Body, typed: str) -> tuple[Option, ...]:
        """Find the open incidents that the person sees, other than the dialog's own, whose number or title fits."""
        of = parse_context((body.get("view") or {}).get("private_metadata"))
        listed = await self.listing.found(Scope.ALL, actor_from_payload(body), of.channel)
        every = ((one.id, f"{label(one.id, one.snapshot)} {one.snapshot.title}") for one in listed.incidents)
        wanted = typed.strip().casefold()
        return tuple(Option(one, name) for one, name in every if one != of.incident and wanted in name.casefold())

    async def _command(self, payload: Payload) -> Command:
        """Return the command. Raises `InputError` with words for fields, `Malformed` for what none of ours sends."""
        view: Mapping[str, Any] = payload.get("view") or {}
        found = parse_submission(view)
        who = actor_from_payload(payload)
        try:
            async with asyncio.timeout(LOOKUP_TIMEOUT):
                terms = replace(
                    found.terms,
                    people=await self._assignees(found, who) or found.terms.people,
                    seconds=await self._seconds_until_wake(found, who) or found.terms.seconds,
                )
        except (CallError, StoreDown, TimeoutError) as error:
            log.warning("dialog.not_looked_up", action=found.action, why=repr(error))
            raise InputError(**{found.user_block: not_sent_text(error, self.identity.contact)}) from None
        return command_from_submission(payload, found.action, found.context, terms)

    async def _assignees(self, found: ModalInput, who: SlackActor) -> tuple[Ref, ...]:
        if found.assign_to_me:
            try:
                user = (await self.identity.link(who)).user
            except Declined as declined:
                raise InputError(mine=declined.text) from None
            return (Ref(user.id, user.name),)
        turns = asyncio.Semaphore(CONCURRENT_LOOKUPS)

        async def one(user: SlackUserId) -> Ref | Declined:
            async with turns:
                try:
                    chosen = await self.identity.pagerduty_user(user)
                except Declined as declined:
                    return declined
                return Ref(chosen.id, chosen.name)

        answers = await asyncio.gather(*(one(user) for user in found.selected_users))
        refused = [answer.outcome for answer in answers if isinstance(answer, Declined)]
        if refused:
            words = " ".join(outcome.why for outcome in refused)
            raise InputError(**{found.user_block: f"{words} {refused[0].next_step}."})
        return tuple(answer for answer in answers if isinstance(answer, Ref))

    async def _seconds_until_wake(self, found: ModalInput, who: SlackActor) -> int:
        if found.wake is None:
            return 0
        now_ms = self.clock.estimate_ms()
        zone = (await self.slack.person(who.id)).zone if found.wake == LATER else ""
        return snooze_seconds(found.wake, now_ms, zone)


def unread_form(error: Malformed) -> str:
    """Return the words about a form that can't be read, without markup: a dialog shows none."""
    text = "Nothing was sent: the bridge couldn't read this form. Use PagerDuty"
    return malformed_text(error, text).replace("`", "")
