"""PagerDuty by an app with scoped OAuth: the bridge works as with an API key, token after token."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from pagebridge_sandbox.pagerduty.oauth import OAuthApp
from shared.pagerduty.api.auth import SCOPES
from tests.stories.harness import settled
from tests.stories.processes import Deployment, deployed_with_receiver, incidents


@pytest.fixture
async def bridge(tmp_path: Path) -> AsyncIterator[Deployment]:
    """Prepare Acme's deployment, with a receiver and no worker yet."""
    async with deployed_with_receiver(tmp_path) as deployment:
        yield deployment


def let_in(bridge: Deployment, app: OAuthApp, secret: str = "") -> None:
    """Give the processes the app in place of the key."""
    bridge.environment |= {
        "PAGERDUTY_API_TOKEN": "",
        "PAGERDUTY_CLIENT_ID": app.client_id,
        "PAGERDUTY_CLIENT_SECRET": secret or app.secret,
        "PAGERDUTY_SUBDOMAIN": "acme",
        "PAGERDUTY_IDENTITY_URL": bridge.pagerduty.url,
        "LOG_LEVEL": "debug",
    }


async def test_people_act_while_tokens_come_and_go(bridge: Deployment) -> None:
    """Tokens of a second, one of them revoked: each act is in its clicker's name, once, and told once."""
    let_in(bridge, bridge.pagerduty.add_oauth_app(SCOPES, token_lifetime=1.0))
    worker = await bridge.quick_worker()
    cards = await incidents(bridge, "one", "two")

    await bridge.click("Alice", "Acknowledge", cards[0])
    await bridge.card("Acknowledged by Alice Ng in Slack")
    bridge.pagerduty.oauth.revoke_all()
    await bridge.click("Bob", "Acknowledge", cards[1])
    await bridge.card("Acknowledged by Bob Ng in Slack")
    await settled(bridge)

    assert len(bridge.pagerduty.calls_to("POST", "/oauth/token")) > 1
    assert ["alice@example.com", "bob@example.com"] == [call.from_email for call in bridge.effects()]
    assert [1, 1] == [len(card.replies) for card in cards]
    assert [] == worker.failures
    assert not [secret for secret in bridge.pagerduty.oauth.tokens if secret in worker.said]


async def test_an_app_that_pagerduty_does_not_accept_is_named(bridge: Deployment) -> None:
    """A wrong secret ends the worker with code 2; the log names what to mend, and no secret."""
    app = bridge.pagerduty.add_oauth_app(SCOPES)
    let_in(bridge, app, secret="wrong-canary")

    worker = bridge.start("bolt_app")

    assert 2 == await worker.ended()
    (why,) = worker.logged("worker.not_ready")[0]["why"]
    assert "PAGERDUTY_CLIENT_SECRET (PagerDuty gave no token and said invalid_client)" in why
    assert not [secret for secret in ("wrong-canary", app.secret) if secret in worker.said]
    assert "Traceback" not in worker.said
