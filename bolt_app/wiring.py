"""What the parts of a worker share: made once at start, handed to each of them."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

from bolt_app.catalogue import Catalogue
from shared.authorization import Authorization
from shared.bridge_config import BridgeConfig
from shared.clock import Durations
from shared.echo import Echo
from shared.identity import Identity
from shared.model.incident import Incident
from shared.model.progress import Progress
from shared.model.queue import CommandQueue
from shared.model.surface import Surface
from shared.pagerduty.client import PagerDuty
from shared.slack.client import Slack
from shared.store.audit import Audit
from shared.store.documents import Documents
from shared.store.generation import Generation
from shared.store.journal import Journal
from shared.store.leases import Leases
from shared.store.open_incidents import OpenIncidents
from shared.store.redis import Redis
from shared.store.time import StoreClock
from shared.store.workqueue import WorkQueue


@dataclass
class Wiring:
    """
    The doors, the documents, the queues and the rules of one worker.

    `config` is replaced as a whole when `bridge.toml` is read again. `durable` says whether an append waits for the
    disk. `stopping` is set when the worker is told to end. `leases` makes the leases for one kind of work.
    """

    config: BridgeConfig
    stopping: asyncio.Event
    durations: Durations
    redis: Redis
    durable: bool
    generation: Generation
    clock: StoreClock
    incidents: Documents[Incident]
    command_queues: Documents[CommandQueue]
    surfaces: Documents[Surface]
    progress: Documents[Progress]
    open_incidents: OpenIncidents
    leases: Callable[[str], Leases]
    dirty: WorkQueue
    commands: WorkQueue
    briefings: WorkQueue
    pagerduty: PagerDuty
    slack: Slack
    identity: Identity
    authorization: Authorization
    echo: Echo
    audit: Audit
    catalogue: Catalogue
    journal: Journal = field(init=False)

    def __post_init__(self) -> None:
        self.journal = Journal(self.redis)
