"""One delivery: verify, append, answer. The body is not looked into; that is the worker's part."""

import re
from collections.abc import Sequence
from http import HTTPStatus

import structlog
from aiohttp import web
from prometheus_client import Counter

from shared.errors import StoreDown, WrongLayout
from shared.http.connections import read_body
from shared.pagerduty.events import signature
from webhook_receiver.event_stream import EventStream
from webhook_receiver.limits import MOST_BODY

log = structlog.get_logger()

DELIVERIES = Counter("pagebridge_deliveries", "Deliveries, by the HTTP status of the answer", ["answer"])

_DELIVERY_ID = re.compile(r"[\x21-\x7e]{1,128}")


class DeliveryHandler:
    """
    Answers deliveries.

    202 when stored, also for what the worker will not understand; 401 without a good signature; 413 for more than
    `MOST_BODY`; 415 for a compressed body; 503 when it could not be stored, and PagerDuty repeats it for 48 h. Nothing
    else: after three answers 4xx in a row PagerDuty stops sending for a day. Any of `secrets` may have signed.
    """

    def __init__(self, secrets: Sequence[str], events: EventStream) -> None:
        self.secrets = tuple(secrets)
        self._events = events

    async def handle(self, request: web.Request) -> web.Response:
        """Handle `POST /webhooks/pagerduty`."""
        status = await self._read_and_store(request)
        DELIVERIES.labels(str(status.value)).inc()
        return web.Response(status=status)

    async def _read_and_store(self, request: web.Request) -> HTTPStatus:
        body = await read_body(request, MOST_BODY)
        if not isinstance(body, bytes):
            return body
        return await self._check_and_store(request, body)

    async def _check_and_store(self, request: web.Request, body: bytes) -> HTTPStatus:
        delivery = _delivery_id(request)
        signatures = request.headers.getall(signature.HEADER, [])
        if not signature.verify(body, signatures, self.secrets):
            log.warning("delivery.refused", delivery=delivery, why="no signature that any secret fits")
            return HTTPStatus.UNAUTHORIZED
        try:
            await self._events.append(body, delivery.encode())
        except (StoreDown, WrongLayout) as error:
            log.error("delivery.not_stored", delivery=delivery, why=str(error))
            return HTTPStatus.SERVICE_UNAVAILABLE
        log.info("delivery.stored", delivery=delivery, bytes=len(body))
        return HTTPStatus.ACCEPTED


def _delivery_id(request: web.Request) -> str:
    """Return PagerDuty's delivery id. It is not signed, so it is only logged, and only if it is harmless."""
    given = request.headers.get("X-Webhook-Id", "")
    return given if _DELIVERY_ID.fullmatch(given) else ""
