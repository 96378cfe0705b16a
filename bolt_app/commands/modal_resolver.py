"""
What a filled-in dialog means: the people chosen in Slack as PagerDuty's, a time of day as seconds from now.

All of it is found out before anything is stored, while the dialog is still open and can say what is wrong.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import structlog

from bolt_app.commands import modal_submission
from bolt_app.commands.interactive import Payload, clicker, submitted
from bolt_app.commands.modal_submission import Filled, Wrong
from bolt_app.modals.forms import LATER
from bolt_app.services import Services
from shared.access.identity import Identity
from shared.errors import CallError, StoreDown
from shared.model.command import Clicker, Command
from shared.model.event import Ref
from shared.model.ids import SlackUserId
from shared.model.outcome import Declined

log = structlog.get_logger()

LOOK_UP = 1.8
"""Seconds for finding people: Slack waits three for the answer, and storing takes its share."""
AT_ONCE = 5
"""People that are looked up side by side."""
FORGETFUL = "The bridge has no access to its memory just now, so nothing was sent. Press it again in a moment."
UNANSWERED = "Slack or PagerDuty did not answer in time, so nothing was sent. Press it again in a moment."


class Meaning:
    """Makes commands of submissions."""

    def __init__(self, wiring: Services) -> None:
        self._wiring = wiring

    async def command(self, payload: Payload) -> Command:
        """
        Return the command that a submission means.

        Raises `Wrong` with words for the fields, `Malformed` for what none of our dialogs sends.
        """
        view: Mapping[str, Any] = payload.get("view") or {}
        found = modal_submission.read(view)
        who = clicker(payload)
        try:
            async with asyncio.timeout(LOOK_UP):
                terms = replace(
                    found.terms,
                    people=await self._people(found, who) or found.terms.people,
                    seconds=await self._seconds(found, who) or found.terms.seconds,
                )
        except (CallError, StoreDown, TimeoutError) as error:
            log.warning("dialog.not_looked_up", action=found.action, why=repr(error))
            words = FORGETFUL if isinstance(error, StoreDown) else UNANSWERED
            raise Wrong(**{found.field: words}) from None
        return submitted(payload, found.action, found.context, terms)

    async def _people(self, found: Filled, who: Clicker) -> tuple[Ref, ...]:
        if found.mine:
            return (await self._self(who),)
        turns = asyncio.Semaphore(AT_ONCE)

        async def one(user: SlackUserId) -> Ref | Declined:
            async with turns:
                return await _or_declined(self._wiring.identity, user)

        answers = await asyncio.gather(*(one(user) for user in found.chosen))
        refused = [answer.outcome for answer in answers if isinstance(answer, Declined)]
        if refused:
            words = " ".join(outcome.why for outcome in refused)
            raise Wrong(**{found.field: f"{words} {refused[0].next_step}."})
        return tuple(answer for answer in answers if isinstance(answer, Ref))

    async def _self(self, who: Clicker) -> Ref:
        try:
            user = (await self._wiring.identity.link(who)).user
        except Declined as declined:
            raise Wrong(mine=f"{declined.outcome.why} {declined.outcome.next_step}.") from None
        return Ref(user.id, user.name)

    async def _seconds(self, found: Filled, who: Clicker) -> int:
        if found.wake is None:
            return 0
        now_ms = self._wiring.clock.estimate_ms()
        zone = (await self._wiring.slack.person(who.id)).zone if found.wake == LATER else ""
        return modal_submission.snoozed(found.wake, now_ms, zone)


async def _or_declined(identity: Identity, user: SlackUserId) -> Ref | Declined:
    try:
        found = await identity.pagerduty_user(user)
    except Declined as declined:
        return declined
    return Ref(found.id, found.name)
