"""The simulated Slack as a whole: a workspace that apps can reach over HTTP and WebSocket."""

import asyncio
import contextlib
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Self

from aiohttp import web

from pagebridge_sandbox.loopback import HOST
from pagebridge_sandbox.slack.calls import Call
from pagebridge_sandbox.slack.deliveries import DeliveryFault
from pagebridge_sandbox.slack.envelopes import Envelope, EnvelopeSender
from pagebridge_sandbox.slack.events import EventSender
from pagebridge_sandbox.slack.fault_plan import FaultPlan, RandomFaults
from pagebridge_sandbox.slack.faults import ActiveFault, Fault, Faults
from pagebridge_sandbox.slack.interactions import Interaction, Session
from pagebridge_sandbox.slack.limits import RateLimitEnforcer, RateLimits
from pagebridge_sandbox.slack.manifests import Grants
from pagebridge_sandbox.slack.people import Person
from pagebridge_sandbox.slack.request_pipeline import RequestPipeline
from pagebridge_sandbox.slack.request_url import RequestUrl
from pagebridge_sandbox.slack.response_urls import ResponseUrls
from pagebridge_sandbox.slack.responses import Json
from pagebridge_sandbox.slack.socket_mode import SocketMode
from pagebridge_sandbox.slack.web_api import WebApi
from pagebridge_sandbox.slack.workspace import Workspace

MAX_BODY = 4 * 1024 * 1024


