"""The simulated Slack with its control endpoints."""

from aiohttp import web

from pagebridge_sandbox.slack.control import routes
from pagebridge_sandbox.slack.simulator import SlackSimulator


class SlackSandbox(SlackSimulator):
    """A Slack on this machine that other programs can also drive over HTTP, under `/_sandbox/`."""

    def _control_routes(self) -> list[web.RouteDef]:
        return routes(self)
