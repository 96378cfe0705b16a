"""
The whole bridge on this machine, in the words of the people who use it.

A real receiver and real workers, in this process, over real sockets: signed webhooks, a Socket Mode WebSocket, both
REST APIs and a real Valkey. Acme's people: Alice and Bob are responders of Payments, Carol of Search.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from bolt_app.slack_transport.http import PATH, HttpMode
from bolt_app.worker import Worker
from pagebridge.local.embedded_valkey import EmbeddedValkey
from pagebridge_sandbox.loopback import HOST
from pagebridge_sandbox.pagerduty import Call, IncidentView, PagerDutySandbox
from pagebridge_sandbox.pagerduty.oauth import OAuthApp
from pagebridge_sandbox.slack import Ephemeral, Interaction, Message, Modal, RateLimits, SlackSandbox
from shared.config.bridge_config import BridgeConfig, RouteConfig
from shared.config.oncall_config import HandoverConfig, OncallGroupConfig
from shared.config.people_config import IdentityConfig
from shared.config.settings import ReceiverSettings, WorkerSettings, load
from shared.durations import Durations
from shared.errors import Unavailable
from shared.store.redis import connect
from tests.servers import lent_valkey, program, server_at
from tests.stories.durations import FAST as FAST  # noqa: PLC0414 - stories take it from here
from tests.waiting_work import waiting_work
from webhook_receiver.receiver import Receiver

SECRET = "a-webhook-secret"
PATIENCE = 50.0
"""Seconds after which a story that waits for something has failed."""


@dataclass
class Acme:
    """The company of the stories: who works there, at PagerDuty and in Slack."""

    pagerduty: PagerDutySandbox
    slack: SlackSandbox
    service: str = ""
    people: dict[str, str] = field(default_factory=dict)

    @classmethod
    def founded(cls, pagerduty: PagerDutySandbox, slack: SlackSandbox) -> "Acme":
        """Hire everybody, and set up the service that keeps breaking."""
        acme = cls(pagerduty, slack)
        for name in ("Alice", "Bob", "Carol"):
            email = f"{name.lower()}@example.com"
            pagerduty.add_user(f"{name} Ng", email, role="limited_user", id=f"P{name.upper()}1")
            slack.add_user(f"{name} Ng", email=email, id=f"U0{name.upper()}")
            acme.people[name] = f"U0{name.upper()}"
        slack.add_channel("incidents", id="C0INCIDENTS", members=list(acme.people.values()))
        pagerduty.add_priority("P2")
        payments, search = pagerduty.add_team("Payments"), pagerduty.add_team("Search")
        for user, team in (("PALICE1", payments), ("PBOB1", payments), ("PCAROL1", search)):
            pagerduty.add_member(team.id, user, "responder")
        policy = pagerduty.add_escalation_policy("Payments on-call", [["PALICE1"], ["PBOB1"]], teams=[payments])
        acme.service = pagerduty.add_service("checkout-api", policy.id, teams=[payments]).id
        return acme


class Bridge:
    """The bridge between Acme's PagerDuty and Acme's Slack, with as many workers as a story wants."""

    transport: Literal["socket", "http"] = "socket"
    """How Slack reaches the workers that are started."""

    def __init__(self, acme: Acme, valkey: EmbeddedValkey, group: asyncio.TaskGroup, config: dict[str, object]) -> None:
        self.acme = acme
        self.pagerduty = acme.pagerduty
        self.slack = acme.slack
        self.valkey = valkey
        self.channel = acme.slack.channels["C0INCIDENTS"]
        self.receiver_port = 0
        self.sign_in_app: OAuthApp | None = None
        self._group = group
        self._config = BridgeConfig.model_validate(config)
        self._workers: list[tuple[Worker, asyncio.Task[None]]] = []

    @property
    def workers(self) -> list[Worker]:
        """The workers that run in this process, the oldest first."""
        return [worker for worker, _ in self._workers]

    @property
    def callback_url(self) -> str | None:
        """Where PagerDuty sends people back who sign in, by `bridge.toml`."""
        return self._config.identity.callback_url

    def trigger(self, title: str = "Checkout latency over 2s", urgency: str = "high") -> IncidentView:
        """Let monitoring open an incident."""
        return self.pagerduty.trigger(self.acme.service, title, urgency)

    async def card(self, contains: str = "") -> Message:
        """Wait for the (only) card, saying `contains`."""
        await self.channel.wait(lambda channel: any(contains in message.plain for message in channel.messages))
        return next(message for message in self.channel.messages if contains in message.plain)

    async def lines(self, count: int) -> list[str]:
        """Wait until the card's thread has `count` lines, and return them."""
        await self.channel.wait(lambda c: len(c.messages) > 0 and len(c.messages[0].replies) >= count)
        return [reply.plain for reply in self.channel.messages[0].replies]

    async def click(
        self, name: str, button: str, message: Message | Ephemeral | None = None, confirm: str | None = None
    ) -> Interaction:
        """Let somebody press a button on the card (or on `message`)."""
        target = message if message is not None else self.channel.messages[0]
        return await self.slack.person(self.acme.people[name]).click(button, target, confirm=confirm)

    async def dialog(self, name: str, button: str, message: Message | Ephemeral | None = None) -> Modal:
        """Let somebody press what opens a dialog, and wait until it is there to be filled in."""
        before = self.modal_ids(name)
        click = await self.click(name, button, message)
        assert click.acked
        return await self.new_modal(name, before)

    def modal_ids(self, name: str) -> set[str]:
        """Name the modals that somebody has open."""
        return {modal.id for modal in self.slack.person(self.acme.people[name]).modals}

    async def new_modal(self, name: str, before: set[str]) -> Modal:
        """Wait until somebody has a modal in front that is none of `before`, ready to be filled in."""
        person = self.slack.person(self.acme.people[name])
        await person.wait(lambda p: p.modal.id not in before and "Loading…" not in p.modal.plain, timeout=PATIENCE)
        return person.modal

    async def resolve(self, name: str, message: Message | Ephemeral | None = None, note: str = "") -> Interaction:
        """Let somebody resolve by the card's dialog (or that of `message`), with or without saying what solved it."""
        modal = await self.dialog(name, "Resolve", message)
        if note:
            modal.fill("What fixed it?", note)
        return await modal.submit()

    async def told(self, name: str, words: str) -> str:
        """Wait until somebody is privately told `words`."""
        person = self.slack.person(self.acme.people[name])
        await person.wait(lambda p: any(words in message.plain for message in p.private_messages), timeout=PATIENCE)
        return next(message.plain for message in person.private_messages if words in message.plain)

    def private(self, name: str) -> list[str]:
        """List everything somebody has been told privately."""
        return [message.plain for message in self.slack.person(self.acme.people[name]).private_messages]

    def writes(self) -> list[Call]:
        """List the writes that reached PagerDuty."""
        return [call for call in self.pagerduty.calls if call.method != "GET"]

    def effects(self) -> list[Call]:
        """List the writes that changed something at PagerDuty."""
        return [call for call in self.writes() if call.took_effect]

    def route(self, **route: object) -> None:
        """Add a route to `bridge.toml`, in front of the others, and let the workers read it."""
        self.reroute(routes=(RouteConfig.model_validate(route), *self._config.routing.routes))

    def reroute(self, **changed: object) -> None:
        """Change the table `routing` of `bridge.toml`, and let the workers read it."""
        routing = self._config.routing
        self.configure(routing=type(routing).model_validate({**dict(routing), **changed}))

    def identify(self, users: dict[str, str]) -> None:
        """Put another identity table into `bridge.toml`, and let the workers read it."""
        self.configure(identity=IdentityConfig.model_validate({"users": users}))

    def configure(self, **tables: object) -> None:
        """Replace tables of `bridge.toml`, and let the workers read it."""
        self._config = self._config.model_copy(update=tables)
        for worker, _ in self._workers:
            worker.apply_config(self._config)

    def hand_over(self, policy: str) -> None:
        """Put a handover in the channel into `bridge.toml`, for the workers that are started from now on."""
        chosen = HandoverConfig(channel=self.channel.id, policy=policy)
        self._config = self._config.model_copy(update={"handovers": (chosen,)})

    def follow(self, **entry: object) -> None:
        """Let a user group or a topic follow who is on call, for the workers that are started from now on."""
        chosen = OncallGroupConfig.model_validate(entry)
        self._config = self._config.model_copy(update={"oncall_groups": (chosen,)})

    async def until_called(self, method: str, path: str) -> None:
        """Wait until such a call has reached PagerDuty."""
        await until(lambda: bool(self.pagerduty.calls_to(method, path)), f"{method} {path}")

    async def start_worker(self, durations: Durations = FAST, port: int = 0) -> Worker:
        """Start one more worker, with its health on `port`, and wait until it has its connections or stands by."""
        settings = load(
            WorkerSettings,
            slack_bot_token=self.slack.bot_token,
            **self._way_in(),
            **self._sign_in(),
            slack_api_url=self.slack.api_url,
            pagerduty_api_token=self.pagerduty.token,
            pagerduty_api_url=self.pagerduty.url,
            redis_url=self.valkey.url,
            worker_port=port,
        )
        before = self.slack.socket.connections
        worker = Worker(settings, self._config, durations)
        self._workers.append((worker, self._group.create_task(_run(worker))))
        if self.transport == "http":
            await self._listening(worker)
        else:
            await until(
                lambda: self.slack.socket.connections >= before + 2 or is_standby(worker), "its connections to Slack"
            )
        return worker

    def _sign_in(self) -> dict[str, object]:
        app = self.sign_in_app
        if app is None:
            return {}
        return {
            "pagerduty_link_client_id": app.client_id,
            "pagerduty_link_client_secret": app.secret,
            "pagerduty_identity_url": self.pagerduty.url,
        }

    def _way_in(self) -> dict[str, object]:
        if self.transport == "socket":
            return {"slack_app_token": self.slack.app_token}
        secret = self.slack.signing_secret
        return {
            "slack_transport": "http",
            "slack_signing_secret": secret,
            "slack_http_host": HOST,
            "slack_http_port": 0,
        }

    async def _listening(self, worker: Worker) -> None:
        """Wait until a worker listens, and let Slack send everything there."""
        await until(lambda: isinstance(worker.transport, HttpMode) and worker.transport.port > 0, "the port for Slack")
        assert isinstance(worker.transport, HttpMode)
        await self.slack.use_request_url(f"http://{HOST}:{worker.transport.port}{PATH}")

    async def stop_workers(self, *some: Worker) -> None:
        """Let these workers finish and end, or all."""
        ending = [(worker, task) for worker, task in self._workers if worker in some or not some]
        for worker, _ in ending:
            worker.stop()
        for each in ending:
            await each[1]
            self._workers.remove(each)


