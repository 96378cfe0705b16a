"""
Checks routes against Slack and PagerDuty at start and after a reload, although the file itself is valid.

Never fatal and never waited for: a broken route is reported while the others work.
"""

import asyncio
from itertools import chain

import structlog

from bolt_app.services import Services
from shared.config.bridge_config import RoutingConfig
from shared.diagnostics.route_checks import Check, RouteChecks
from shared.errors import CallError, Malformed
from shared.observability.log import reference

log = structlog.get_logger()

CHECK_TIMEOUT = 60.0
"""Seconds that a check may take."""


class RouteMonitor:
    """Checks the routes that are in force against both sides, whenever they have changed."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._changed = asyncio.Event()
        self._changed.set()

    def config_changed(self) -> None:
        """Ask for a check, because there are other routes now."""
        self._changed.set()

    async def run(self) -> None:
        """Check at once, and after each change. Ends only by being cancelled."""
        while True:
            await self._changed.wait()
            self._changed.clear()
            try:
                async with asyncio.timeout(CHECK_TIMEOUT):
                    await self.check(self._services.config.routing)
            except TimeoutError:
                log.warning("routes.unchecked", why=f"it took longer than {CHECK_TIMEOUT:.0f} s")
            except Exception:
                # Nothing that the check does may end the worker.
                log.exception("routes.unchecked", reference=reference())

    async def check(self, routing: RoutingConfig) -> None:
        """Name every route that leads to a channel which cannot be posted to, or asks for what PagerDuty has not."""
        checks = RouteChecks(self._services.slack, self._services.pagerduty)
        for place, check in chain(checks.channels(routing), checks.conditions(routing)):
            await self._run_check(place, check)

    async def _run_check(self, place: str, check: Check) -> None:
        """Log what is wrong with one place of the file, if anything is, or that it could not be found out."""
        try:
            wrong = await check
        except (CallError, Malformed) as error:
            log.warning("route.unchecked", place=place, why=str(error))
            return
        if wrong:
            log.error("route.wrong", place=place, why=str(wrong))
