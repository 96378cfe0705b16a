"""The parts that a worker's components share, for those that do not yet get them by name."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from bolt_app.account_cache import AccountCache
from bolt_app.open_incidents import OpenIncidentReader
from bolt_app.visibility import Visibility
from shared.access.authorization import Authorization
from shared.access.identity import Identity
from shared.config.bridge_config import BridgeConfig, LiveConfig
from shared.durations import Durations
from shared.model.command import CommandQueue
from shared.model.incident import Incident
from shared.model.resync_state import ResyncState
from shared.model.slack_state import SlackState
from shared.pagerduty.api.client import PagerDuty
from shared.slack.api.client import Slack
from shared.store.channel_index import OpenIncidents
from shared.store.clock import Generation, StoreClock
from shared.store.coordination import Leases, WorkQueue
from shared.store.documents import Documents, ExpectationStore, Journal
from shared.store.redis import Redis
from shared.store.streams import Audit


@dataclass(frozen=True)
class Services:
    """The doors, the documents, the queues and the rules of one worker."""

    live_config: LiveConfig
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
    journal: Journal
    visibility: Visibility
    open_reader: OpenIncidentReader

    @property
    def config(self) -> BridgeConfig:
        """The `bridge.toml` in force."""
        return self.live_config.current
