"""
Negative controls: the bridge with one guard taken out, each by name. The oracle has to notice.

An oracle that never finds anything proves nothing; each control says in which share of the days of its worst mix
something must be found.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from bolt_app.read_path.message_sync import Kept, MessageSync, MessageTarget
from bolt_app.resync.incident_resync import IncidentResync
from bolt_app.resync.resync_pass import ResyncPass
from bolt_app.resync.slack_sweep import SlackSweep
from bolt_app.worker_parts import PartTypes
from bolt_app.worker_store import Store
from bolt_app.write_path.attempt import AttemptRunner, Execution
from shared.model.command import CommandQueue, Expectation
from shared.model.event import Event
from shared.model.ids import IncidentId
from shared.model.incident import Folded, Incident, fold
from shared.model.message_state import Look, MessageState, Step
from shared.model.resync_state import ResyncState
from shared.slack.render.blocks import Message
from shared.store.clock import Birth, Generation
from shared.store.coordination import Lease, Leases
from shared.store.documents import Documents
from shared.store.incidents import ExpectationStore
from tests.proof.naive_bridge import NaiveWorker
from tests.proof.simulated_worker import Breakage


class NoEcho(ExpectationStore):
    """Expects nothing, so that no event is ever taken for the echo of a command."""

    async def expect(
        self,
        expectation: Expectation,
        begun: Callable[[CommandQueue], CommandQueue],
        queues: Documents[CommandQueue],
        lease: Lease,
    ) -> None:
        """Note only that the call has begun."""
        del expectation
        await queues.change(lease.incident, begun, lease)


class NoLook(MessageSync):
    """Posts again after an unclear post without looking whether it arrived."""

    async def _carry_out(
        self, step: Step, message: Message, state: MessageState, target: MessageTarget[Kept]
    ) -> MessageState:
        if isinstance(step, Look):
            return state.found(None, 0.0)
        return await super()._carry_out(step, message, state, target)


class NoWait(MessageSync):
    """Looks, repeats and believes at once after an unclear call, which may still land."""

    async def _unsettled(self, _until_ms: int | None, _at_ms: int | None = None) -> float:
        return 0.0


class NoReadBack(AttemptRunner):
    """Does not look whether an unclear call took effect before it goes on as if nothing had been sent."""

    async def _find_earlier_effect(self, _attempt: Execution, _case: object) -> None:
        return None


class NoFencing(Leases):
    """Gives leases that never seem to be lost, and whose holder may write whatever happened meanwhile."""

    async def take(self, incident: IncidentId) -> Lease | None:
        """Take the lease, and forget its number: with 0 nothing is compared."""
        lease = await super().take(incident)
        return lease and Lease(self, incident, 0, float("inf"))

    async def renew(self, _lease: Lease) -> float:
        """Believe that it is held."""
        return float("inf")


class NoResync(IncidentResync):
    """Begins, and compares nothing."""

    async def run(self, this: ResyncPass, progress: ResyncState) -> None:
        """Look at nothing."""


class NoSweep(SlackSweep):
    """Leaves Slack as it is."""

    async def sweep(self, this: ResyncPass) -> None:
        """Look at nothing."""


class NoGeneration(Generation):
    """Takes an empty store for one that has never had any data, and any data for those that were always there."""

    async def current(self) -> Birth:
        """Say that it is the same as ever."""
        return Birth("always", 0)


def newest_arrival_wins(incident: Incident, event: Event, now_ms: int, pagerduty_ms: int | None) -> Folded:
    """Fold without `as_of`: whatever comes last is taken for the newest."""
    return fold(replace(incident, as_of=None), event, now_ms, pagerduty_ms)


def ties_are_guessed(incident: Incident, event: Event, now_ms: int, pagerduty_ms: int | None) -> Folded:
    """Fold without asking PagerDuty where times cannot decide."""
    folded = fold(incident, event, now_ms, pagerduty_ms)
    return replace(folded, incident=replace(folded.incident, needs_read=folded.incident.snapshot is None))


def without_echo(store: Store) -> Store:
    """Take out the recognition of echoes."""
    return replace(store, expectations=NoEcho(store.redis, store.incidents))


def without_fencing(store: Store) -> Store:
    """Take out the fencing tokens."""

    def leases(work: str) -> Leases:
        usual = store.leases(work)
        return NoFencing(store.redis, work, usual.lasts, usual.now)

    return replace(store, leases=leases)


def without_generation(store: Store) -> Store:
    """Take out the noticing of lost data."""
    return replace(store, generation=NoGeneration(store.redis))


@dataclass(frozen=True)
class Control:
    """A bridge without a guard, the mix in which that shows most, and the share of its days in which it must show."""

    name: str
    mix: str
    share: float
    breaks: Breakage = field(default_factory=Breakage)


CONTROLS = {
    control.name: control
    for control in (
        Control("echo matching", "calm", 0.4, Breakage(store=without_echo)),
        Control("as_of", "ties", 0.2, Breakage(PartTypes(fold_rule=newest_arrival_wins))),
        Control("look before repeat in Slack", "late", 0.15, Breakage(PartTypes(message_sync=NoLook, sweep=NoSweep))),
        Control("fencing", "sleepers", 0.03, Breakage(store=without_fencing)),
        Control("wait on takeover", "late", 0.03, Breakage(PartTypes(message_sync=NoWait, sweep=NoSweep))),
        Control("tie rule", "ties", 0.015, Breakage(PartTypes(fold_rule=ties_are_guessed))),
        Control("read-back before repeat in PagerDuty", "late", 0.06, Breakage(PartTypes(attempt_runner=NoReadBack))),
        Control("resync", "lost-deliveries", 0.5, Breakage(PartTypes(resync=NoResync))),
        Control("sweep", "held", 0.05, Breakage(PartTypes(sweep=NoSweep))),
        Control("generation key", "lost-data", 0.3, Breakage(store=without_generation)),
        Control("naive bridge", "disorder", 0.8, Breakage(worker=NaiveWorker)),
    )
}
