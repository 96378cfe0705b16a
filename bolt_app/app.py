"""The Bolt app: who is let in, and which listener takes which payload."""

import asyncio
import math
import re
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Any

import structlog
from slack_bolt.async_app import AsyncAck, AsyncApp
from slack_bolt.authorization import AuthorizeResult
from slack_bolt.response import BoltResponse
from slack_sdk.web.async_client import AsyncWebClient

from bolt_app.commands.interactive import actor_from_payload
from bolt_app.commands.slash_payload import actor_from_slash
from bolt_app.listeners.block_actions import BlockActions
from bolt_app.listeners.digest import DigestPresses
from bolt_app.listeners.handover import PostHandover
from bolt_app.listeners.home_tab import HomeVisits
from bolt_app.listeners.linking import Linking
from bolt_app.listeners.message_shortcuts import ADD_NOTE, MessageShortcuts
from bolt_app.listeners.notify import NotifyChoice
from bolt_app.listeners.several import SeveralIncidents
from bolt_app.listeners.slash_commands import SlashCommands
from bolt_app.listeners.view_submissions import ViewSubmissions
from bolt_app.modals.forms import TITLE
from bolt_app.modals.inputs import CALLBACK, search_select
from bolt_app.modals.several import CHOOSE, SEND
from bolt_app.replies.builder import Reply
from bolt_app.replies.sender import respond
from shared.access.identity import Identity, is_own_workspace
from shared.errors import Malformed, StoreDown
from shared.model.actions import SPECS, Action
from shared.model.ids import SlackUserId, slack_id
from shared.observability.tracing import tracing
from shared.pagerduty.api.lanes import Lane, go_in
from shared.slack.api.client import Slack, SlackIdentity
from shared.slack.render.blocks import section
from shared.slack.render.buttons import (
    ACK_MINE,
    APPROVE_LINK,
    DIGEST_MINE,
    LEVEL,
    LINK,
    LINK_YOURSELF,
    MENU,
    NOTIFY,
    POST_HANDOVER,
    REFRESH,
    REJECT_LINK,
    RETRY,
    SEVERAL,
)

log = structlog.get_logger()

Next = Callable[[], Awaitable[Any]]
Listener = Callable[[AsyncAck, dict[str, Any]], Awaitable[None]]
Body = Mapping[str, Any]

ACK_SENT = 0.1
"""Seconds after `ack()` in which Bolt has sent it: it looks every 10 ms whether a listener has acked."""
REPLY_TIMEOUT = 2.0
"""Seconds for telling an outsider so before their envelope is acked, for which Slack gives three."""
COMMAND = "slash_command"
"""The log name of slash commands: theirs is the only payload without a type."""
ACTING_KINDS = frozenset(
    {COMMAND, "block_actions", "block_suggestion", "message_action", "shortcut", "view_closed", "view_submission"}
)
"""Payloads of human actions. All others report what happened in Slack."""
REFUSAL = "Nothing was done: only members of this Slack workspace can act from here. Use PagerDuty."


class InflightTracker:
    """Counts the payloads being stored and acked, so that a stopping worker does not close the socket under them."""

    def __init__(self) -> None:
        self._count = 0
        self._emptied = -math.inf
        self._empty = asyncio.Event()
        self._empty.set()

    def tracked(self, listener: Listener) -> Listener:
        """Return a listener that counts as long as it is in hand, and begins a trace."""

        async def take(ack: AsyncAck, body: dict[str, Any]) -> None:
            self._count += 1
            self._empty.clear()
            try:
                with tracing.begin(f"slack {body.get('type', COMMAND)}"):
                    await listener(ack, body)
            finally:
                self._count -= 1
                if self._count == 0:
                    self._emptied = time.monotonic()
                    self._empty.set()

        return take

    async def drained(self) -> None:
        """Wait until nothing is in hand, and the last ack is on its way."""
        while self._count or time.monotonic() < self._emptied + ACK_SENT:
            await self._empty.wait()
            await asyncio.sleep(self._emptied + ACK_SENT - time.monotonic())


@dataclass(frozen=True)
class WorkspaceGuard:
    """Lets our own people's envelopes in."""

    slack: Slack
    home: SlackIdentity

    async def __call__(self, body: dict[str, Any], next_: Next) -> BoltResponse | None:
        """Call the next listener, or tell the sender privately why nothing was done."""
        kind = str(body.get("type", COMMAND))
        user = body.get("user")
        user_id = user.get("id") if isinstance(user, dict) else body.get("user_id")
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(payload=kind, slack_user=user_id)
        go_in(Lane.READ, str(user_id))
        person = None
        # One that names no user is followed by no action; the listener reports it.
        with suppress(Malformed):
            if kind in ACTING_KINDS:
                person = actor_from_slash(body) if kind == COMMAND else actor_from_payload(body)
        if person is not None and not is_own_workspace(person.team, person.enterprise, person, self.home):
            log.warning("click.outsider", team=person.team, why="of another workspace")
            return await self._refuse(kind, body)
        await next_()
        return None

    async def _refuse(self, kind: str, body: Body) -> BoltResponse:
        """Ack, saying why: in the ack itself where Slack shows it, else through the address for answers if any."""
        match kind:
            case "slash_command":
                return BoltResponse(status=200, body={"response_type": "ephemeral", "text": REFUSAL})
            case "view_submission":
                title = {"type": "plain_text", "text": "Nothing was done"}
                notice = {"type": "modal", "title": title, "blocks": [section(REFUSAL)]}
                return BoltResponse(status=200, body={"response_action": "update", "view": notice})
            case "block_suggestion":
                return BoltResponse(status=200, body={"options": []})
        if address := body.get("response_url"):
            await respond(self.slack, address, Reply(REFUSAL), within=REPLY_TIMEOUT)
        return BoltResponse(status=200)


