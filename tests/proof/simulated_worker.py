"""One worker of the simulation: the real core, built as the product builds it, over the models' doors and clock."""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial

from bolt_app.build import build_worker
from bolt_app.worker_parts import BuiltWorker, Clients, Options, PartTypes
from bolt_app.worker_store import Store
from bolt_app.write_path.direct_acknowledge import Ack, DirectAcknowledge
from shared.config.bridge_config import BridgeConfig, LiveConfig
from shared.durations import Durations
from shared.model.command import Command
from shared.model.ids import CommandId
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
class Breakage:
    """What a negative control breaks: parts of the core, something in its store, or the whole `worker`."""

    types: PartTypes = field(default_factory=PartTypes)
    store: Callable[[Store], Store] = lambda store: store
    worker: "Callable[[Process, Clients, Breakage], Core] | None" = None


class SimulatedWorker(Core):
    """The real core; `run` does everything that the real worker does, but for its sockets and its health."""

    def __init__(self, process: Process, clients: Clients, breakage: Breakage) -> None:
        super().__init__(process)
        self._clients = clients
        self._breakage = breakage
        self._built: BuiltWorker

    async def run(self) -> None:
        """Work until cancelled."""
        store = self._breakage.store(Store.on(self._clients.redis, DURATIONS.lease, self.process.monotonic))
        await store.clock.now_ms()
        await store.generation.current()
        noted = partial(NotedDirect, worker=self)
        types = replace(self._breakage.types, account_cache=AbleToDoEverything, direct=noted)
        options = Options(self.process.name)
        self._built = build_worker(self._clients, HOME, LiveConfig(CONFIG), DURATIONS, store, options, types)
        await self._built.open_streams()
        self.ready = True
        async with asyncio.TaskGroup() as group:
            for loop in self._built.loops():
                group.create_task(loop)

    async def take(self, ack: Ack, command: Command) -> None:
        """Store a click, or let it go straight to PagerDuty, or say that it was not kept."""
        await self._built.write_path.command_intake.accept(ack, command)


@dataclass(frozen=True)
class NotedDirect(DirectAcknowledge):
    """The product's own way past the store; `worker` notes what went it."""

    worker: Core = field(kw_only=True)

    async def handle(self, command: Command, ack: Ack) -> None:
        """Note the click, and let it go."""
        self.worker.straight.setdefault(command.id, self.worker.process.monotonic())
        await super().handle(command, ack)
