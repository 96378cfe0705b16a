"""A network that lets nothing out but through its proxy: the bridge works there, and says what the proxy says."""

import base64
import json
import ssl
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from pagebridge_sandbox.loopback import free_ports
from shared.pagerduty.api.auth import SCOPES
from tests.authority import authority
from tests.forked_process import TRUSTED, ForkedProcess
from tests.forward_proxy import ForwardProxy, forward_proxy, needs_openssl, with_tls
from tests.stories.harness import settled, until
from tests.stories.processes import Deployment, deployed_with_receiver, incidents
from tests.stories.typed_commands import answered

pytestmark = [needs_openssl, pytest.mark.process]

SLACK, PAGERDUTY, IDENTITY = "slack.example", "api.pagerduty.example", "identity.pagerduty.example"
SOCKETS = "wss-primary.slack.example"
PASSWORD = "pa55:w@rd"
USER = "bridge:pa55%3Aw%40rd"
FORMS = (PASSWORD, "pa55%3Aw%40rd", base64.b64encode(f"bridge:{PASSWORD}".encode()).decode())
"""How the password could be written in a log."""


@pytest.fixture
def certified() -> ssl.SSLContext:
    """Let the authority that the processes trust certify the servers."""
    return authority().server(SLACK, PAGERDUTY, IDENTITY, "127.0.0.1")


@pytest.fixture
async def proxy(request: pytest.FixtureRequest, certified: ssl.SSLContext) -> AsyncIterator[ForwardProxy]:
    """Run the proxy that lets nobody through without the password; by the test's wish one that is an https address."""
    tls = certified if getattr(request, "param", "http") == "https" else None
    async with forward_proxy(f"bridge:{PASSWORD}", tls) as running:
        yield running


@pytest.fixture
async def bridge(tmp_path: Path, proxy: ForwardProxy, certified: ssl.SSLContext) -> AsyncIterator[Deployment]:
    """Prepare Acme's deployment with Slack and PagerDuty, under TLS, behind the proxy; a receiver is at work."""
    async with AsyncExitStack() as stack:
        bridge = await stack.enter_async_context(deployed_with_receiver(tmp_path))
        slack = await stack.enter_async_context(with_tls(port_of(bridge.slack.base_url), certified))
        pagerduty = await stack.enter_async_context(with_tls(port_of(bridge.pagerduty.url), certified))
        proxy.ports |= {f"{SLACK}:443": slack, f"{PAGERDUTY}:443": pagerduty, f"{IDENTITY}:443": pagerduty}
        bridge.slack.base_url = f"https://{SLACK}"
        app = bridge.pagerduty.add_oauth_app(SCOPES)
        bridge.environment |= {
            "HTTPS_PROXY": f"{proxy.scheme}://{USER}@127.0.0.1:{proxy.port}",
            TRUSTED: str(authority().certificate),
            "SLACK_API_URL": bridge.slack.api_url,
            "PAGERDUTY_API_URL": f"https://{PAGERDUTY}",
            "PAGERDUTY_API_TOKEN": "",
            "PAGERDUTY_CLIENT_ID": app.client_id,
            "PAGERDUTY_CLIENT_SECRET": app.secret,
            "PAGERDUTY_SUBDOMAIN": "acme",
            "PAGERDUTY_IDENTITY_URL": f"https://{IDENTITY}",
            "LOG_LEVEL": "debug",
            "RECEIVER_ADMIN_PORT": str(free_ports(1)[0]),
        }
        yield bridge


def port_of(url: str) -> int:
    """Read the port of an address."""
    return int(url.rpartition(":")[2])


async def doctor(bridge: Deployment, **environment: str) -> dict[str, str]:
    """Run the doctor, and return what each check found, with its fix."""
    out, err = (bridge.config.parent / name for name in ("doctor.out", "doctor.err"))
    environment = bridge.environment | {"LOG_LEVEL": "info"} | environment
    told = ForkedProcess("pagebridge", environment, out, ("doctor", "--json"), err)
    await told.wait()
    assert not [form for form in FORMS if form in out.read_text() + err.read_text()]
    found = [json.loads(line) for line in out.read_text().splitlines()]
    assert found, err.read_text()
    return {each["check"]: f"{each['status']}: {each['what']} -> {each['fix']}" for each in found}


@pytest.mark.parametrize("proxy", ["http", "https"], indirect=True)
async def test_the_whole_bridge_works_through_a_proxy(bridge: Deployment, proxy: ForwardProxy) -> None:
    """Tokens, reads, writes, the Web API, Socket Mode and a `response_url`: all of it, and no password in the log."""
    worker = await bridge.worker()
    await incidents(bridge, "Checkout is slow")
    await bridge.click("Alice", "Acknowledge")
    await bridge.card("Acknowledged by Alice Ng in Slack")
    await answered(bridge, "Alice", "/pd oncall")
    await settled(bridge)

    assert bridge.slack.calls_to("response_url")
    assert {f"CONNECT {SLACK}:443", f"CONNECT {PAGERDUTY}:443", f"CONNECT {IDENTITY}:443"} == set(proxy.asked)
    assert ["alice@example.com"] == [call.from_email for call in bridge.effects()]
    assert [] == worker.failures
    assert not [form for form in FORMS if form in worker.said]


async def test_the_doctor_names_the_proxy(bridge: Deployment, proxy: ForwardProxy) -> None:
    """Whom it calls through which proxy, and everything else is right as well."""
    found = await doctor(bridge)

    assert f"{SLACK}: through 127.0.0.1:{proxy.port}; {PAGERDUTY}: through 127.0.0.1:{proxy.port}" in found["proxies"]
    for check in ("Slack bot token", "Slack Socket Mode", "PagerDuty token", "clock of PagerDuty"):
        assert found[check].startswith("pass: "), found


