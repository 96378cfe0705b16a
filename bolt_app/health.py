"""What the worker says about itself, on a loopback port: alive, ready, figures."""

import structlog
from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from bolt_app.transport import Transport
from shared.errors import StoreDown
from shared.model.progress import EVERYTHING
from shared.store import documents
from shared.store.redis import Redis

log = structlog.get_logger()


class Health:
    """
    Answers `/healthz`, `/readyz` and `/metrics`.

    Ready means: Redis answers, and what people do in Slack arrives here (a connection is up, or the port listens). The
    details also say whether a click that was acked is on disk.
    """

    def __init__(self, redis: Redis, transport: Transport, *, durable: bool) -> None:
        self._redis = redis
        self._progress = documents.progress(redis)
        self._transport = transport
        self._durability = "fsync" if durable else "memory"

    async def details(self) -> dict[str, object]:
        """Tell what the worker depends on and whether it is there."""
        try:
            redis = bool(await self._redis.ping())
        except StoreDown:
            redis = False
        found = {"ready": redis and await self._transport.ready(), "redis": redis, "durability": self._durability}
        return {
            **found,
            **await self._transport.details(),
            "subscription": await self._subscription() if redis else "unknown",
        }

    async def _subscription(self) -> str:
        """Tell what the watchdog found; it is no reason not to be ready, because resync finds everything as well."""
        try:
            return (await self._progress.load(EVERYTHING)).value.problem or "ok"
        except StoreDown:
            return "unknown"

    def app(self) -> web.Application:
        """Build the web application."""
        app = web.Application()
        app.add_routes(
            [
                web.get("/healthz", self._healthz),
                web.get("/readyz", self._readyz),
                web.get("/metrics", self._metrics),
            ]
        )
        return app

    async def _healthz(self, _: web.Request) -> web.Response:
        return web.Response()

    async def _readyz(self, _: web.Request) -> web.Response:
        found = await self.details()
        return web.json_response(found, status=200 if found["ready"] else 503)

    async def _metrics(self, _: web.Request) -> web.Response:
        return web.Response(body=generate_latest(), headers={"Content-Type": CONTENT_TYPE_LATEST})
