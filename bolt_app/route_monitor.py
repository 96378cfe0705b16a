"""Checks a valid file's routes against Slack and PagerDuty, at start and after a reload: reports, never fatal."""

import asyncio
from itertools import chain

import structlog

from shared.config.bridge_config import BridgeConfig, LiveConfig
from shared.diagnostics.route_checks import RouteChecks
from shared.errors import CallError, Malformed
from shared.observability.log import reference
from shared.pagerduty.api.client import PagerDuty
from shared.slack.api.client import Slack

log = structlog.get_logger()

CHECK_TIMEOUT = 60.0
"""Seconds that a check may take."""


class RouteMonitor:
    """Checks the routes that are in force against both sides, whenever they have changed."""

    def __init__(self, config: LiveConfig, slack: Slack, pagerduty: PagerDuty) -> None:
        self._config = config
        self._slack = slack
        self._pagerduty = pagerduty
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
                    await self._check(self._config.current)
            except TimeoutError:
                log.warning("routes.unchecked", why=f"it took longer than {CHECK_TIMEOUT:.0f} s")
            except Exception:
                # Nothing that the check does may end the worker.
                log.exception("routes.unchecked", reference=reference())

    async def _check(self, config: BridgeConfig) -> None:
        """Log every place that leads to a channel which cannot be posted to, or asks for what is not there."""
        checks = RouteChecks(self._slack, self._pagerduty)
        named = checks.channels(config), checks.conditions(config), checks.duties(config), checks.groups(config)
        for place, check in chain(*named):
            try:
                wrong = await check()
            except (CallError, Malformed) as error:
                log.warning("route.unchecked", place=place, why=str(error))
                continue
            if wrong:
                log.error("route.wrong", place=place, why=str(wrong))
