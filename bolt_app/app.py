"""Builds the Bolt app: middleware and listeners. No logic."""

from slack_bolt.async_app import AsyncApp
from slack_bolt.authorization import AuthorizeResult
from slack_sdk.web.async_client import AsyncWebClient

from bolt_app.direct import Direct
from bolt_app.in_hand import InHand
from bolt_app.intake import Intake
from bolt_app.listeners import block_actions, events
from bolt_app.middleware import Door
from bolt_app.wiring import Wiring
from shared.slack.client import SlackIdentity


def build(token: str, home: SlackIdentity, wiring: Wiring, direct: Direct, in_hand: InHand) -> AsyncApp:
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

    web = wiring.slack.web
    # Without a token of its own, or Bolt warns at every start that `authorize` wins.
    client = AsyncWebClient(base_url=web.base_url, session=web.session, retry_handlers=[])
    app = AsyncApp(client=client, authorize=authorize, request_verification_enabled=False)
    app.middleware(Door(wiring.slack, home))
    block_actions.register(app, Intake(wiring), direct, wiring.slack, in_hand)
    events.register(app, wiring.identity)
    return app
