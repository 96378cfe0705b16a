"""An incident read for a command is folded into the newest projection, not into the one read with the lease."""

from dataclasses import replace
from typing import Any, cast

from fakeredis import FakeAsyncRedis

from bolt_app.commands.interactive import command_from_button
from bolt_app.write_path.actor_check import fold_into
from shared.model.event import Instant
from shared.model.incident import Incident
from shared.pagerduty.api.transport import Read
from shared.pagerduty.models.incident import RestIncident
from shared.store.coordination import Leases
from shared.store.incidents import JUST_NOW
from tests.bolt_app.built_services import wired
from tests.bolt_app.test_interactive import press
from tests.builders import INCIDENT, NOON, snapshot


async def test_a_later_try_sees_what_was_folded_meanwhile() -> None:
    """A try that comes after a pause begins with the projection of now, also where its read shows nothing new."""
    redis, now = cast("Any", FakeAsyncRedis()), [100.0]
    store = (await wired(redis)).store
    known = Incident(INCIDENT, snapshot=snapshot(), as_of=Instant(NOON))
    await store.incidents.change(INCIDENT, lambda _: known)
    lease = await Leases(redis, "commands", 60.0, now=lambda: now[0]).take(INCIDENT)
    assert lease is not None
    command = replace(command_from_button(press()), incident=INCIDENT)
    read = Read(RestIncident(INCIDENT, snapshot(), Instant(NOON), None, (), ""), Instant(NOON + 1000, 1000))

    await fold_into(store.incidents, store.dirty_queue, command, read, lease)
    await store.incidents.change(INCIDENT, lambda now: replace(now, anew_ms=7))
    now[0] += JUST_NOW

    assert 7 == (await fold_into(store.incidents, store.dirty_queue, command, read, lease)).anew_ms
    await redis.aclose()
