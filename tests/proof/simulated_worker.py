"""One worker of the simulation: the real core, put together as `bolt_app.worker` does, over the models' doors."""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Callable
from copy import copy
from dataclasses import dataclass, replace
from typing import Any

from bolt_app.queue_worker import IncidentTask, QueueWorker, repeat_until_stopped
from bolt_app.read_path.channel_planner import ChannelPlanner
from bolt_app.read_path.enrichment import Enricher
from bolt_app.read_path.message_sync import MessageSync
from bolt_app.read_path.projector import Projector
from bolt_app.read_path.reconciler import Reconciler
from bolt_app.resync.incident_repair import IncidentRepair
from bolt_app.resync.incident_resync import IncidentResync
from bolt_app.resync.scheduler import Scheduler
from bolt_app.resync.slack_sweep import SlackSweep
from bolt_app.resync.subscription_watchdog import SubscriptionWatchdog
from bolt_app.services import Clients, Services
from bolt_app.stream_consumer import StreamConsumer
from bolt_app.write_path.attempt import AttemptRunner
from bolt_app.write_path.command_intake import CommandDispatcher, CommandIntake, CommandLog
from bolt_app.write_path.direct_acknowledge import Ack, DirectAcknowledge, noop_ack
from bolt_app.write_path.executor import Executor
from bolt_app.write_path.progress_replies import ProgressReplies
from shared.access.identity import Identity
from shared.config.bridge_config import BridgeConfig
from shared.durations import Durations
from shared.model.command import Command
from shared.model.ids import CommandId
from shared.model.incident import Incident
from shared.store import documents, keys
from shared.store.clock import Generation, StoreClock
from shared.store.coordination import Leases, WorkQueue
from shared.store.documents import Documents, ExpectationStore, Value
from shared.store.identity_cache import NoIdentityCache
from shared.store.redis import Redis
from shared.store.streams import Inbox
from tests.proof.engine.process import Process
from tests.proof.slack_client import HOME
from tests.proof.slack_model import CHANNEL
from tests.proof.unrestricted_account import AbleToDoEverything

DURATIONS = Durations(poll=16.0, block=16.0, resync=40.0, webhook_grace=20.0)
"""
Those of production, but for some that only cost time here: how often it is looked whether there is something to do, how
soon after one resync the next one comes, and how long a webhook may take before it is told without it.
"""
CONFIG = BridgeConfig.model_validate({"routing": {"default_channel": CHANNEL}})


class Core(ABC):
    """
    What the simulation needs of a worker in one process: it runs, and takes clicks once it is `ready`.

    `straight` says which clicks went past the store, and when.
    """

    def __init__(self, process: Process) -> None:
        self.process = process
        self.ready = False
        self.straight: dict[CommandId, float] = {}

    @abstractmethod
    async def run(self) -> None:
        """Work until cancelled."""

    @abstractmethod
    async def take(self, ack: Ack, command: Command) -> None:
        """Take a click, and ack it when it is safe."""


@dataclass(frozen=True)
class Parts:
    """What a worker is made of. A negative control puts something else in the place of one part, or of all."""

    projector: Callable[[Services], Projector] = Projector
    echo: Callable[[Documents[Incident]], ExpectationStore] = ExpectationStore
    message_sync: type[MessageSync] = MessageSync
    attempt_runner: type[AttemptRunner] = AttemptRunner
    leases: type[Leases] = Leases
    generation: type[Generation] = Generation
    resync: type[IncidentResync] = IncidentResync
    sweep: type[SlackSweep] = SlackSweep
    worker: "Callable[[Process, Clients, Parts], Core] | None" = None


