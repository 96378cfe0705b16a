"""Opening the dialogs, within three seconds of the press: one that needs PagerDuty's answer opens as "Loading…"."""

from collections.abc import Awaitable, Callable
from dataclasses import replace

import structlog

from bolt_app.account_cache import AccountCache
from bolt_app.modals import forms
from bolt_app.modals.context import ModalContext
from bolt_app.replies.builder import Reply
from bolt_app.replies.sender import respond
from shared.errors import CallError, Malformed, NotFound, Refused
from shared.model.actions import Action
from shared.slack.api.client import Slack, View
from shared.slack.api.errors import HASH_CONFLICT, TRIGGER_GONE
from shared.slack.render.blocks import Block
from shared.store.clock import StoreClock

log = structlog.get_logger()


class ModalOpener:
    """Opens a modal for the person who pressed a button, or replies with why it did not open."""

    def __init__(self, slack: Slack, account_cache: AccountCache, clock: StoreClock) -> None:
        self._slack = slack
        self._account_cache = account_cache
        self._clock = clock

    async def open(self, action: Action, context: ModalContext, trigger_id: str, *, title: str = "") -> None:
        """Open the dialog for `action`; `title` is the first title of a new incident. Never raises `CallError`."""
        context = replace(context, opened_ms=self._clock.estimate_ms())
        if action in forms.PLAIN:
            await self.open_and_load(context, trigger_id, forms.PLAIN[action](context))
        elif (known := self._account_cache.cached_options(action)) is not None:
            await self.open_and_load(context, trigger_id, forms.with_options(action, context, known, title))
        else:
            loading = forms.loading(action, context)
            await self.open_and_load(context, trigger_id, loading, lambda: self._render(action, context, title))

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

    async def _render(self, action: Action, context: ModalContext, title: str) -> Block:
        try:
            return forms.with_options(action, context, await self._account_cache.options(action), title)
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
        late = isinstance(error, Refused) and error.code in TRIGGER_GONE
        why = "it took longer than Slack's three seconds" if late else "Slack can't be reached"
        text = f":warning: *The dialog did not open:* {why}. Nothing was sent. Try again."
        await respond(self._slack, context.response_url, Reply(text))
