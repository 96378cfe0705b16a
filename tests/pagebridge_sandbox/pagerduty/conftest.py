"""A small account, ways to call it, a receiver of its webhooks, and what PagerDuty documents."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any, TypeVar

import aiohttp
import pagerduty
import pytest

from pagebridge_sandbox.pagerduty import IncidentView, PagerDutySandbox
from tests.pagebridge_sandbox.documented import documented
from tests.shared.local_server import LocalServer, local_server

ALICE, BOB, CAROL = "PALICE1", "PBOB001", "PCAROL1"
SECRET = "first-secret"

T = TypeVar("T")
Sample = Callable[[str], Any]


@dataclass
class Reply:
    """What a call was answered with."""

    status: int
    body: Any
    headers: dict[str, str]

    @property
    def code(self) -> int | None:
        """PagerDuty's error code."""
        error = self.body.get("error", {})
        return error.get("code") if isinstance(error, dict) else None


@dataclass
class Acme:
    """Alice and Bob are on call for Payments, one after the other; Carol is on no team. `call` speaks plain HTTP."""

    pd: PagerDutySandbox
    session: aiohttp.ClientSession
    service: str = ""
    policy: str = ""
    team: str = ""

    def populate(self) -> None:
        """Fill the account."""
        pd = self.pd
        for user, name in ((ALICE, "Alice Ng"), (BOB, "Bob Ray"), (CAROL, "Carol Díaz")):
            pd.add_user(name, f"{name.split()[0].lower()}@example.com", role="limited_user", id=user)
        team = pd.add_team("Payments", id="PPAYTM1")
        for user in (ALICE, BOB):
            pd.add_member(team.id, user, "responder")
        policy = pd.add_escalation_policy("Payments on-call", [[ALICE], [BOB]], [team], id="PPAYEP1")
        self.team, self.policy = team.id, policy.id
        self.service = pd.add_service("checkout-api", policy.id, id="PCHECK1").id
        pd.add_priority("P1", id="PPRIO01")
        pd.add_priority("P2", id="PPRIO02")

    def trigger(self, title: str = "Checkout latency over 2s", **more: Any) -> IncidentView:  # noqa: ANN401 - passed on
        """Let monitoring open an incident."""
        return self.pd.trigger(self.service, title, **more)

    async def call(
        self,
        method: str,
        path: str,
        body: Any = None,  # noqa: ANN401 - JSON
        sender: str | None = "alice@example.com",
        authorization: str | None = None,
        timeout: float = 5,  # noqa: ASYNC109 - the client's own
    ) -> Reply:
        """Make a call, as Alice unless said otherwise."""
        headers = {"Authorization": authorization or f"Token token={self.pd.token}"}
        if sender is not None:
            headers["From"] = sender
        async with self.session.request(
            method, self.pd.url + path, json=body, headers=headers, timeout=aiohttp.ClientTimeout(timeout)
        ) as answer:
            text = await answer.text()
            decoded = json.loads(text) if answer.content_type == "application/json" else text
            return Reply(answer.status, decoded, dict(answer.headers))

    async def get(self, path: str) -> Any:  # noqa: ANN401 - JSON
        """Read something that is there."""
        reply = await self.call("GET", path, sender=None)
        assert 200 == reply.status, reply.body
        return reply.body

    async def update_incident(self, incident: str, sender: str = "alice@example.com", **fields: Any) -> Reply:  # noqa: ANN401 - JSON
        """Change an incident."""
        body = {"incident": {"type": "incident_reference", **fields}}
        return await self.call("PUT", f"/incidents/{incident}", body, sender)


@dataclass
class Inbox:
    """A receiver of webhooks, subscribed to everything."""

    server: LocalServer
    pd: PagerDutySandbox
    secrets: list[str] = field(default_factory=lambda: [SECRET])

    @property
    def events(self) -> list[Any]:
        """What has come, oldest first."""
        return [json.loads(request.body)["event"] for request in self.server.requests]

    @property
    def types(self) -> list[str]:
        """The types of what has come."""
        return [event["event_type"].removeprefix("incident.") for event in self.events]

    @property
    def delivery_ids(self) -> list[str]:
        """The delivery ids of what has come."""
        return [request.headers["X-Webhook-Id"] for request in self.server.requests]


async def wait_until(condition: Callable[[], bool]) -> None:
    """Wait until a condition holds, five seconds at most."""
    async with asyncio.timeout(5):
        while not condition():  # noqa: ASYNC110 - it may be about anything
            await asyncio.sleep(0.002)


@pytest.fixture
async def acme() -> AsyncIterator[Acme]:
    """Run the account."""
    async with PagerDutySandbox(retry_delay=0.01, webhook_timeout=1.0) as pd, aiohttp.ClientSession() as session:
        session._retry_connection = False  # otherwise a call that was dropped is made again
        company = Acme(pd, session)
        company.populate()
        yield company


@pytest.fixture
async def inbox(acme: Acme) -> AsyncIterator[Inbox]:
    """Receive the account's webhooks, and accept them all."""
    async with local_server() as server:
        server.say({}, 202)
        acme.pd.subscribe(server.url, secrets=[SECRET])
        yield Inbox(server, acme.pd)


@dataclass
class OfficialClient:
    """The official client, which blocks, in threads."""

    client: pagerduty.RestApiV2Client

    async def __call__(self, call: Callable[[pagerduty.RestApiV2Client], T]) -> T:
        """Make a call."""
        return await asyncio.to_thread(call, self.client)


@contextmanager
def official_client(token: str, url: str) -> Iterator[pagerduty.RestApiV2Client]:
    """Make an official client, which by itself takes only https, for Bob."""
    with pagerduty.RestApiV2Client(token, default_from="bob@example.com", trust_env=False) as client:
        client._url = url
        yield client


@pytest.fixture
def official(acme: Acme) -> Iterator[OfficialClient]:
    """Connect the official client."""
    with official_client(acme.pd.token, acme.pd.url) as client:
        yield OfficialClient(client)


@pytest.fixture
def sample() -> Sample:
    """Read what PagerDuty documents; the test is skipped where only the reference has it, and is not there."""
    return partial(documented, "pagerduty")