class SimulatedWorker(Core):
    """The real core; `run` does everything that the real worker does, but for its sockets and its health."""

    def __init__(self, process: Process, clients: Clients, parts: Parts) -> None:
        super().__init__(process)
        self._doors = clients
        self._parts = parts

    async def run(self) -> None:
        """Work until cancelled."""
        services, parts = await self._wired(), self._parts
        events, commands = self._inbox(keys.EVENTS), self._inbox(keys.COMMANDS)
        await events.open()
        await commands.open()
        identity = Identity(CONFIG.identity, self._doors.slack, self._doors.pagerduty, NoIdentityCache(), HOME)
        direct = NotedDirect(services, identity, self)
        self._taking, self.ready = CommandIntake(CommandLog(services), direct), True
        executor = Executor(services, parts.attempt_runner(services), ProgressReplies(services))
        message_sync = parts.message_sync(services.slack, services.clock, services.durations)
        reconciler = Reconciler(services, ChannelPlanner(services), message_sync)
        async with asyncio.TaskGroup() as group:
            group.create_task(
                repeat_until_stopped(StreamConsumer(events, parts.projector(services).handle).step, services)
            )
            group.create_task(
                repeat_until_stopped(StreamConsumer(commands, CommandDispatcher(services).handle).step, services)
            )
            group.create_task(repeat_until_stopped(direct.catch_up, services))
            group.create_task(
                self._working(services, services.command_queue, "command", executor).run(services.stopping)
            )
            group.create_task(self._working(services, services.dirty_queue, "slack", reconciler).run(services.stopping))
            group.create_task(repeat_until_stopped(self._upkeep(services, message_sync).step, services))
            group.create_task(
                self._working(services, services.enrichment_queue, "briefing", Enricher(services)).run(
                    services.stopping
                )
            )

    async def take(self, ack: Ack, command: Command) -> None:
        """Store a click, or let it go straight to PagerDuty, or say that it was not kept."""
        await self._taking.accept(ack, command)

    async def _wired(self) -> Services:
        redis, parts = self._doors.redis, self._parts
        incidents = on(redis, documents.incidents)
        services = replace(
            Services.build(self._doors, HOME, CONFIG, DURATIONS),
            generation=parts.generation(redis),
            clock=StoreClock(redis, self.process.monotonic),
            incidents=incidents,
            command_queues=on(redis, documents.command_queues),
            slack_states=on(redis, documents.surfaces),
            resync_states=on(redis, documents.progress),
            leases=lambda work: parts.leases(redis, work, DURATIONS.lease, self.process.monotonic),
            expectations=parts.echo(incidents),
            account_cache=AbleToDoEverything(self._doors.pagerduty),
        )
        await services.clock.now_ms()
        await services.generation.current()
        return services

    def _inbox(self, stream: str) -> Inbox:
        return Inbox(self._doors.redis, self._doors.blocking, stream, self.process.name, DURATIONS)

    @staticmethod
    def _working(services: Services, queue: WorkQueue, name: str, work: IncidentTask) -> QueueWorker:
        return QueueWorker(queue, services.leases(name), work, DURATIONS)

    def _upkeep(self, services: Services, message_sync: MessageSync) -> Scheduler:
        resync = self._parts.resync(services, IncidentRepair(services))
        return Scheduler(
            services, resync, self._parts.sweep(services, resync), SubscriptionWatchdog(services), message_sync
        )


class NotedDirect(DirectAcknowledge):
    """The product's own way past the store; `worker` notes what went it."""

    def __init__(self, services: Services, identity: Identity, worker: Core) -> None:
        super().__init__(services, identity)
        self._worker = worker

    async def handle(self, command: Command, ack: Ack = noop_ack) -> None:
        """Note the click, and let it go."""
        self._worker.straight.setdefault(command.id, self._worker.process.monotonic())
        await super().handle(command, ack)


_OPENED: dict[Callable[[Redis], Documents[Any]], Documents[Any]] = {}


def on(redis: Redis, opening: Callable[[Redis], Documents[Value]]) -> Documents[Value]:
    """Open documents on a store, as `opening` does; but making the first of a kind takes long: a schema is compiled."""
    if opening not in _OPENED:
        _OPENED[opening] = opening(redis)
    opened: Documents[Value] = copy(_OPENED[opening])
    opened._redis = redis
    return opened
