"""The parts that a worker's components share, built once at start."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

from bolt_app.account_cache import AccountCache
from shared.access.authorization import Authorization
from shared.access.identity import Identity
from shared.config.bridge_config import BridgeConfig
from shared.durations import Durations
from shared.model.command import CommandQueue
from shared.model.incident import Incident
from shared.model.resync_state import ResyncState
from shared.model.slack_state import SlackState
from shared.pagerduty.api.client import PagerDuty
from shared.slack.api.client import Slack, SlackIdentity
from shared.store import documents
from shared.store.channel_index import OpenIncidents
from shared.store.clock import Generation, StoreClock
from shared.store.coordination import Leases, WorkQueue
from shared.store.documents import Documents, ExpectationStore, Journal
from shared.store.identity_cache import IdentityCache
from shared.store.redis import Redis
from shared.store.streams import Audit


@dataclass(frozen=True)
class Clients:
    """The clients that a worker opens at start and closes at its end."""

    redis: Redis
    blocking: Redis
    slack: Slack
    pagerduty: PagerDuty


@dataclass
class Services:
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
    slack_states: Documents[SlackState]
    resync_states: Documents[ResyncState]
    open_incidents: OpenIncidents
    leases: Callable[[str], Leases]
    dirty_queue: WorkQueue
    command_queue: WorkQueue
    enrichment_queue: WorkQueue
    pagerduty: PagerDuty
    slack: Slack
    identity: Identity
    authorization: Authorization
    expectations: ExpectationStore
    audit: Audit
    account_cache: AccountCache
    journal: Journal = field(init=False)

    @classmethod
    def build(cls, clients: Clients, home: SlackIdentity, config: BridgeConfig, durations: Durations) -> "Services":
        """Wire a worker's parts in the usual way, on a store that is durable; `replace` puts in what is not usual."""
        redis, slack, pagerduty, lease = clients.redis, clients.slack, clients.pagerduty, durations.lease
        incidents = documents.incidents(redis)
        return cls(
            config=config,
            stopping=asyncio.Event(),
            durations=durations,
            redis=redis,
            durable=True,
            generation=Generation(redis),
            clock=StoreClock(redis),
            incidents=incidents,
            command_queues=documents.command_queues(redis),
            slack_states=documents.surfaces(redis),
            resync_states=documents.progress(redis),
            open_incidents=OpenIncidents(redis),
            leases=lambda work: Leases(redis, work, lease),
            dirty_queue=WorkQueue(redis, "dirty", lease),
            command_queue=WorkQueue(redis, "commands", lease),
            enrichment_queue=WorkQueue(redis, "briefings", lease),
            pagerduty=pagerduty,
            slack=slack,
            identity=Identity(config.identity, slack, pagerduty, IdentityCache(redis), home),
            authorization=Authorization(config.authorization, pagerduty),
            expectations=ExpectationStore(incidents),
            audit=Audit(redis),
            account_cache=AccountCache(pagerduty),
        )

    def __post_init__(self) -> None:
        self.journal = Journal(self.redis)
