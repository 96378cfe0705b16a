"""Builds the Bolt app: middleware and listeners. No logic."""

from dataclasses import dataclass

from slack_bolt.async_app import AsyncApp
from slack_bolt.authorization import AuthorizeResult
from slack_sdk.web.async_client import AsyncWebClient

from bolt_app.account_cache import AccountCache
from bolt_app.listeners import block_actions, message_shortcuts, slash_commands, user_events, view_submissions
from bolt_app.listeners.block_actions import BlockActions
from bolt_app.listeners.message_shortcuts import Shortcuts
from bolt_app.listeners.slash_commands import SlashCommands
from bolt_app.listeners.view_submissions import ViewSubmissions
from bolt_app.middleware import WorkspaceGuard
from bolt_app.slack_transport.inflight import InflightTracker
from shared.access.identity import Identity
from shared.slack.api.client import Slack, SlackIdentity


@dataclass(frozen=True)
class Listeners:
    """What takes the payloads that Slack sends."""

    block_actions: BlockActions
    view_submissions: ViewSubmissions
    shortcuts: Shortcuts
    slash_commands: SlashCommands
    account_cache: AccountCache
    identity: Identity


def build(token: str, home: SlackIdentity, slack: Slack, listeners: Listeners, inflight: InflightTracker) -> AsyncApp:
    """
    Build the app around an `auth.test` that was made at start.

    Bolt's own authorization asks `auth.test` at the first click and answers a passing failure with "please reinstall".
    """

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
    # Without a name Bolt looks for one in the source of everything that is being called.
    app = AsyncApp(name="pagebridge", client=client, authorize=authorize, request_verification_enabled=False)
    app.middleware(WorkspaceGuard(slack, home))
    block_actions.register(app, listeners.block_actions, inflight)
    view_submissions.register(app, listeners.view_submissions, listeners.account_cache, inflight)
    message_shortcuts.register(app, listeners.shortcuts, inflight)
    slash_commands.register(app, listeners.slash_commands, inflight)
    user_events.register(app, listeners.identity)
    return app
