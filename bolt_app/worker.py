"""One worker, put together and run: everything it does, in one TaskGroup."""

import asyncio
import secrets
from contextlib import AsyncExitStack
from dataclasses import replace

import structlog
from prometheus_client import Gauge
from slack_bolt.async_app import AsyncApp

from bolt_app import app, startup_checks
from bolt_app.admin_server import AdminServer, Transport
from bolt_app.build import build_worker
from bolt_app.slack_transport.http import HttpMode
from bolt_app.slack_transport.socket_mode import SocketMode
from bolt_app.worker_parts import BuiltWorker, Clients, Options, PartTypes
from bolt_app.worker_store import Store
from shared.config.bridge_config import BridgeConfig, DurabilityLevel, LiveConfig
from shared.config.bridge_file import load_bridge_config
from shared.config.errors import Misconfigured
from shared.config.settings import WorkerSettings
from shared.durations import Durations
from shared.http.server import serving
from shared.pagerduty.api.client import PagerDuty
from shared.pagerduty.api.lanes import Lanes
from shared.pagerduty.api.sign_in import SignIn
from shared.slack.api.client import Slack, SlackIdentity
from shared.store.clock import require_layout
from shared.store.coordination import SharedTokenBuckets
from shared.store.durability import probe
from shared.store.redis import Redis, connect

log = structlog.get_logger()

CONFIG = Gauge("pagebridge_config_hash", "A number made of the `bridge.toml` in force, another one for other settings")


class Worker:
    """A worker process. `run` returns after `stop`, all in hand done; raises `NotReady`, or `SocketLost` for good."""

    def __init__(self, settings: WorkerSettings, config: BridgeConfig, durations: Durations | None = None) -> None:
        self.stopping = asyncio.Event()
        self.transport: Transport | None = None
        self._settings = settings
        self._config = config
        self._durations = durations or Durations()
        self._name = secrets.token_hex(6)
        self.built: BuiltWorker | None = None

    def stop(self) -> None:
        """Ask the worker to finish what it has in hand, and end."""
        log.info("worker.draining", seconds=self._durations.drain)
        self.stopping.set()

    def reload(self) -> None:
        """Read `bridge.toml` again; a bad file keeps what is in force, and the log says why."""
        path = self._settings.bridge_config
        if not path.exists():
            log.error("config.kept", why=f"{path} is not there any more")
            return
        try:
            config = load_bridge_config(path)
        except Misconfigured as error:
            log.error("config.kept", why=str(error))
            return
        self.apply_config(config)
        log.info("config.loaded")

    def apply_config(self, config: BridgeConfig) -> None:
        """Work by another `bridge.toml` from now on."""
        self._config = config
        CONFIG.set(config.fingerprint)
        if self.built is not None:
            self.built.apply_config(config)

    async def run(self) -> None:
        """Work until told to stop."""
        async with AsyncExitStack() as stack:
            clients = await self._open(stack)
            await require_layout(clients.redis)  # before anything is written, rate limits included
            home = await startup_checks.check(clients.slack, self._settings.socket_token, clients.pagerduty)
            built = self.built = await self._build(clients, home)
            inflight = app.InflightTracker()
            bolt = app.build(self._bot_token, home, clients.slack, built.listeners, inflight)
            transport = self.transport = self._transport(bolt, clients, inflight)
            stack.push_async_callback(inflight.drained)
            stack.push_async_callback(transport.close)
            health = AdminServer(
                clients.redis,
                transport,
                durability=self._durability(built.store),
                found=built.vitals.problems,
                at_work=(clients.redis, clients.blocking),
            )
            await stack.enter_async_context(
                serving(health.app(), self._settings.worker_port, self._settings.admin_host)
            )
            await self._run_tasks(built, transport)

    @property
    def _bot_token(self) -> str:
        return self._settings.slack_bot_token.get_secret_value()

    def _transport(self, bolt: AsyncApp, clients: Clients, inflight: app.InflightTracker) -> Transport:
        settings = self._settings
        if settings.socket_token is None and settings.slack_signing_secret:
            address = settings.slack_http_host, settings.slack_http_port
            secret = settings.slack_signing_secret.get_secret_value()
            return HttpMode(bolt, secret, address, slack_ms=clients.slack.server_clock.now_ms)
        return SocketMode(bolt, settings.socket_token or "", clients.redis, self._durations, inflight.drained)

    async def _open(self, stack: AsyncExitStack) -> Clients:
        settings, durations = self._settings, self._durations
        redis_url = settings.redis_url.get_secret_value()
        redis, blocking = connect(redis_url), connect(redis_url, blocking=True)
        if redis.topology is not None:
            redis.topology.leaves.append(blocking.leave_server)
        stack.push_async_callback(redis.aclose)
        stack.push_async_callback(blocking.aclose)
        budgets = SharedTokenBuckets(redis)
        slack = Slack(
            self._bot_token, settings.slack_api_url, durations.slack_timeout, pace=durations.pace, budgets=budgets
        )
        stack.push_async_callback(slack.aclose)
        lanes = Lanes(budgets, durations.pace)
        pagerduty = PagerDuty.from_settings(settings, durations.pagerduty_timeout, lanes)
        stack.push_async_callback(pagerduty.aclose)
        sign_in = SignIn.from_settings(settings, durations.pagerduty_timeout, lanes)
        return Clients(redis, blocking, slack, pagerduty, lanes, sign_in)

    async def _build(self, clients: Clients, home: SlackIdentity) -> BuiltWorker:
        CONFIG.set(self._config.fingerprint)
        store = Store.on(clients.redis, self._durations.lease)
        await store.clock.now_ms()
        store = replace(store, durable=await self._is_durable(clients.redis))
        store.losses.watch()
        await store.generation.current()
        settings = self._settings
        options = Options(self._name, self.stopping, settings.slack_command, settings.pagerduty_webhook_subscription)
        return build_worker(clients, home, LiveConfig(self._config), self._durations, store, options, PartTypes())

    def _durability(self, store: Store) -> DurabilityLevel:
        """Return what an ack stands for: without a replica there is none where one is wanted."""
        wanted = self._config.durability
        return wanted if store.durable or wanted == "replica" else "memory"

    async def _is_durable(self, redis: Redis) -> bool:
        """Return whether an append can wait for the disk; log a warning if it should and cannot."""
        redis.waits_for_replica = self._config.durability == "replica"
        found = await probe(redis)
        if found.evicts:
            log.error("store.evicts", policy=found.eviction, hint="set maxmemory-policy noeviction, or clicks get lost")
        wanted = self._config.durability != "memory"
        if wanted and not found.fsync:
            log.error(
                "store.not_durable",
                why=found.why_not,
                hint="set appendonly yes, or durability = 'memory' in bridge.toml",
            )
        return wanted and found.fsync

    async def _run_tasks(self, built: BuiltWorker, transport: Transport) -> None:
        """Run everything until told to stop; then leave what is in hand `drain` seconds to come to its end."""
        await built.open_streams()
        async with asyncio.TaskGroup() as group:
            group.create_task(transport.run(self.stopping))
            checks = [group.create_task(check) for check in (built.route_monitor.run(), built.vitals.run())]
            tasks = [group.create_task(loop) for loop in built.loops()]
            await self.stopping.wait()
            for task in checks:
                task.cancel()
            _, late = await asyncio.wait(tasks, timeout=self._durations.drain)
            for task in late:
                task.cancel()
