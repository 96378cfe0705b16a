"""Builds the Bolt app: middleware and listeners. No logic."""

from slack_bolt.async_app import AsyncApp
from slack_bolt.authorization import AuthorizeResult
from slack_sdk.web.async_client import AsyncWebClient

from bolt_app.commands.incident_lookup import IncidentLookup
from bolt_app.commands.message_to_note import MessageToNote
from bolt_app.commands.modal_resolver import ModalResolver
from bolt_app.commands.retry import RetryResolver
from bolt_app.listeners import block_actions, message_shortcuts, slash_commands, user_events, view_submissions
from bolt_app.listeners.block_actions import BlockActions
from bolt_app.listeners.message_shortcuts import Shortcuts
from bolt_app.listeners.slash_commands import SlashCommands
from bolt_app.listeners.view_submissions import ViewSubmissions
from bolt_app.middleware import WorkspaceGuard
from bolt_app.modals.opener import ModalOpener
from bolt_app.queries.incident_details import IncidentDetails
from bolt_app.queries.router import QueryRouter
from bolt_app.services import Services
from bolt_app.slack_transport.inflight import InflightTracker
from bolt_app.write_path.command_intake import CommandIntake, CommandLog
from bolt_app.write_path.direct_acknowledge import DirectAcknowledge
from shared.slack.api.client import SlackIdentity


def build(
    token: str,
    home: SlackIdentity,
    services: Services,
    direct: DirectAcknowledge,
    inflight: InflightTracker,
    command: str,
) -> AsyncApp:
    """
    Build the app around an `auth.test` that was made at start; `command` is the slash command.

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

    web = services.slack.web
    # Without a token of its own, or Bolt warns at every start that `authorize` wins.
    client = AsyncWebClient(base_url=web.base_url, session=web.session, retry_handlers=[])
    # Without a name Bolt looks for one in the source of everything that is being called.
    app = AsyncApp(name="pagebridge", client=client, authorize=authorize, request_verification_enabled=False)
    app.middleware(WorkspaceGuard(services.slack, home))
    _listen(app, services, direct, inflight, command)
    return app


def _listen(
    app: AsyncApp, services: Services, direct: DirectAcknowledge, inflight: InflightTracker, command: str
) -> None:
    command_log, slack, account_cache = CommandLog(services), services.slack, services.account_cache
    command_intake, modal_opener, incident_lookup = (
        CommandIntake(command_log, direct),
        ModalOpener(slack, account_cache, services.clock),
        IncidentLookup(services),
    )
    actions = BlockActions(
        command_intake, slack, modal_opener, IncidentDetails(services, modal_opener), RetryResolver(services)
    )
    block_actions.register(app, actions, inflight)
    view_submissions.register(app, ViewSubmissions(command_log, ModalResolver(services)), account_cache, inflight)
    message_shortcuts.register(app, Shortcuts(command_intake, slack, MessageToNote(services)), inflight)
    commands = SlashCommands(
        command,
        command_log,
        command_intake,
        slack,
        modal_opener,
        incident_lookup,
        QueryRouter(services, incident_lookup),
    )
    slash_commands.register(app, commands, inflight)
    user_events.register(app, services.identity)
