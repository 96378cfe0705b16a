"""The worker's admin endpoints on a loopback port: `/healthz`, `/readyz` and `/metrics`."""

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Protocol

import structlog
from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST, Gauge

from bolt_app.store_metrics import StoreMetrics
from shared.config.bridge_config import DurabilityLevel
from shared.errors import StoreDown
from shared.model.resync_state import GLOBAL
from shared.observability.metrics_text import metrics_text
from shared.store import document_kinds, keys
from shared.store.durability import require_replica, try_to_append
from shared.store.redis import Redis

log = structlog.get_logger()

CONNECTIONS = Gauge(
    "pagebridge_slack_connections",
    "Connections of Socket Mode that are up, 1 for a port that listens; over all workers one will do",
)
READY = Gauge("pagebridge_worker_ready", "1 while the worker takes clicks and shows what happens")
PROBLEM = Gauge("pagebridge_worker_problem", "1 while `/readyz` names a problem of this kind", ["what"])
KINDS = (
    *("redis", "transport", "requests", "slack", "pagerduty", "token"),
    *("default_channel", "channels", "teams", "clock", "subscription"),
)
LATELY = 5.0
"""Seconds for which a refusal of Redis counts: what is refused at work is tried again sooner."""
HARMLESS = frozenset({"requests", "clock", "channels", "subscription", "token"})
"""
Kinds of problems with which all else is still done: Slack's clock, the default channel, resync and the present token
stand in. A worker that refuses requests stays ready, for without new ones it could not find out that they are right.
"""


class Transport(Protocol):
    """Brings what people do in Slack to the listeners."""

    lost: str
    """The message for an operator when nothing arrives, with where to look."""
    standby: bool
    """Whether nothing is to arrive here, because it does at other workers."""

    @property
    def refused(self) -> str:
        """The message for an operator when what arrives is refused, with what to do; else empty."""

    async def run(self, stopping: asyncio.Event) -> None:
        """Bring it until `stopping` is set; what comes from then on until `close` is still taken."""

    async def close(self) -> None:
        """End it, once what is in hand is acked."""

    async def connected(self) -> int:
        """Count the ways on which what people do arrives here, as far as can be known."""

    async def details(self) -> dict[str, object]:
        """Return details for `/readyz`."""


class AdminServer:
    """
    Answers `/healthz`, `/readyz` and `/metrics`, of which `?name[]=` chooses some.

    Ready means: Redis takes what people do, it arrives here (a connection is up, or the port listens) or at workers for
    which this one stands by, and nothing that work needs was `found` missing. The details also say how safe a click
    that was acked is. `problems` says in words what is wrong and what to do, also where work goes on.
    """

    def __init__(
        self,
        redis: Redis,
        transport: Transport,
        *,
        durability: DurabilityLevel,
        found: Callable[[], Mapping[str, str]] = dict,
        at_work: Sequence[Redis] = (),
    ) -> None:
        """`found` gives the problems of `Vitals`, by their kinds; what clients `at_work` are refused counts as well."""
        self._redis = redis
        self._at_work = at_work
        self._progress = document_kinds.progress(redis)
        self._figures = StoreMetrics(redis)
        self._transport = transport
        self._durability = durability
        self._found = found

    async def details(self) -> dict[str, object]:
        """Return the state of each dependency, for `/readyz`."""
        down = await self._down()
        connections = await self._transport.connected()
        subscription = "unknown" if down else await self._subscription()
        lost = "" if connections or self._transport.standby else self._transport.lost
        problems = dict(_own_problems(down, lost, self._transport.refused, subscription)) | dict(self._found())
        ready = problems.keys() <= HARMLESS
        READY.set(ready)
        CONNECTIONS.set(connections)
        for what in KINDS:
            PROBLEM.labels(what).set(what in problems)
        return {
            "ready": ready,
            "problems": list(problems.values()),
            "redis": not down,
            **await self._transport.details(),
            "durability": self._durability,
            "subscription": subscription,
        }

    async def _down(self) -> str:
        """Return why Redis takes nothing, or an empty string. It may answer a PING all the same."""
        try:
            await try_to_append(self._redis, keys.COMMANDS)
            if self._durability == "replica":
                await require_replica(self._redis)
        except StoreDown as error:
            return str(error)
        return next(filter(None, (client.refusal(LATELY) for client in self._at_work)), "")

    async def _subscription(self) -> str:
        """Return the watchdog's last finding. It does not affect readiness: resync finds every change too."""
        try:
            return (await self._progress.load(GLOBAL)).value.problem or "ok"
        except StoreDown:
            return "unknown"

    def app(self) -> web.Application:
        """Build the web application."""
        app = web.Application()
        app.add_routes(
            [web.get("/healthz", self._healthz), web.get("/readyz", self._readyz), web.get("/metrics", self._metrics)]
        )
        return app

    async def _healthz(self, _: web.Request) -> web.Response:
        return web.Response()

    async def _readyz(self, _: web.Request) -> web.Response:
        found = await self.details()
        return web.json_response(found, status=200 if found["ready"] else 503)

    async def _metrics(self, request: web.Request) -> web.Response:
        await self.details()
        try:
            await self._figures.refresh()
        except StoreDown as error:
            log.warning("store.down", during="reading figures", why=str(error))
        text = metrics_text(request.query.getall("name[]", ()))
        return web.Response(body=text, headers={"Content-Type": CONTENT_TYPE_LATEST})


def _own_problems(down: str, lost: str, refused: str, subscription: str) -> Iterator[tuple[str, str]]:
    if down:
        yield "redis", f"Redis can't be used ({down}): only Acknowledge works. Check REDIS_URL."
    if lost:
        yield "transport", lost
    if refused:
        yield "requests", refused
    if subscription not in {"ok", "unknown"}:
        yield "subscription", f"{subscription}. Resync finds missed changes later."
