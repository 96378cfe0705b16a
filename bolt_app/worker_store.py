"""A worker's data in the store: documents, queues, indexes, leases and journals, opened on one Redis."""

import time
from collections.abc import Callable
from dataclasses import dataclass

from shared.model.command import CommandQueue
from shared.model.digest import DigestLoad
from shared.model.handover_posts import HandoverPosts
from shared.model.incident_channel import IncidentChannel
from shared.model.resync_state import ResyncState
from shared.model.slack_state import SlackState
from shared.store import document_kinds
from shared.store.channel_index import OpenIncidents
from shared.store.clock import Generation, StoreClock
from shared.store.coordination import Leases, WorkQueue
from shared.store.digests import Digests, digest_load
from shared.store.documents import Documents
from shared.store.incidents import ExpectationStore, Incidents
from shared.store.journal import Journal
from shared.store.losses import Losses
from shared.store.open_homes import OpenHomes
from shared.store.redis import Redis
from shared.store.streams import Audit


@dataclass(frozen=True)
class Store:
    """A worker's data in Redis. If `durable`, an append waits for the disk. `leases` makes those for a kind of work."""

    redis: Redis
    durable: bool
    generation: Generation
    losses: Losses
    clock: StoreClock
    incidents: Incidents
    command_queues: Documents[CommandQueue]
    slack_states: Documents[SlackState]
    resync_states: Documents[ResyncState]
    handover_posts: Documents[HandoverPosts]
    incident_channels: Documents[IncidentChannel]
    digests: Digests
    digest_load: Documents[DigestLoad]
    open_incidents: OpenIncidents
    leases: Callable[[str], Leases]
    dirty_queue: WorkQueue
    command_queue: WorkQueue
    enrichment_queue: WorkQueue
    open_homes: OpenHomes
    handover_queue: WorkQueue
    channel_queue: WorkQueue
    digest_queue: WorkQueue
    summary_queue: WorkQueue
    expectations: ExpectationStore
    audit: Audit
    journal: Journal

    @classmethod
    def on(
        cls, redis: Redis, lease: float, monotonic: Callable[[], float] = time.monotonic, *, durable: bool = True
    ) -> "Store":
        """Put it on `redis`; a lease is held for `lease` seconds."""
        incidents, clock, homes = Incidents(redis), StoreClock(redis, monotonic), WorkQueue(redis, "homes", lease)
        return cls(
            redis=redis,
            durable=durable,
            generation=Generation(redis),
            losses=Losses(redis),
            clock=clock,
            incidents=incidents,
            command_queues=document_kinds.command_queues(redis),
            slack_states=document_kinds.surfaces(redis),
            resync_states=document_kinds.progress(redis),
            handover_posts=document_kinds.handover_posts(redis),
            incident_channels=document_kinds.incident_channels(redis),
            digests=Digests(redis),
            digest_load=digest_load(redis),
            open_incidents=OpenIncidents(redis),
            leases=lambda work: Leases(redis, work, lease, monotonic),
            dirty_queue=WorkQueue(redis, "dirty", lease),
            command_queue=WorkQueue(redis, "commands", lease),
            enrichment_queue=WorkQueue(redis, "briefings", lease),
            open_homes=OpenHomes(redis, homes, clock),
            handover_queue=WorkQueue(redis, "handovers", lease),
            channel_queue=WorkQueue(redis, "channels", lease),
            digest_queue=WorkQueue(redis, "digests", lease),
            summary_queue=WorkQueue(redis, "summaries", lease),
            expectations=ExpectationStore(redis, incidents),
            audit=Audit(redis),
            journal=Journal(redis),
        )
