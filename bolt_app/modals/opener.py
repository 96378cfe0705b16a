"""Opening the dialogs, within three seconds of the press: one that needs PagerDuty's answer opens as "Loading…"."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace

import structlog

from bolt_app.account_cache import AccountCache
from bolt_app.modals import forms
from bolt_app.modals.context import ModalContext
from bolt_app.modals.dialog_check import Checked, DialogCheck
from bolt_app.replies.builder import build_reply
from bolt_app.replies.failure_text import explain_failure
from bolt_app.replies.outcome_text import outcome_reply, returned_text
from bolt_app.replies.sender import post_direct, respond, send_reply
from shared.errors import CallError, Malformed, NotFound, Refused, StoreDown
from shared.model.actions import SPECS, Action
from shared.model.command import ActionParams, Command, SlackActor
from shared.model.event import Snapshot
from shared.model.ids import CommandId, IncidentId, SlackUserId, UserId
from shared.model.outcome import Declined
from shared.slack.api.client import Slack, View
from shared.slack.api.errors import HASH_CONFLICT, TRIGGER_GONE
from shared.slack.render.blocks import Block, escape
from shared.store.clock import StoreClock

log = structlog.get_logger()

MENTION_TIMEOUT = 0.5
"""Seconds for finding the assignee among the people of Slack."""


class ModalOpener:
    """Opens a modal for the person who pressed a button, or replies with why it did not open."""

    def __init__(self, slack: Slack, account_cache: AccountCache, dialog_check: DialogCheck, clock: StoreClock) -> None:
        self._slack = slack
        self._account_cache = account_cache
        self._dialog_check = dialog_check
        self._clock = clock

    async def open(
        self, action: Action, context: ModalContext, by: SlackActor, trigger_id: str, *, text: str = ""
    ) -> None:
        """
        Open the dialog for `action`, offering what the person sees. Never raises `CallError`.

        A person who cannot do it gets no dialog, and is told why. `text` is what they have typed already.
        """
        wish = _wish(action, context, by, text)
        try:
            checked = await self._dialog_check.check(wish)
        except Declined as declined:
            await send_reply(self._slack, wish, outcome_reply(wish, declined.outcome, context.url))
            return
        now = checked.now
        seen = now.assignee_ids if now and SPECS[action].changes_assignees else context.seen
        context = replace(context, opened_ms=self._clock.estimate_ms(), seen=seen)
        dialog = Dialog(action, context, by, text, checked)
        if action in forms.PLAIN:
            await self._open(dialog, trigger_id, dialog.shown(forms.PLAIN[action](dialog.context, dialog.first)))
        elif checked.user is None or self._account_cache.remembers(action):
            await self._open(dialog, trigger_id, await self._render(dialog))
        else:
            loading = forms.loading(action, dialog.context)
            await self._open(dialog, trigger_id, loading, lambda: self._render(dialog))

    async def _open(
        self, dialog: "Dialog", trigger_id: str, view: Block, make: Callable[[], Awaitable[Block]] | None = None
    ) -> None:
        await self.open_and_load(dialog.context, dialog.by, trigger_id, view, make, text=dialog.text)

    async def open_and_load(
        self,
        context: ModalContext,
        by: SlackActor,
        trigger_id: str,
        view: Block,
        make: Callable[[], Awaitable[Block]] | None = None,
        *,
        text: str = "",
    ) -> None:
        """Open `view` at once, and put what `make` gives in its place. `text` is returned if it cannot be opened."""
        try:
            opened = await self._slack.open_view(trigger_id, view)
            if make is not None:
                await self._update(opened, await make())
        except CallError as error:
            log.warning("dialog.not_opened", dialog=view["callback_id"], why=str(error))
            await self._show_error(context, by, error, text)

    async def _render(self, dialog: "Dialog") -> Block:
        user = dialog.checked.user
        if user is None:
            return self._unfilled(dialog, dialog.checked.error or TimeoutError())
        try:
            options, assigned = await asyncio.gather(
                self._account_cache.options(dialog.action, user), self._assignee(dialog)
            )
        except (CallError, Malformed) as error:
            log.warning("dialog.unfilled", action=dialog.action, why=str(error))
            return self._unfilled(dialog, error)
        context = replace(dialog.context, assigned=assigned)
        return dialog.shown(forms.with_options(dialog.action, context, options, dialog.first))

    def _unfilled(self, dialog: "Dialog", error: Exception) -> Block:
        """Return the view that stands for a dialog without its options, with what was typed."""
        failure = explain_failure(error, self._contact)
        return forms.options_unavailable(dialog.action, dialog.context, failure, dialog.text)

    async def _assignee(self, dialog: "Dialog") -> SlackUserId | None:
        """Find the only assignee among the people of Slack, for the dialog that changes it."""
        if dialog.action is not Action.REASSIGN or dialog.now is None or len(dialog.now.assignees) != 1:
            return None
        try:
            async with asyncio.timeout(MENTION_TIMEOUT):
                return await self._dialog_check.actor_check.identity.mention(UserId(dialog.now.assignees[0].id))
        except (CallError, Malformed, StoreDown, TimeoutError) as error:
            log.info("dialog.assignee_unknown", why=repr(error))
            return None

    @property
    def _contact(self) -> str:
        return self._dialog_check.actor_check.identity.contact

    async def _update(self, opened: View, view: Block) -> None:
        try:
            await self._slack.update_view(opened.id, view, if_hash=opened.hash)
        except NotFound:
            log.info("dialog.closed")
        except Refused as error:
            if error.code != HASH_CONFLICT:
                raise
            log.info("dialog.changed")

    async def _show_error(self, context: ModalContext, by: SlackActor, error: CallError, text: str) -> None:
        why, step = explain_failure(error, self._contact)
        if isinstance(error, Refused) and error.code in TRIGGER_GONE:
            why, step = "It took longer than Slack's three seconds.", "Try again"
        words = f":warning: *The dialog did not open.* {escape(why)} Nothing was sent. {escape(step)}."
        reply = build_reply(words, *returned_text(text))
        if not await respond(self._slack, context.response_url, reply):
            await post_direct(self._slack, by.id, reply, user=by.id)


@dataclass(frozen=True)
class Dialog:
    """A dialog that is about to open: what was typed already, and what is known of the person and the incident."""

    action: Action
    context: ModalContext
    by: SlackActor
    text: str
    checked: Checked

    @property
    def now(self) -> Snapshot | None:
        """The incident as it is; None if unknown."""
        return self.checked.now

    @property
    def first(self) -> forms.Initial:
        """The initial values."""
        priority = self.now.priority if self.now else None
        return forms.Initial(self.text, priority.id if priority else "")

    def shown(self, view: Block) -> Block:
        """Put the incident above the fields, if it is known."""
        if self.now is None or self.context.incident is None:
            return view
        return forms.with_incident(view, self.context.incident, self.now)


def _wish(action: Action, context: ModalContext, by: SlackActor, text: str) -> Command:
    """Return the command that the dialog is to become, as far as it is known before it is filled in."""
    return Command(
        id=CommandId("dialog"),
        action=action,
        incident=context.incident or IncidentId("NEW"),
        by=by,
        channel=context.channel,
        message=context.message,
        response_url=context.response_url,
        label=context.label,
        url=context.url,
        params=ActionParams(text=text),
    )
