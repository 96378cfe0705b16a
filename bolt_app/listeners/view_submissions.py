"""
Dialogs that were filled in.

A submission is stored, then acked, which closes the dialog. Until then it stays open with what was typed, and says what
is wrong: with a field, or with the bridge.
"""

from typing import Any

import structlog
from slack_bolt.async_app import AsyncAck, AsyncApp

from bolt_app.account_cache import AccountCache
from bolt_app.commands.modal_resolver import ModalResolver
from bolt_app.commands.modal_submission import InputError, first_block_id
from bolt_app.modals.forms import TITLE
from bolt_app.modals.inputs import CALLBACK, option_list, search_select
from bolt_app.replies.sender import malformed_text
from bolt_app.slack_transport.inflight import InflightTracker
from bolt_app.write_path.command_intake import CommandIntake
from shared.errors import CallError, Malformed

log = structlog.get_logger()

Body = dict[str, Any]

NOT_STORED = (
    "The bridge could not store this for certain, so count it as not sent. Nothing you typed is lost: send it again in "
    "a moment. It will not be done twice."
)


class ViewSubmissions:
    """Takes what was filled in."""

    def __init__(self, command_intake: CommandIntake, modal_resolver: ModalResolver) -> None:
        self._command_intake = command_intake
        self._modal_resolver = modal_resolver

    async def handle(self, ack: AsyncAck, body: Body) -> None:
        """Store what a submission means, then ack; or say in the dialog why not."""
        try:
            command = await self._modal_resolver.command(body)
        except InputError as wrong:
            await ack(response_action="errors", errors=wrong.errors)
            return
        except Malformed as error:
            words = malformed_text(error, "This couldn't be read, so nothing was sent. Use PagerDuty")
            await self._show_errors(ack, body, words.replace("`", ""))  # no markup is shown there
            return
        if await self._command_intake.store(command):
            await ack()
        else:
            await self._show_errors(ack, body, NOT_STORED)

    async def _show_errors(self, ack: AsyncAck, body: Body, words: str) -> None:
        """Put words that are about no field in particular under the first one."""
        await ack(response_action="errors", errors={first_block_id(body.get("view") or {}) or "text": words})


def register(
    app: AsyncApp, submissions: ViewSubmissions, account_cache: AccountCache, inflight: InflightTracker
) -> None:
    """Listen to the dialogs, and to what people type into a menu that asks us for its options."""

    async def submitted(ack: AsyncAck, body: Body) -> None:
        with inflight.track():
            await submissions.handle(ack, body)

    def searching(field: str) -> None:
        async def typed(ack: AsyncAck, body: Body) -> None:
            try:
                options = await account_cache.search(field, str(body.get("value") or ""))
            except (CallError, Malformed) as error:
                # Slack has no place for words here; an empty list is all that people can be shown.
                log.warning("search.failed", field=field, why=str(error))
                options = ()
            await ack(options=option_list(options))

        app.options(search_select(field))(typed)

    for action in TITLE:
        app.view(f"{CALLBACK}{action}")(submitted)
    for field in ("service", "policy"):
        searching(field)
