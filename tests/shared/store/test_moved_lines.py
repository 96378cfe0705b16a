"""Lines that were moved out of a projection, while a lease is held under which it is changed several times."""

from functools import reduce

from shared.model.archive import Told, moved_out
from shared.model.event import Event
from shared.model.event_types import ACKNOWLEDGED, ANNOTATED, RESOLVED
from shared.model.ids import MessageTs
from shared.model.incident import Incident, fold
from shared.store.coordination import Lease, Leases
from shared.store.documents import Step
from shared.store.incidents import Incidents
from shared.store.redis import Redis
from tests.builders import INCIDENT, NOON, answer, webhook

EVENTS = [webhook(ANNOTATED, NOON + number * 10_000) for number in range(30)]


def folded(known: Incident, event: Event) -> Incident:
    """Fold an event."""
    return fold(known, event, NOON).incident


async def fold_answer(incidents: Incidents, event: Event, lease: Lease) -> None:
    """Fold what a call made under the lease brought, with what was moved out and matters to it."""
    await incidents.commit(
        INCIDENT,
        lambda known: Step(folded(known, event), (), ()),
        None,
        load=lambda _: incidents.to_fold(event, lease),
        lease=lease,
    )


async def test_what_two_answers_recall_goes_out_again(redis: Redis) -> None:
    """Two calls of one moment concern a time of which lines were moved out: the document stays small all the same."""
    incidents, lease = Incidents(redis), await Leases(redis, "command", 5.0).take(INCIDENT)
    assert lease is not None
    await incidents.change(INCIDENT, lambda known: reduce(folded, EVENTS, known))
    told: Told = {(line,): MessageTs("1.0") for line in (await incidents.load(INCIDENT)).value.lines}
    left = await incidents.move_out(INCIDENT, lambda known: moved_out(known, told))
    assert left is not None

    for event in (answer(RESOLVED, NOON + 15_000, "c1"), answer(ACKNOWLEDGED, NOON + 15_000, "c2")):
        await fold_answer(incidents, event, lease)

    assert len(left.lines) + 2 == len((await incidents.load(INCIDENT)).value.lines)
    assert len(EVENTS) + 2 == len((await incidents.whole(INCIDENT)).value.lines)
