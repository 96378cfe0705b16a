"""The least that a receiver of webhooks can do: read, verify, answer. `python -m tests.bench.baseline` serves it."""

import os

from aiohttp import web

from shared.pagerduty.events import signature


async def deliver(request: web.Request) -> web.Response:
    """Read and verify one delivery, and forget it."""
    good = signature.verify(await request.read(), request.headers.getall(signature.HEADER, []), [SECRET])
    return web.Response(status=202 if good else 401)


if __name__ == "__main__":
    SECRET = os.environ["PAGERDUTY_WEBHOOK_SECRETS"]
    app = web.Application()
    app.router.add_post("/webhooks/pagerduty", deliver)
    web.run_app(app, host="127.0.0.1", port=int(os.environ["BARE_PORT"]), access_log=None, print=None)