async def _run(worker: Worker) -> None:
    """Run a worker, once more if Slack or PagerDuty did not answer in time at its start, as a supervisor would."""
    try:
        await worker.run()
    except Unavailable:
        if worker.built is not None:
            raise
        await worker.run()


@asynccontextmanager
async def running(
    *,
    server: EmbeddedValkey | None = None,
    data: Path | None = None,
    workers: int = 1,
    durations: Durations = FAST,
    limits: RateLimits | None = None,
    transport: Literal["socket", "http"] = "socket",
    **config: object,
) -> AsyncIterator[Bridge]:
    """
    Run Acme's bridge, with `config` as `bridge.toml` would have it. Leaves nothing running.

    With `limits` Slack refuses what comes too fast. `transport` is how Slack reaches the workers. `server` is one of a
    story's own, to be started here; `data` is where one of its own keeps its data.
    """
    config.setdefault("routing", {"default_channel": "C0INCIDENTS"})
    async with AsyncExitStack() as stack:
        own = server or (server_at(data, program()) if data else None)
        valkey = await stack.enter_async_context(own or lent_valkey(program()))
        pagerduty = await stack.enter_async_context(PagerDutySandbox(retry_delay=0.05))
        slack = await stack.enter_async_context(
            SlackSandbox(ack_timeout=3.0, enforce_rate_limits=limits is not None, limits=limits)
        )
        port = await stack.enter_async_context(receiving(valkey, config))
        pagerduty.subscribe(f"http://127.0.0.1:{port}/webhooks/pagerduty", secrets=[SECRET])
        group = await stack.enter_async_context(asyncio.TaskGroup())
        bridge = Bridge(Acme.founded(pagerduty, slack), valkey, group, config)
        bridge.transport, bridge.receiver_port = transport, port
        if address := bridge.callback_url:
            bridge.sign_in_app = pagerduty.add_oauth_app(["users.read"], redirect_uris=[address])
        for _ in range(workers):
            await bridge.start_worker(durations)
        yield bridge
        await bridge.stop_workers()