@dataclass(frozen=True)
class Listeners:
    """The listeners of Slack's payloads, one for each kind."""

    block_actions: BlockActions
    view_submissions: ViewSubmissions
    shortcuts: MessageShortcuts
    several: SeveralIncidents
    handover: PostHandover
    linking: Linking
    digest: DigestPresses
    slash_commands: SlashCommands
    home_visits: HomeVisits
    notify: NotifyChoice
    identity: Identity


def build(token: str, home: SlackIdentity, slack: Slack, listeners: Listeners, inflight: InflightTracker) -> AsyncApp:
    """Build the app around an `auth.test` made at start; Bolt's own meets a passing failure with "please reinstall"."""

    async def authorize() -> AuthorizeResult:
        return AuthorizeResult(
            enterprise_id=home.enterprise_id,
            team_id=home.team_id,
            bot_id=home.bot_id,
            bot_user_id=home.bot_user_id,
            bot_token=token,
        )

    # Without a token of its own, or Bolt warns at every start that `authorize` wins.
    client = AsyncWebClient(base_url=slack.web.base_url, session=slack.web.session, retry_handlers=[])
    client.proxy = slack.web.proxy
    # Without a name Bolt looks for one in the source of everything that is being called.
    app = AsyncApp(name="pagebridge", client=client, authorize=authorize, request_verification_enabled=False)
    app.middleware(WorkspaceGuard(slack, home))
    _listen(app, listeners, inflight)
    return app


def _listen(app: AsyncApp, listeners: Listeners, inflight: InflightTracker) -> None:
    """Name the listener of each button, dialog, command, shortcut and event."""
    taking, presses, submissions = inflight.tracked, listeners.block_actions, listeners.view_submissions
    quick = {action for action, spec in SPECS.items() if spec.one_press}
    app.action(_any_of("pagebridge:", quick - {Action.TRIGGER}))(taking(presses.act))
    app.action(_any_of("pagebridge:", SPECS.keys() - quick - {Action.TRIGGER}))(taking(presses.open_modal))
    app.action(MENU)(taking(presses.open_modal))
    app.action(re.compile(rf"{LEVEL}:\d+"))(taking(presses.act))
    app.action(re.compile(rf"{LINK}:\d+"))(_acknowledge)
    app.action(RETRY)(taking(presses.retry))
    app.view(_any_of(CALLBACK, TITLE))(taking(submissions.handle))
    for field in ("service", "policy", "target"):
        app.options(search_select(field))(partial(submissions.search, field=field))
    app.message_shortcut(ADD_NOTE)(taking(listeners.shortcuts.add_note))
    app.command(listeners.slash_commands.command)(taking(listeners.slash_commands.handle))
    app.action(ACK_MINE)(taking(listeners.slash_commands.acknowledge_all))
    app.action(POST_HANDOVER)(taking(listeners.handover.post))
    app.action(LINK_YOURSELF)(taking(listeners.linking.begin))
    app.action(_any_of("", (APPROVE_LINK, REJECT_LINK)))(taking(listeners.linking.decide))
    app.action(DIGEST_MINE)(taking(listeners.digest.show_mine))
    app.action(SEVERAL)(taking(listeners.several.open))
    app.view(CHOOSE)(taking(listeners.several.preview))
    app.view(SEND)(taking(listeners.several.send))
    app.action(re.compile(rf"{NOTIFY}:\w+"))(taking(listeners.notify.choose))
    app.action(REFRESH)(taking(listeners.home_visits.refresh))
    app.event("app_home_opened")(listeners.home_visits.opened)
    app.event("user_change")(_forgetting(listeners.identity))


def _any_of(prefix: str, names: Iterable[str]) -> re.Pattern[str]:
    """Match all of these names after a prefix: one listener for them, because Bolt tries one listener after another."""
    return re.compile(rf"\A{re.escape(prefix)}(?:{'|'.join(map(re.escape, sorted(names)))})\Z")


async def _acknowledge(ack: AsyncAck) -> None:
    """Let Slack know that a press on a mere link arrived; else it shows a warning."""
    await ack()


def _forgetting(identity: Identity) -> Callable[[dict[str, Any]], Awaitable[None]]:
    """Drop the cached identity of a person whose user account has changed."""

    async def changed(event: dict[str, Any]) -> None:
        match event.get("user"):
            case {"id": str(user)}:
                try:
                    await identity.forget(SlackUserId(slack_id(user)))
                except (Malformed, StoreDown) as error:
                    # If the store is down, the cached identity expires within minutes anyway.
                    log.warning("link.kept", user=user, why=str(error))
            case _:
                log.warning("event.ignored", why="it names nobody who has changed")

    return changed