async def test_a_proxy_that_refuses_the_password(bridge: Deployment, proxy: ForwardProxy) -> None:
    """The worker and the doctor say that it is the proxy, and what of it is wrong; nothing has reached anybody."""
    proxy.credentials = "bridge:another"
    worker = bridge.start("bolt_app")
    why = f"the proxy 127.0.0.1:{proxy.port} answered 407: check the user and password in its address"

    found = await doctor(bridge)

    assert f"Slack cannot be reached for auth.test: {why}" in found["Slack"]
    assert f"PagerDuty's token server cannot be reached: {why}" in found["PagerDuty token"]
    await until(lambda: why in worker.said, "the worker to say so")
    assert not [form for form in FORMS if form in worker.said]
    assert [] == proxy.asked


async def test_a_proxy_that_refuses_for_a_while(bridge: Deployment, proxy: ForwardProxy) -> None:
    """What Alice pressed meanwhile has surely not been sent: she reads so, and it is carried out once afterwards."""
    await bridge.quick_worker()
    await incidents(bridge, "Checkout is slow")
    pagerduty = proxy.stop(f"{PAGERDUTY}:443")

    assert (await bridge.click("Alice", "Acknowledge")).acked
    await bridge.told("Alice", "PagerDuty hasn't answered yet; still trying")
    proxy.ports[f"{PAGERDUTY}:443"] = pagerduty

    await bridge.card("Acknowledged by Alice Ng in Slack")
    assert ["alice@example.com"] == [call.from_email for call in bridge.effects()]
    assert ["PUT"] == [call.method for call in bridge.writes() if call.path != "/oauth/token"]


async def test_a_proxy_that_does_not_let_a_host_through(bridge: Deployment, proxy: ForwardProxy) -> None:
    """Its status is told, and the call surely not made: tokens are given, PagerDuty and Slack are out of reach."""
    del proxy.ports[f"{SLACK}:443"], proxy.ports[f"{PAGERDUTY}:443"]
    why = f"the proxy 127.0.0.1:{proxy.port} answered 502"

    found = await doctor(bridge)

    assert f"Slack cannot be reached for auth.test: {why}" in found["Slack"]
    assert f"PagerDuty cannot be reached: {why}" in found["PagerDuty token"]


async def test_a_proxy_that_is_not_there(bridge: Deployment) -> None:
    """Nothing listens where the proxy should: it is named."""
    found = await doctor(bridge, HTTPS_PROXY=f"http://{USER}@127.0.0.1:9")

    assert "for auth.test: ClientProxyConnectionError through the proxy 127.0.0.1:9" in found["Slack"]
    assert "token server cannot be reached: ConnectError through the proxy 127.0.0.1:9" in found["PagerDuty token"]


async def test_what_no_proxy_names_is_called_directly(bridge: Deployment, proxy: ForwardProxy) -> None:
    """PagerDuty and the sockets of Slack's: they exist only behind the proxy, which never hears of them."""
    bridge.slack.base_url = f"https://{SOCKETS}"

    found = await doctor(bridge, NO_PROXY=f"elsewhere.example, .pagerduty.example:443, {SOCKETS}")

    assert f"{SLACK}: through 127.0.0.1:{proxy.port}; {PAGERDUTY}: called directly" in found["proxies"]
    assert found["Slack app token"].startswith("pass: ")
    assert "Slack cannot be reached for Socket Mode: Client" in found["Slack Socket Mode"]
    assert "PagerDuty's token server cannot be reached: ConnectError" in found["PagerDuty token"]
    assert {f"CONNECT {SLACK}:443"} == set(proxy.asked)
    assert 0 == proxy.refused


async def test_a_worker_opens_sockets_as_no_proxy_says(bridge: Deployment, proxy: ForwardProxy) -> None:
    """The proxy does not know where Slack's sockets are, and is not asked: the worker tries them directly."""
    bridge.slack.base_url = f"https://{SOCKETS}"
    bridge.environment["NO_PROXY"] = SOCKETS

    worker = bridge.start("bolt_app")

    await until(lambda: f"Cannot connect to host {SOCKETS}:443" in worker.said, "the worker to try")
    assert 0 == proxy.refused


async def test_this_machine_is_called_directly(bridge: Deployment, proxy: ForwardProxy) -> None:
    """Plain http is for this machine alone: what is sent there would leave it in the clear."""
    found = await doctor(
        bridge,
        HTTP_PROXY=f"http://{USER}@127.0.0.1:{proxy.port}",
        PAGERDUTY_API_URL=bridge.pagerduty.url,
        PAGERDUTY_IDENTITY_URL=bridge.pagerduty.url,
    )

    assert "127.0.0.1: called directly" in found["proxies"]
    assert found["PagerDuty token"].startswith("pass: ")
    assert {f"CONNECT {SLACK}:443"} == set(proxy.asked)


async def test_a_proxy_of_a_kind_that_is_not_supported(bridge: Deployment) -> None:
    """The worker ends with code 2 and says which variable to change; the password stays out of it."""
    bridge.environment["HTTPS_PROXY"] = f"socks5://{USER}@127.0.0.1:9"

    worker = bridge.start("bolt_app")

    assert 2 == await worker.ended()
    assert "HTTPS_PROXY is not the address of an http:// or https:// proxy" in worker.said
    assert "SOCKS is not supported" in worker.said
    assert not [form for form in FORMS if form in worker.said]
