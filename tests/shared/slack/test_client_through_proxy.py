"""The door to Slack through a forward proxy, without TLS: every call in absolute form, and what the proxy refuses."""

from collections.abc import AsyncIterator
from http import HTTPStatus

import pytest

from pagebridge_sandbox.slack import SlackSandbox
from shared.errors import Refused, Unavailable, Uncertain
from shared.http.proxy import VARIABLES
from shared.slack.api.client import Slack
from tests.forward_proxy import ForwardProxy, forward_proxy

SLACK = "slack.example"


@pytest.fixture
async def proxy(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[ForwardProxy]:
    """Run the proxy that lets nobody through without the password."""
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    async with forward_proxy("bridge:pa55w@rd") as running:
        monkeypatch.setenv("HTTP_PROXY", f"http://bridge:pa55w%40rd@127.0.0.1:{running.port}")
        yield running


@pytest.fixture
async def workspace(proxy: ForwardProxy) -> AsyncIterator[SlackSandbox]:
    """Put Slack behind the proxy."""
    async with SlackSandbox(enforce_rate_limits=False) as sandbox:
        proxy.ports[f"{SLACK}:80"] = int(sandbox.base_url.rpartition(":")[2])
        sandbox.base_url = f"http://{SLACK}"
        yield sandbox


@pytest.fixture
async def slack(workspace: SlackSandbox) -> AsyncIterator[Slack]:
    """Open the door."""
    door = Slack(workspace.bot_token, workspace.api_url, timeout=2, pace=0)
    yield door
    await door.aclose()


async def test_everything_goes_through_it(workspace: SlackSandbox, proxy: ForwardProxy, slack: Slack) -> None:
    """The Web API, a WebSocket and a `response_url`."""
    await slack.auth_test()
    await slack.hello(workspace.app_token)
    with pytest.raises(Refused):
        await slack.respond(f"http://{SLACK}/actions/T/1/unknown", text="words")

    made = [call.partition("?")[0] for call in proxy.asked]
    assert f"POST http://{SLACK}/api/auth.test" in made
    assert f"POST http://{SLACK}/api/apps.connections.open" in made
    assert f"GET ws://{SLACK}/link/" in made
    assert f"POST http://{SLACK}/actions/T/1/unknown" in made
    assert 0 == proxy.refused


async def test_a_refusal_is_surely_not_done(proxy: ForwardProxy, slack: Slack) -> None:
    """407 is only ever a proxy's: the call has not come to Slack, and may be made again."""
    proxy.credentials = "bridge:another"

    with pytest.raises(Unavailable, match=r"the proxy refused auth\.test: check the user and password"):
        await slack.auth_test()


async def test_another_answer_leaves_it_open(proxy: ForwardProxy, slack: Slack) -> None:
    """Without a tunnel a gateway's 504 may mean that Slack had got the call: the vendor's rule for it holds."""
    proxy.refusal = HTTPStatus.GATEWAY_TIMEOUT

    with pytest.raises(Uncertain, match="HTTP status 504"):
        await slack.auth_test()


async def test_an_unreachable_proxy_is_named(monkeypatch: pytest.MonkeyPatch, workspace: SlackSandbox) -> None:
    """By its host and port, without its password; nothing was sent."""
    monkeypatch.setenv("HTTP_PROXY", "http://bridge:pa55w%40rd@127.0.0.1:9")
    door = Slack(workspace.bot_token, workspace.api_url, timeout=2, pace=0)

    with pytest.raises(
        Unavailable, match=r"for auth\.test: ClientProxyConnectionError through the proxy 127\.0\.0\.1:9$"
    ):
        await door.auth_test()

    await door.aclose()
