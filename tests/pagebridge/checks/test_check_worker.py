"""The checks of the worker on this machine: what it says of itself, and a request signed as Slack signs."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from aiohttp import web
from slack_bolt.async_app import AsyncApp
from slack_bolt.authorization import AuthorizeResult

from bolt_app.slack_transport.http import HttpMode
from pagebridge.cli.checks import worker
from pagebridge.cli.checks.findings import Finding, Status
from pagebridge.cli.clients import Worker
from pagebridge_sandbox.loopback import free_ports
from shared.config.settings import SlackSettings
from shared.http.server import serving
from tests.pagebridge.cli_session import found, says
from tests.stories.harness import until

SECRET = "5ecret-of-the-app"


def settings(port: int) -> SlackSettings:
    """Let Slack come over HTTP to a port of this machine."""
    given = {"slack_bot_token": "xoxb-1", "slack_signing_secret": SECRET, "slack_http_port": port}
    return SlackSettings.model_validate({"slack_transport": "http", **given})


async def of_worker(
    name: str, port: int = 1, slack_port: int = 1, slack_url: str = "", slack_s: float | None = None
) -> Finding:
    """Make one of the checks."""
    told = None if slack_s is None else int(slack_s * 1000)
    return await found(worker.checks(Worker(port), settings(slack_port), slack_url, lambda: told), name)


@asynccontextmanager
async def listening_silently() -> AsyncIterator[int]:
    """Hold a port as a program does that speaks no HTTP: it hangs up at once."""
    server = await asyncio.start_server(lambda _, writer: writer.close(), "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1]


@asynccontextmanager
async def taking(secret: str, slack_s: float | None = None) -> AsyncIterator[HttpMode]:
    """Run a worker's port for Slack, with a secret, by Slack's time if that is known."""

    async def authorize() -> AuthorizeResult:
        return AuthorizeResult(enterprise_id=None, team_id="T0ACME", bot_token="xoxb-1")

    app = AsyncApp(authorize=authorize, request_verification_enabled=False)
    told = None if slack_s is None else int(slack_s * 1000)
    http = HttpMode(app, secret, ("127.0.0.1", 0), slack_ms=lambda: told)
    stopping = asyncio.Event()
    async with asyncio.TaskGroup() as group:
        group.create_task(http.run(stopping))
        await until(lambda: http.port > 0, "the port")
        yield http
        stopping.set()
    await http.close()


@pytest.mark.parametrize(
    ("body", "status", "words"),
    [
        ({"ready": True, "problems": []}, Status.PASS, "ready"),
        ({"ready": False, "problems": ["Slack's requests are signed with another secret."]}, Status.FAIL, "another"),
        ({"ready": False}, Status.FAIL, "not ready"),
    ],
)
async def test_what_a_worker_says_of_itself(body: dict[str, object], status: Status, words: str) -> None:
    """Its own problems are told, whatever they are; where none runs, that is said."""

    async def readyz(_: web.Request) -> web.Response:
        return web.json_response(body)

    app = web.Application()
    app.router.add_get("/readyz", readyz)
    async with serving(app, 0) as port:
        says(await of_worker("worker", port), status, words)
    async with listening_silently() as port:
        says(await of_worker("worker", port), Status.FAIL, f"port {port} is in use", "choose another WORKER_PORT")
    says(await of_worker("worker"), Status.SKIPPED, "not running on this machine", "`pagebridge up`")


@pytest.mark.parametrize(
    ("secret", "status", "words"),
    [(SECRET, Status.PASS, "is accepted"), ("another-secret", Status.FAIL, "rejects a request that is signed")],
)
async def test_a_signed_request_goes_all_the_way(secret: str, status: Status, words: str) -> None:
    """A worker with our secret takes it as it takes Slack's; one with another secret turns it away."""
    async with taking(secret) as http:
        says(await of_worker("Slack over HTTP", slack_port=http.port), status, words)
        assert ("SLACK_SIGNING_SECRET" in http.refused) == (status is Status.FAIL)


async def test_a_clock_that_is_off_is_no_wrong_secret() -> None:
    """Where Slack's time is known it decides on both sides; where only the worker is wrong, it says by how much."""
    slack_s = time.time() + 3600
    async with taking(SECRET, slack_s) as http:
        says(await of_worker("Slack over HTTP", slack_port=http.port, slack_s=slack_s), Status.PASS, "is accepted")
        words = ("dated by this machine's clock", "its clock is off")
        says(await of_worker("Slack over HTTP", slack_port=http.port), Status.FAIL, *words)
        assert "s behind this worker's" in http.refused


async def test_an_address_that_leads_elsewhere() -> None:
    """Where Slack's own address is given, what answers there must be a worker; where none is here, it is asked for."""
    (free,) = free_ports(1)
    says(
        await of_worker("Slack over HTTP", slack_port=free), Status.SKIPPED, "no worker on this machine", "--slack-url"
    )
    async with listening_silently() as taken:
        told = await of_worker("Slack over HTTP", slack_port=taken)
        says(told, Status.FAIL, f"port {taken} is in use", "choose another SLACK_HTTP_PORT")
    address = f"http://127.0.0.1:{free}{worker.PATH}"
    says(
        await of_worker("Slack over HTTP", slack_url=address), Status.FAIL, "can't be reached: ClientConnectorError ->"
    )
    async with serving(web.Application(), 0) as port:
        address = f"http://127.0.0.1:{port}{worker.PATH}"
        says(await of_worker("Slack over HTTP", slack_url=address), Status.FAIL, "answered 404, not as a worker does")
