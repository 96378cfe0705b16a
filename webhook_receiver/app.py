"""The routes: one port for the world, which learns nothing, and one for operators on this machine."""

from collections.abc import Iterator

from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from shared.http.connections import deadlines, hide_banner
from webhook_receiver.delivery_handler import DeliveryHandler
from webhook_receiver.event_stream import EventStream
from webhook_receiver.limits import MOST_BODY


def public_app(intake: DeliveryHandler, events: EventStream) -> web.Application:
    """Make the public application: deliveries, and whether we live and can store, without a word more."""

    async def healthz(_request: web.Request) -> web.Response:
        return web.Response()

    async def readyz(_request: web.Request) -> web.Response:
        return web.Response(status=_status(events))

    app = web.Application(client_max_size=MOST_BODY, middlewares=[deadlines])
    app.on_response_prepare.append(hide_banner)
    app.router.add_post("/webhooks/pagerduty", intake.handle)
    app.router.add_get("/healthz", healthz)
    app.router.add_get("/readyz", readyz)
    return app


def admin_app(events: EventStream) -> web.Application:
    """Make the operators' application: health in detail, and the metrics for Prometheus."""

    async def healthz(_request: web.Request) -> web.Response:
        return web.json_response({"healthy": True})

    async def readyz(_request: web.Request) -> web.Response:
        return web.json_response(_details(events), status=_status(events))

    async def metrics(_request: web.Request) -> web.Response:
        return web.Response(body=generate_latest(), headers={"Content-Type": CONTENT_TYPE_LATEST})

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
        yield f"Deliveries are answered with 503, to be repeated for 48 h: {events.down}. Is REDIS_URL right?"
    elif found and events.wanted == "fsync" and not found.fsync:
        yield f"A stored delivery may be lost with the machine ({found.why_not}): switch the append-only file on."
    if found and found.evicts:
        yield f"Redis may throw deliveries away ({found.eviction}): set maxmemory-policy noeviction."


def _details(events: EventStream) -> dict[str, object]:
    found = events.durability
    return {
        "ready": not events.down,
        "problems": list(_problems(events)),
        "redis": events.down or "in reach",
        "durability": {
            "wanted": events.wanted,
            "in_force": None if found is None else "fsync" if events.waits_for_disk else "memory",
            "why_not": found.why_not if found and events.wanted == "fsync" else "",
            "maxmemory_policy": (found.eviction if found else "") or "unknown",
        },
    }
