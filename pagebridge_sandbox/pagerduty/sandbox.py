"""The simulated PagerDuty with its control endpoints."""

from aiohttp import web

from pagebridge_sandbox.pagerduty.control import routes
from pagebridge_sandbox.pagerduty.simulator import PagerDutySimulator


class PagerDutySandbox(PagerDutySimulator):
    """A PagerDuty on this machine that other programs can also drive over HTTP, under `/_sandbox/`."""

    def _control_routes(self) -> list[web.RouteDef]:
        return routes(self)