def is_standby(worker: Worker) -> bool:
    """Whether a worker has found that others hold the connections to Slack."""
    return worker.transport is not None and worker.transport.standby


async def settled(bridge: Bridge) -> None:
    """Wait until nothing is on a stream, due, or on its way to anybody."""
    redis = connect(bridge.valkey.url)

    try:
        async with asyncio.timeout(PATIENCE):
            await bridge.pagerduty.webhooks.wait_until_idle()
            while await waiting_work(redis):  # noqa: ASYNC110 -- Redis has no event for it
                await asyncio.sleep(0.02)
    finally:
        await redis.aclose()


@asynccontextmanager
async def receiving(valkey: EmbeddedValkey, config: dict[str, object] | None = None) -> AsyncIterator[int]:
    """Run a receiver, and give its port."""
    settings = load(
        ReceiverSettings,
        pagerduty_webhook_secrets=SECRET,
        redis_url=valkey.url,
        receiver_host="127.0.0.1",
        receiver_port=0,
        receiver_admin_port=0,
    )
    receiver = Receiver(settings, BridgeConfig.model_validate(config or {}))
    async with asyncio.TaskGroup() as group:
        group.create_task(receiver.run())
        await receiver.ready.wait()
        yield receiver.port
        receiver.stop()


async def until(condition: Callable[[], bool], what: str) -> None:
    """Wait until `condition` holds; after a while the story has failed for want of `what`."""
    try:
        async with asyncio.timeout(PATIENCE):
            while not condition():  # noqa: ASYNC110 -- what is waited for is in the simulators, which have no event for it
                await asyncio.sleep(0.01)
    except TimeoutError:
        raise AssertionError(f"waited in vain for {what}") from None