class SlackSimulator(Workspace):
    """
    A Slack on this machine, to be used with `async with`.

    `port` 0 takes a free one. `ack_timeout` is how long an app may take to ack, `ping_interval` how often it is pinged,
    in seconds. `enforce_rate_limits` says whether the rate limits hold. `event_retries` are the pauses in seconds
    before an event that was not acked is sent again. `now` gives the time in seconds since the epoch; timers run on
    real time. `manifest`, already parsed, decides what the app is granted and told of; without one the app has all
    that this bridge uses.
    """

    def __init__(  # noqa: PLR0913 - each is a fact that tests state about their Slack
        self,
        *,
        port: int = 0,
        ack_timeout: float = 3.0,
        enforce_rate_limits: bool = True,
        limits: RateLimits | None = None,
        ping_interval: float = 10.0,
        event_retries: tuple[float, ...] = (0.0, 60.0, 300.0),
        now: Callable[[], float] = time.time,
        manifest: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(now)
        self._port = port
        self._faults = Faults()
        self._random_faults = RandomFaults()
        self._pipeline = RequestPipeline(self, self._faults, self._random_faults)
        self._web_api = WebApi(
            self,
            self._pipeline,
            RateLimitEnforcer(limits or RateLimits(), self.clock.now),
            enforce_rate_limits=enforce_rate_limits,
        )
        self._response_urls = ResponseUrls(self, self._pipeline)
        self._envelopes = EnvelopeSender(self, ack_timeout, ping_interval, self._random_faults)
        self._events = EventSender(self, self._envelopes, event_retries)
        if manifest is not None:
            self.install(manifest)
            self.socket.enabled = Grants.from_manifest(manifest).socket_mode

    async def __aenter__(self) -> Self:
        """Start to listen."""
        async with contextlib.AsyncExitStack() as stack:
            self._events.start(await stack.enter_async_context(asyncio.TaskGroup()))
            runner = web.AppRunner(self._application(), shutdown_timeout=0.2, access_log=None)
            stack.push_async_callback(runner.cleanup)
            await runner.setup()
            site = web.TCPSite(runner, HOST, self._port)
            await site.start()
            self.base_url = f"http://{HOST}:{runner.addresses[0][1]}"
            stack.callback(self._shut_down)
            self._stack = stack.pop_all()
        return self

    async def __aexit__(self, *_exc: object) -> None:
        """End every connection, and stop to listen."""
        await self._stack.aclose()

    def advance(self, seconds: float) -> None:
        """Let so many seconds pass at once, for everything that looks at the time; waiting timers run as before."""
        self.clock.advance(seconds)

    @property
    def api_url(self) -> str:
        """The base of the Web API's addresses, as clients want it."""
        return f"{self.base_url}/api/"

    @property
    def socket(self) -> SocketMode:
        """The Socket Mode connections."""
        return self._envelopes.socket

    @property
    def ack_timeout(self) -> float:
        """How many seconds an app has to ack; may be set at any time."""
        return self._envelopes.ack_timeout

    @ack_timeout.setter
    def ack_timeout(self, seconds: float) -> None:
        self._envelopes.ack_timeout = seconds

    @property
    def calls(self) -> list[Call]:
        """Every call so far, oldest first."""
        return self._pipeline.log

    def calls_to(self, method: str) -> list[Call]:
        """Return the calls of one method."""
        return [call for call in self.calls if call.method == method]

    @property
    def envelopes(self) -> list[Envelope]:
        """Every envelope so far, oldest first."""
        return self._envelopes.log

    @property
    def unknown_frames(self) -> list[str]:
        """The frames of apps on the socket that acked nothing."""
        return self._envelopes.unknown_frames

    @property
    def faults(self) -> list[ActiveFault]:
        """The faults in force."""
        return list(self._faults.active)

    def add_fault(self, fault: Fault) -> ActiveFault:
        """Put a fault in force; its `remove()` ends it."""
        return self._faults.add(fault)

    @property
    def plan(self) -> FaultPlan | None:
        """The plan of random faults; may be set, and ended with None, at any time. Faults of `fail` come first."""
        return self._random_faults.plan

    @plan.setter
    def plan(self, plan: FaultPlan | None) -> None:
        self._random_faults.plan = plan

    def add_delivery_fault(self, fault: DeliveryFault) -> None:
        """Let something go wrong with the next payload to the app."""
        self._envelopes.pending_faults.pending.append(fault)

    def person(self, user_id: str) -> Person:
        """Sit down in front of a person's Slack."""
        return Person(Session(self.users[user_id], self, self._envelopes, self._response_urls))

    async def redeliver(self, interaction: Interaction) -> Interaction:
        """Send the same interaction again: under another envelope id to the next connection, or marked as a retry."""
        sent = interaction.envelope
        if sent is None:
            raise AssertionError("nothing was sent that could be sent again")
        return replace(interaction, envelope=await self._envelopes.send(sent.type, sent.payload, after=sent))

    async def use_request_url(self, url: str) -> None:
        """
        Send everything to this address of the app from now on, signed with `signing_secret`, and end Socket Mode.

        Raises `AssertionError` when the app does not answer the challenge with which Slack tries an address.
        """
        request_url = RequestUrl(self, url)
        await request_url.verify(self.ack_timeout)
        self.socket.enabled = False
        await self.socket.disconnect("link_disabled")
        self._envelopes.request_url = request_url

    async def user_changed(self, user_id: str) -> Envelope | None:
        """Send the app the event of a changed account, if it has subscribed to that."""
        user = self.users[user_id]
        user.updated = int(self.clock.now())
        shown = user.as_json(self.team_id, with_email="users:read.email" in self.bot_scopes)
        return await self.send_event({"type": "user_change", "user": shown, "event_ts": self.clock.next_ts()})

    async def archive(self, channel_id: str) -> Envelope | None:
        """Archive a channel, and tell the app."""
        channel = self.channels[channel_id]
        channel.archived = True
        self.changes.notify()
        return await self.send_event(
            {"type": "channel_archive", "channel": channel_id, "event_ts": self.clock.next_ts()}
        )

    async def send_event(self, event: Json) -> Envelope | None:
        """
        Send an event that the app has subscribed to, and return once it is acked or has failed; then it is sent again.

        Returns None when the app has not subscribed to it.
        """
        return await self._events.send(event)

    def publish(self, event: Json, subscription: str) -> None:
        """Send the app an event in the background, if it has subscribed to that."""
        self._events.send_in_background(event, subscription)

    def _control_routes(self) -> list[web.RouteDef]:
        """Return further routes, for the control endpoints."""
        return []

    def _application(self) -> web.Application:
        app = web.Application(client_max_size=MAX_BODY)
        app.router.add_route("*", "/api/{method}", self._web_api.handle)
        app.router.add_get("/link/", self.socket.handle_connection)
        for family in ("actions", "commands"):
            app.router.add_post(f"/{family}/{{team}}/{{number}}/{{secret}}", self._response_urls.handle)
        app.add_routes(self._control_routes())
        return app

    def _shut_down(self) -> None:
        self._events.stop()
        self._pipeline.close()
        self.socket.cut()
