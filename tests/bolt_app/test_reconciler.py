"""What the reconciler shows when PagerDuty cannot be understood."""

from dataclasses import replace
from typing import Any, cast

import pytest
from fakeredis import FakeAsyncRedis

from bolt_app.read_path.reconcile_pass import ReconcilePass
from shared.errors import Malformed
from shared.model.event import Instant
from shared.model.ids import ChannelId, IncidentId
from shared.model.incident import Incident
from shared.model.slack_state import SlackState
from tests.bolt_app.built_services import wired
from tests.builders import INCIDENT, NOON, snapshot


class Gibberish:
    """A PagerDuty whose answers nobody understands."""

    async def incident(self, _incident: IncidentId) -> None:
        """Answer."""
        raise Malformed("something else in place of an incident")


class RecordingSync:
    """Records the passes instead of writing to Slack; each is due `again` in so many seconds."""

    def __init__(self, again: float | None) -> None:
        self.passes: list[ReconcilePass] = []
        self.again = again

    async def run(self, this: ReconcilePass) -> float | None:
        """Record the pass."""
        self.passes.append(this)
        return self.again


@pytest.mark.parametrize("again", [None, 600.0], ids=["nothing else is due", "old values end in ten minutes"])
async def test_a_tie_that_cannot_be_read_does_not_keep_the_card_away(again: float | None) -> None:
    """PagerDuty's answer makes no sense: what the webhooks told is shown, and it is asked again soon."""
    redis = cast("Any", FakeAsyncRedis())
    built = await wired(redis, pagerduty=Gibberish())
    known = Incident(INCIDENT, snapshot=replace(snapshot(), teams=()), as_of=Instant(NOON), needs_read=True)
    await built.store.incidents.change(INCIDENT, lambda _: known)
    surface = SlackState(INCIDENT, generation="this", channels=(ChannelId("C0"),))
    await built.store.slack_states.change(INCIDENT, lambda _: surface)
    lease = await built.store.leases("slack").take(INCIDENT)
    assert lease

    recording = RecordingSync(again)
    due_in = await replace(built.read_path.reconciler, incident_sync=cast("Any", recording)).run(INCIDENT, lease)

    assert [known.snapshot] == [this.snapshot for this in recording.passes]
    assert built.durations.retry_max == due_in
    await redis.aclose()
