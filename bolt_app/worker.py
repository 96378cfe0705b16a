"""One worker, put together and run: everything it does, in one TaskGroup."""

import asyncio
import secrets
from contextlib import AsyncExitStack
from dataclasses import replace

import structlog
from slack_bolt.async_app import AsyncApp

from bolt_app import app, startup_checks
from bolt_app.admin_server import AdminServer
from bolt_app.queue_worker import QueueWorker, repeat_until_stopped
from bolt_app.read_path.channel_planner import ChannelPlanner
from bolt_app.read_path.enrichment import CONCURRENT_ENRICHMENTS, Enricher
from bolt_app.read_path.message_sync import MessageSync
from bolt_app.read_path.projector import Projector
from bolt_app.read_path.reconciler import Reconciler
from bolt_app.resync.incident_repair import IncidentRepair
from bolt_app.resync.incident_resync import IncidentResync
from bolt_app.resync.scheduler import Scheduler
from bolt_app.resync.slack_sweep import SlackSweep
from bolt_app.resync.subscription_watchdog import SubscriptionWatchdog
from bolt_app.route_monitor import RouteMonitor
from bolt_app.services import Clients, Services
from bolt_app.slack_transport.base import Transport
from bolt_app.slack_transport.http import HttpMode
from bolt_app.slack_transport.inflight import InflightTracker
from bolt_app.slack_transport.socket_mode import SocketMode
from bolt_app.stream_consumer import StreamConsumer
from bolt_app.write_path.attempt import AttemptRunner
from bolt_app.write_path.command_intake import CommandDispatcher
from bolt_app.write_path.direct_acknowledge import DirectAcknowledge
from bolt_app.write_path.executor import Executor
from bolt_app.write_path.progress_replies import ProgressReplies
from shared.access.identity import Identity
from shared.config.bridge_config import BridgeConfig, load_bridge_config
from shared.config.errors import Misconfigured
from shared.config.settings import WorkerSettings
from shared.durations import Durations
from shared.http.server import serving
from shared.pagerduty.api.client import PagerDuty
from shared.slack.api.client import Slack, SlackIdentity
from shared.store import keys
from shared.store.clock import require_layout
from shared.store.coordination import Leases, SharedTokenBuckets, WorkQueue
from shared.store.identity_cache import NoIdentityCache
from shared.store.redis import Redis, connect, probe
from shared.store.streams import Inbox

log = structlog.get_logger()


