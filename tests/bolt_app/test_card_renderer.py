"""Until when a card shows old values, and what that costs."""

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any, cast

import pytest
from fakeredis import FakeAsyncRedis

from bolt_app.read_path.channel_sync import CardRenderer
from bolt_app.read_path.reconcile_pass import ReconcilePass
from bolt_app.worker_parts import BuiltWorker, PartTypes
from shared.model.card_content import NOTHING_MORE, CardContent
from shared.model.event import Change, Field
from shared.model.ids import ChannelId, IncidentId, MessageTs
from shared.model.incident import Incident
from shared.model.message_state import MessageState
from shared.model.slack_state import SlackState
from shared.slack.render.blocks import Message
from shared.store.channel_index import STORM
from tests.bolt_app.built_services import wired
from tests.builders import INCIDENT, snapshot
from tests.proof.unrestricted_account import AbleToDoEverything

HOME = ChannelId("C0INCIDENTS")
UNUSED: Any = None
MINUTE = 60_000


@pytest.fixture
async def built() -> AsyncIterator[BuiltWorker]:
    """Put a worker together."""
    redis = cast("Any", FakeAsyncRedis())
    yield await wired(redis, types=PartTypes(account_cache=AbleToDoEverything))
    await redis.aclose()


def renderer(built: BuiltWorker) -> CardRenderer:
    """Find the one of the channels."""
    return built.read_path.reconciler.incident_sync.channel_sync.card_renderer


async def rendered(
    built: BuiltWorker, ago_ms: int, shown: str | None = None, *, changes: bool = True
) -> tuple[Message, float | None]:
    """Render the card, which shows `shown` now, of an incident that changed so long ago, and read when it is due."""
    at_ms = await built.store.clock.now_ms() - ago_ms
    known = Incident(INCIDENT, snapshot=snapshot(), changes=(Change(Field.PRIORITY, "P9", at_ms),))
    this = ReconcilePass(known, snapshot(), UNUSED, SlackState(INCIDENT, channels=(HOME,)), UNUSED, UNUSED)
    state, content = MessageState(MessageTs("1.1"), content_digest=shown), replace(NOTHING_MORE, changes=changes)
    message = await renderer(built).render(this, state, {}, None, content)
    return message, this.again


async def storm(built: BuiltWorker) -> None:
    """Let many incidents be open in the channel."""
    now_ms = await built.store.clock.now_ms()
    for number in range(STORM + 1):
        await built.store.open_incidents.put(IncidentId(f"QSTORM{number}"), [HOME], now_ms)


async def test_it_is_rendered_again_when_the_time_is_over(built: BuiltWorker) -> None:
    """For ten minutes from the change on; a clock that is ahead makes it no longer."""
    for ago_ms, seconds in ((4 * MINUTE, 360), (-MINUTE, 600)):
        message, again = await rendered(built, ago_ms)

        assert "~P9~" in str(message.blocks)
        assert again is not None
        assert again == pytest.approx(seconds, abs=30)


async def test_after_that_nothing_is_struck_through(built: BuiltWorker) -> None:
    """Also where the card shows it still: then it is edited, once."""
    before, _ = await rendered(built, MINUTE)

    after, again = await rendered(built, 11 * MINUTE, before.digest)

    assert "~P9~" not in str(after.blocks)
    assert again is None


async def test_a_storm_gets_no_edit_for_it(built: BuiltWorker) -> None:
    """The card stays as it is until something else is edited, or the storm is over."""
    before, _ = await rendered(built, MINUTE)
    await storm(built)

    kept, again = await rendered(built, 11 * MINUTE, before.digest)
    other, _ = await rendered(built, 11 * MINUTE, "another digest")

    assert before.digest == kept.digest
    assert built.durations.resync == again
    assert "~P9~" not in str(other.blocks)


async def test_where_it_is_not_chosen_nothing_is_due(built: BuiltWorker) -> None:
    """The card is as ever, and no pass is asked for."""
    message, again = await rendered(built, MINUTE, changes=False)

    assert "~P9~" not in str(message.blocks)
    assert again is None
    assert not CardContent().changes
