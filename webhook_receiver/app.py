"""The routes: one port for the world, which learns nothing, and one for operators here. Bodies are not looked into."""

import re
from collections.abc import Iterator, Sequence
from http import HTTPStatus

import structlog
from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST, Counter, Gauge

from shared.config.bridge_config import DurabilityLevel
from shared.config.people_config import CALLBACK_PATH
from shared.errors import StoreDown, WrongLayout
from shared.http.server import BANNER, hide_banner, read_body
from shared.observability.metrics_text import metrics_text
from shared.observability.tracing import tracing
from shared.pagerduty.events import signature
from webhook_receiver.event_stream import EventStream
from webhook_receiver.sign_in_page import SignInPage

log = structlog.get_logger()

DELIVERIES = Counter("pagebridge_deliveries", "Deliveries, by the HTTP status of the answer", ["answer"])
ANSWERS = {status: DELIVERIES.labels(str(status)) for status in (202, 401, 413, 503)}
"""The counter of each answer, there from the start: a series that begins with its first failure shows no increase."""
READY = Gauge("pagebridge_receiver_ready", "1 while the receiver can store deliveries")

PATH = "/webhooks/pagerduty"
MOST_BODY = 512 * 1024
"""Bytes. PagerDuty sends at most 256 KB."""
_DELIVERY_ID = re.compile(r"[\x21-\x7e]{1,128}")


class DeliveryHandler:
    """
    Answers deliveries.

    202 when stored, also for what the worker will not understand; 401 without a good signature; 413 for more than
    `MOST_BODY`; 503 when it broke off or could not be stored, and PagerDuty repeats it for 48 h. After three answers
    4xx in a row PagerDuty stops sending for a day. Any of `secrets` may have signed.
    """

    def __init__(self, secrets: Sequence[str], events: EventStream) -> None:
        self.secrets = tuple(secrets)
        self._events = events

    async def handle(self, request: web.BaseRequest) -> web.Response:
        """Handle `POST /webhooks/pagerduty`."""
        body = await read_body(request, MOST_BODY)
        status = await self._store(request, body) if isinstance(body, bytes) else body
        ANSWERS[status].inc()
        return web.Response(status=status, headers=BANNER)

    async def _store(self, request: web.BaseRequest, body: bytes) -> HTTPStatus:
        # PagerDuty's delivery id is not signed, so it is only logged, and only if it is harmless.
        given = request.headers.get("X-Webhook-Id", "")
        delivery = given if _DELIVERY_ID.fullmatch(given) else ""
        signatures = request.headers.getall(signature.HEADER, [])
        if not signature.verify(body, signatures, self.secrets):
            log.warning("delivery.refused", delivery=delivery, why="no signature that any secret fits")
            return HTTPStatus.UNAUTHORIZED
        with tracing.begin("delivery", delivery=delivery):
            try:
                await self._events.append(body, delivery)
            except (StoreDown, WrongLayout) as error:
                tracing.note(failed=True)
                log.error("delivery.not_stored", delivery=delivery, why=str(error))
                return HTTPStatus.SERVICE_UNAVAILABLE
            return HTTPStatus.ACCEPTED


def public_app(intake: DeliveryHandler, events: EventStream, sign_ins: SignInPage) -> web.Application:
    """Make the public application: deliveries, the sign-in page, liveness and readiness."""

    async def healthz(_request: web.Request) -> web.Response:
        return web.Response()

    async def readyz(_request: web.Request) -> web.Response:
        return web.Response(status=_status(events))

    app = web.Application(client_max_size=MOST_BODY)
    app.on_response_prepare.append(hide_banner)
    app.router.add_post(PATH, intake.handle)
    app.router.add_get(CALLBACK_PATH, sign_ins.handle, allow_head=False)
    # A proxy may leave the prefix by which it knows us, as the subscription's address has it.
    app.router.add_post(f"/{{prefix:.+}}{PATH}", intake.handle)
    app.router.add_get(f"/{{prefix:.+}}{CALLBACK_PATH}", sign_ins.handle, allow_head=False)
    app.router.add_get("/healthz", healthz)
    app.router.add_get("/readyz", readyz)
    return app


def admin_app(events: EventStream) -> web.Application:
    """Make the operators' application: health in detail, and the metrics for Prometheus."""

    async def healthz(_request: web.Request) -> web.Response:
        return web.json_response({"healthy": True})

    async def readyz(_request: web.Request) -> web.Response:
        return web.json_response(_details(events), status=_status(events))

    async def metrics(request: web.Request) -> web.Response:
        READY.set(not events.down)
        text = metrics_text(request.query.getall("name[]", ()))
        return web.Response(body=text, headers={"Content-Type": CONTENT_TYPE_LATEST})

    app = web.Application()
    app.on_response_prepare.append(hide_banner)
    app.router.add_get("/healthz", healthz)
    app.router.add_get("/readyz", readyz)
    app.router.add_get("/metrics", metrics)
    return app


def _status(events: EventStream) -> int:
    return web.HTTPServiceUnavailable.status_code if events.down else web.HTTPOk.status_code


def _problems(events: EventStream) -> Iterator[str]:
    """Yield each problem in words, also where deliveries are still stored."""
    found = events.durability
    if events.down:
        told = "deliveries are answered with 503, and PagerDuty retries for 48 hours. Check REDIS_URL."
        yield f"Redis can't be used ({events.down}): {told}"
    elif found and events.wanted != "memory" and not found.fsync:
        yield f"A stored delivery may be lost with the machine ({found.why_not}): switch the append-only file on."
    if found and found.evicts:
        yield f"Redis may evict deliveries ({found.eviction}): set maxmemory-policy noeviction."


def _in_force(events: EventStream) -> DurabilityLevel:
    """Return what a 202 stands for now: without a replica there is none where one is wanted."""
    return "replica" if events.wanted == "replica" else "fsync" if events.waits_for_disk else "memory"


def _details(events: EventStream) -> dict[str, object]:
    found = events.durability
    return {
        "ready": not events.down,
        "problems": list(_problems(events)),
        "redis": events.down or "reachable",
        "durability": {
            "wanted": events.wanted,
            "in_force": None if found is None else _in_force(events),
            "why_not": found.why_not if found and events.wanted != "memory" else "",
            "maxmemory_policy": (found.eviction if found else "") or "unknown",
        },
    }