class Worker:
    """
    A worker process.

    `run` raises `NotReady` when it cannot work with its settings, `SocketLost` when Slack is gone for good, and returns
    when `stop` was called and what was in hand has come to its end.
    """

    def __init__(self, settings: WorkerSettings, config: BridgeConfig, durations: Durations | None = None) -> None:
        self.stopping = asyncio.Event()
        self.transport: Transport | None = None
        self._settings = settings
        self._config = config
        self._durations = durations or Durations()
        self._name = secrets.token_hex(6)
        self._services: Services | None = None
        self._routes: RouteMonitor | None = None

    def stop(self) -> None:
        """Ask the worker to finish what it has in hand, and end."""
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
        if self._services is not None:
            self._services.config = config
            self._services.identity.config = config.identity
            self._services.authorization.config = config.authorization
        if self._routes is not None:
            self._routes.config_changed()

    async def run(self) -> None:
        """Work until told to stop."""
        async with AsyncExitStack() as stack:
            clients = await self._open(stack)
            await require_layout(clients.redis)  # before anything is written, rate limits included
            home = await startup_checks.check(clients.slack, self._settings.socket_token, clients.pagerduty)
            services = self._services = await self._build_services(clients, home)
            direct = DirectAcknowledge(
                services, Identity(services.config.identity, clients.slack, clients.pagerduty, NoIdentityCache(), home)
            )
            inflight = InflightTracker()
            bolt = app.build(self._bot_token, home, services, direct, inflight, self._settings.slack_command)
            transport = self.transport = self._transport(bolt)
            stack.push_async_callback(transport.close)
            stack.push_async_callback(inflight.drained)
            health = AdminServer(clients.redis, transport, durable=services.durable)
            await stack.enter_async_context(serving(health.app(), self._settings.worker_port))
            await self._run_tasks(services, clients, transport, direct)

    @property
    def _bot_token(self) -> str:
        return self._settings.slack_bot_token.get_secret_value()

    def _transport(self, bolt: AsyncApp) -> Transport:
        settings = self._settings
        if settings.socket_token is None and settings.slack_signing_secret:
            address = settings.slack_http_host, settings.slack_http_port
            return HttpMode(bolt, settings.slack_signing_secret.get_secret_value(), address)
        return SocketMode(bolt, settings.socket_token or "", self._durations)

    async def _open(self, stack: AsyncExitStack) -> Clients:
        settings, durations = self._settings, self._durations
        redis_url = settings.redis_url.get_secret_value()
        redis, blocking = connect(redis_url), connect(redis_url, blocking=True)
        stack.push_async_callback(redis.aclose)
        stack.push_async_callback(blocking.aclose)
        budgets = SharedTokenBuckets(redis)
        slack = Slack(
            self._bot_token, settings.slack_api_url, durations.slack_timeout, pace=durations.pace, budgets=budgets
        )
        stack.push_async_callback(slack.aclose)
        pagerduty = PagerDuty.from_settings(settings, durations.pagerduty_timeout)
        stack.push_async_callback(pagerduty.aclose)
        return Clients(redis, blocking, slack, pagerduty)

    async def _build_services(self, clients: Clients, home: SlackIdentity) -> Services:
        services = Services.build(clients, home, self._config, self._durations)
        await services.clock.now_ms()
        durable = await self._is_durable(clients.redis)
        await services.generation.current()
        return replace(services, stopping=self.stopping, durable=durable)

    async def _is_durable(self, redis: Redis) -> bool:
        """Find out whether an append can wait for the disk, and say so loudly if it should and cannot."""
        found = await probe(redis)
        if found.evicts:
            log.error("store.evicts", policy=found.eviction, hint="set maxmemory-policy noeviction, or clicks get lost")
        wanted = self._config.durability == "fsync"
        if wanted and not found.fsync:
            log.error("store.not_durable", why=found.why_not, hint="switch the append-only file on, or say memory")
        return wanted and found.fsync

    async def _run_tasks(
        self, services: Services, clients: Clients, transport: Transport, direct: DirectAcknowledge
    ) -> None:
        """Run everything until told to stop; then leave what is in hand `drain` seconds to come to its end."""
        events, commands = self._inbox(clients, keys.EVENTS), self._inbox(clients, keys.COMMANDS)
        await events.open()
        await commands.open()
        executor = Executor(services, AttemptRunner(services), ProgressReplies(services))
        message_sync = MessageSync(services.slack, services.clock, services.durations)
        reconciler = Reconciler(services, ChannelPlanner(services), message_sync)
        routes = self._routes = RouteMonitor(services)
        async with asyncio.TaskGroup() as group:
            group.create_task(transport.run(self.stopping))
            checking = group.create_task(routes.run())
            tasks = [
                group.create_task(
                    repeat_until_stopped(StreamConsumer(events, Projector(services).handle).step, services)
                ),
                group.create_task(
                    repeat_until_stopped(StreamConsumer(commands, CommandDispatcher(services).handle).step, services)
                ),
                group.create_task(repeat_until_stopped(direct.catch_up, services)),
                group.create_task(
                    self._queue_worker(services, services.command_queue, "command", executor).run(self.stopping)
                ),
                group.create_task(
                    self._queue_worker(services, services.dirty_queue, "slack", reconciler).run(self.stopping)
                ),
                group.create_task(self._enrichment_worker(services).run(self.stopping)),
                group.create_task(repeat_until_stopped(self._scheduler(services, message_sync).step, services)),
            ]
            await self.stopping.wait()
            checking.cancel()
            _, late = await asyncio.wait(tasks, timeout=services.durations.drain)
            for task in late:
                task.cancel()

    def _scheduler(self, services: Services, message_sync: MessageSync) -> Scheduler:
        resync = IncidentResync(services, IncidentRepair(services))
        watchdog = SubscriptionWatchdog(services, self._settings.pagerduty_webhook_subscription)
        return Scheduler(services, resync, SlackSweep(services, resync), watchdog, message_sync)

    def _enrichment_worker(self, services: Services) -> QueueWorker:
        leases = Leases(services.redis, "briefing", services.durations.lease)
        return QueueWorker(
            services.enrichment_queue, leases, Enricher(services), services.durations, CONCURRENT_ENRICHMENTS
        )

    def _inbox(self, clients: Clients, stream: str) -> Inbox:
        return Inbox(clients.redis, clients.blocking, stream, self._name, self._durations)

    def _queue_worker(
        self, services: Services, queue: WorkQueue, name: str, work: Executor | Reconciler
    ) -> QueueWorker:
        return QueueWorker(queue, services.leases(name), work, services.durations)
