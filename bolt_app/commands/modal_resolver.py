"""
Resolves the input of a modal: Slack users to PagerDuty users, and a time of day to seconds from now.

This happens before anything is stored, while the modal is still open and can show an error.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import structlog

from bolt_app.commands import modal_submission
from bolt_app.commands.interactive import Payload, actor_from_payload, command_from_submission
from bolt_app.commands.modal_submission import InputError, ModalInput
from bolt_app.modals.forms import LATER
from bolt_app.services import Services
from shared.access.identity import Identity
from shared.errors import CallError, StoreDown
from shared.model.command import Command, SlackActor
from shared.model.event import Ref
from shared.model.ids import SlackUserId
from shared.model.outcome import Declined

log = structlog.get_logger()

LOOKUP_TIMEOUT = 1.8
"""Seconds for finding people: Slack waits three for the answer, and storing takes its share."""
CONCURRENT_LOOKUPS = 5
"""People that are looked up side by side."""
STORE_DOWN = "The bridge can't reach its database, so nothing was sent. Try again in a moment."
LOOKUP_FAILED = "Slack or PagerDuty did not answer in time, so nothing was sent. Try again in a moment."


class ModalResolver:
    """Makes commands of submissions."""

    def __init__(self, services: Services) -> None:
        self._services = services

    async def command(self, payload: Payload) -> Command:
        """
        Return the command that a submission means.

        Raises `InputError` with words for the fields, `Malformed` for what none of our dialogs sends.
        """
        view: Mapping[str, Any] = payload.get("view") or {}
        found = modal_submission.parse_submission(view)
        who = actor_from_payload(payload)
        try:
            async with asyncio.timeout(LOOKUP_TIMEOUT):
                terms = replace(
                    found.terms,
                    people=await self._assignees(found, who) or found.terms.people,
                    seconds=await self._snooze_seconds(found, who) or found.terms.seconds,
                )
        except (CallError, StoreDown, TimeoutError) as error:
            log.warning("dialog.not_looked_up", action=found.action, why=repr(error))
            words = STORE_DOWN if isinstance(error, StoreDown) else LOOKUP_FAILED
            raise InputError(**{found.user_block: words}) from None
        return command_from_submission(payload, found.action, found.context, terms)

    async def _assignees(self, found: ModalInput, who: SlackActor) -> tuple[Ref, ...]:
        if found.assign_to_me:
            return (await self._actor_as_assignee(who),)
        turns = asyncio.Semaphore(CONCURRENT_LOOKUPS)

        async def one(user: SlackUserId) -> Ref | Declined:
            async with turns:
                return await _link_or_declined(self._services.identity, user)

        answers = await asyncio.gather(*(one(user) for user in found.selected_users))
        refused = [answer.outcome for answer in answers if isinstance(answer, Declined)]
        if refused:
            words = " ".join(outcome.why for outcome in refused)
            raise InputError(**{found.user_block: f"{words} {refused[0].next_step}."})
        return tuple(answer for answer in answers if isinstance(answer, Ref))

    async def _actor_as_assignee(self, who: SlackActor) -> Ref:
        try:
            user = (await self._services.identity.link(who)).user
        except Declined as declined:
            raise InputError(mine=f"{declined.outcome.why} {declined.outcome.next_step}.") from None
        return Ref(user.id, user.name)

    async def _snooze_seconds(self, found: ModalInput, who: SlackActor) -> int:
        if found.wake is None:
            return 0
        now_ms = self._services.clock.estimate_ms()
        zone = (await self._services.slack.person(who.id)).zone if found.wake == LATER else ""
        return modal_submission.snooze_seconds(found.wake, now_ms, zone)


async def _link_or_declined(identity: Identity, user: SlackUserId) -> Ref | Declined:
    try:
        found = await identity.pagerduty_user(user)
    except Declined as declined:
        return declined
    return Ref(found.id, found.name)
