"""Opening the dialogs, within three seconds of the press: one that needs PagerDuty's answer opens as "Loading…"."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace

import structlog

from bolt_app.account_cache import AccountCache
from bolt_app.modals import forms
from bolt_app.modals.context import ModalContext
from bolt_app.replies.builder import Reply
from bolt_app.replies.sender import respond
from shared.access.identity import Identity
from shared.errors import BadCredentials, CallError, Malformed, NotFound, Refused, StoreDown
from shared.model.actions import Action
from shared.model.command import SlackActor
from shared.model.outcome import Declined
from shared.pagerduty.models.account import User
from shared.slack.api.client import Slack, View
from shared.slack.api.errors import HASH_CONFLICT, TRIGGER_GONE
from shared.slack.render.blocks import Block, escape
from shared.store.clock import StoreClock

log = structlog.get_logger()

LINK_TIMEOUT = 1.5
"""Seconds for finding the person before a dialog opens: Slack gives three."""


class ModalOpener:
    """Opens a modal for the person who pressed a button, or replies with why it did not open."""

    def __init__(self, slack: Slack, account_cache: AccountCache, identity: Identity, clock: StoreClock) -> None:
        self._slack = slack
        self._account_cache = account_cache
        self._identity = identity
        self._clock = clock

    async def open(
        self, action: Action, context: ModalContext, by: SlackActor, trigger_id: str, *, title: str = ""
    ) -> None:
        """
        Open the dialog for `action`, offering what the person sees. Never raises `CallError`.

        A person who is not linked gets no dialog. `title` is the first title of a new incident.
        """
        context = replace(context, opened_ms=self._clock.estimate_ms())
        try:
            user = await self._linked(by)
        except Declined as declined:
            await respond(
                self._slack, context.response_url, Reply(f":no_entry: *Nothing was sent.* {escape(declined.text)}")
            )
            return
        if action in forms.PLAIN:
            await self.open_and_load(context, trigger_id, forms.PLAIN[action](context))
        elif user is None or self._account_cache.remembers(action):
            await self.open_and_load(context, trigger_id, await self._render(action, context, user, title))
        else:
            loading = forms.loading(action, context)
            await self.open_and_load(context, trigger_id, loading, lambda: self._render(action, context, user, title))

    async def _linked(self, by: SlackActor) -> User | None:
        """Find the person; None if that takes too long: what they send is decided when they send it."""
        try:
            async with asyncio.timeout(LINK_TIMEOUT):
                return (await self._identity.link(by)).user
        except (CallError, Malformed, StoreDown, TimeoutError) as error:
            log.warning("dialog.unlinked", why=repr(error))
            return None

    async def open_and_load(
        self, context: ModalContext, trigger_id: str, view: Block, make: Callable[[], Awaitable[Block]] | None = None
    ) -> None:
        """Open `view` at once, and put what `make` gives in its place. Never raises `CallError`."""
        try:
            opened = await self._slack.open_view(trigger_id, view)
            if make is not None:
                await self._update(opened, await make())
        except CallError as error:
            log.warning("dialog.not_opened", dialog=view["callback_id"], why=str(error))
            await self._show_error(context, error)

    async def _render(self, action: Action, context: ModalContext, user: User | None, title: str) -> Block:
        if user is None:
            return forms.options_unavailable(action, context)
        try:
            return forms.with_options(action, context, await self._account_cache.options(action, user), title)
        except (CallError, Malformed) as error:
            log.warning("dialog.unfilled", action=action, why=str(error))
            return forms.options_unavailable(action, context)

    async def _update(self, opened: View, view: Block) -> None:
        try:
            await self._slack.update_view(opened.id, view, if_hash=opened.hash)
        except NotFound:
            log.info("dialog.closed")
        except Refused as error:
            if error.code != HASH_CONFLICT:
                raise
            log.info("dialog.changed")

    async def _show_error(self, context: ModalContext, error: CallError) -> None:
        why, step = "Slack can't be reached", "Try again"
        if isinstance(error, BadCredentials):
            why, step = "Slack rejects this bridge's credentials", "Use PagerDuty"
        elif isinstance(error, Refused) and error.code in TRIGGER_GONE:
            why = "it took longer than Slack's three seconds"
        text = f":warning: *The dialog did not open:* {why}. Nothing was sent. {step}."
        await respond(self._slack, context.response_url, Reply(text))
