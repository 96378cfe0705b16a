"""When a thread is asked whether its incident is still worked on: once, at its time, and never in a storm."""

from collections.abc import AsyncIterator
from typing import Any, cast

import pytest
from fakeredis import FakeAsyncRedis

from bolt_app.read_path.reminders import LATER
from bolt_app.worker_parts import BuiltWorker
from shared.config.bridge_config import BridgeConfig
from shared.model.event_types import ACKNOWLEDGED, REMINDED
from shared.model.ids import ChannelId, IncidentId
from shared.model.incident import Incident, fold
from shared.store.channel_index import STORM
from tests.bolt_app.built_services import wired
from tests.builders import INCIDENT, snapshot, webhook

HOME = ChannelId("C0INCIDENTS")
HOUR = 3_600_000


@pytest.fixture
async def built() -> AsyncIterator[BuiltWorker]:
    """Put a worker together that asks about what was left alone for an hour."""
    redis = cast("Any", FakeAsyncRedis())
    worker = await wired(redis)
    reminders = [{"priority": "P9", "after": "1s"}, {"urgency": "high", "after": "1h"}]
    config = {"routing": {"default_channel": HOME}, "reminders": reminders}
    worker.config.current = BridgeConfig.model_validate(config)
    yield worker
    await redis.aclose()


async def acknowledged(built: BuiltWorker, ago_ms: int, incident: IncidentId = INCIDENT) -> Incident:
    """Store an incident that was acknowledged so long ago."""
    at_ms = await built.store.clock.now_ms() - ago_ms
    known = fold(Incident(incident), webhook(ACKNOWLEDGED, at_ms), at_ms).incident
    return (await built.store.incidents.change(incident, lambda _: known)).value


async def look(built: BuiltWorker, known: Incident) -> float | None:
    """Look whether its thread is to be asked."""
    return await built.read_path.reconciler.reminders.ask_if_due(known, known.snapshot or snapshot())


async def test_it_is_asked_when_its_time_has_come(built: BuiltWorker) -> None:
    """Before, it is looked at again at that time; after, there is one line, and nothing more to look at."""
    early = await look(built, await acknowledged(built, HOUR - 60_000))
    assert early is not None
    assert 50 < early <= 60

    assert 0 == await look(built, await acknowledged(built, HOUR + 1))
    asked = (await built.store.incidents.load(INCIDENT)).value
    assert [ACKNOWLEDGED, REMINDED] == [line.type for line in asked.lines]
    assert await look(built, asked) is None


async def test_what_is_not_configured_is_not_asked(built: BuiltWorker) -> None:
    """Without an entry, with one that says never, and where no channel shows the incident."""
    known = await acknowledged(built, 2 * HOUR)
    others: tuple[dict[str, object], ...] = (
        {"reminders": ()},
        {"reminders": [{"urgency": "high", "after": "never"}, {"after": "1h"}]},
        {"routing": {}},
    )
    for changed in others:
        before = built.config.current.model_dump(exclude_none=True)
        config = BridgeConfig.model_validate({**before, **changed})
        built.config.current, kept = config, built.config.current
        assert await look(built, known) is None
        built.config.current = kept


async def test_a_storm_is_not_made_worse(built: BuiltWorker) -> None:
    """While many incidents of the last half hour are open in the channel, it is looked again later."""
    known = await acknowledged(built, 2 * HOUR)
    now_ms = await built.store.clock.now_ms()
    for number in range(STORM + 1):
        await built.store.open_incidents.put(IncidentId(f"QSTORM{number}"), [HOME], now_ms)

    assert LATER == await look(built, known)
    assert known == (await built.store.incidents.load(INCIDENT)).value

    await built.store.open_incidents.drop(IncidentId("QSTORM0"), [HOME])
    assert 0 == await look(built, known)


async def test_many_acknowledged_at_once_are_not_asked_about_at_once(built: BuiltWorker) -> None:
    """Three of them are; the others have to wait for their turn."""
    many = [await acknowledged(built, 2 * HOUR, IncidentId(f"QMANY{number}")) for number in range(5)]

    waits = [await look(built, known) for known in many]

    assert [0, 0, 0] == waits[:3]
    assert all(wait is not None and wait > 0 for wait in waits[3:])
