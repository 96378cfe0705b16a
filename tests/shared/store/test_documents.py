"""Documents, leases and the work queue: the atomic steps that ownership rests on."""

import asyncio
from dataclasses import replace

import pytest

from shared.errors import FencedOff
from shared.model.actions import Action
from shared.model.command import Command, CommandRecord, SlackActor
from shared.model.ids import ChannelId, CommandId, MessageTs, SlackUserId
from shared.model.incident import Incident, fold
from shared.model.journal import fact
from shared.model.message_state import MessageState
from shared.store import document_kinds
from shared.store.coordination import Due, Lease, Leases, WorkQueue
from shared.store.documents import Step
from shared.store.incidents import ExpectationStore, Incidents
from shared.store.journal import Journal
from shared.store.redis import Redis
from shared.store.streams import append
from tests.builders import INCIDENT, NOON, expectation, webhook


async def test_a_document_reads_back_as_it_was_stored(redis: Redis) -> None:
    """A projection with everything in it survives the store."""
    stored = Incidents(redis)
    start = replace(Incident(INCIDENT), expectations=(expectation("incident.acknowledged", NOON, "c1"),))
    full = fold(start, webhook("incident.acknowledged", NOON + 5), NOON).incident

    await stored.change(INCIDENT, lambda _: full)

    assert full == (await stored.load(INCIDENT)).value


async def test_changes_of_two_writers_both_count(redis: Redis) -> None:
    """A rule that lost the race is applied again to what the other one stored."""
    surfaces = document_kinds.surfaces(redis)

    async def place(channel: str) -> None:
        await surfaces.change(INCIDENT, lambda s: s.with_card(ChannelId(channel), MessageState(ts=MessageTs("1.0"))))

    await asyncio.gather(*(place(f"C{n}") for n in range(8)))

    assert 8 == len((await surfaces.load(INCIDENT)).value.cards)


async def test_a_stale_revision_is_not_stored(redis: Redis) -> None:
    """Compare-and-set: what was read before somebody else wrote cannot be written over it."""
    surfaces = document_kinds.surfaces(redis)
    before = await surfaces.load(INCIDENT)
    await surfaces.change(INCIDENT, lambda s: replace(s, generation="one"))

    assert not await surfaces.swap(INCIDENT, before, replace(before.value, generation="two"))
    assert "one" == (await surfaces.load(INCIDENT)).value.generation


async def test_only_one_holds_a_lease(redis: Redis) -> None:
    """While somebody holds the incident nobody else gets it; once it is given up, the next one does."""
    leases = Leases(redis, "slack", 5.0)
    first = await leases.take(INCIDENT)
    assert first is not None
    assert await leases.take(INCIDENT) is None

    await first.release()
    second = await leases.take(INCIDENT)

    assert second is not None
    assert first.epoch != second.epoch


async def test_whoever_lost_the_lease_cannot_write(redis: Redis) -> None:
    """A worker that slept through its lease is fenced off, even before the next owner has written anything."""
    leases, surfaces = Leases(redis, "slack", 5.0), document_kinds.surfaces(redis)
    sleeper = await leases.take(INCIDENT)
    assert sleeper is not None
    await redis.delete(f"pb:{{work}}:{INCIDENT}:lease:slack")
    await leases.take(INCIDENT)

    with pytest.raises(FencedOff):
        await surfaces.change(INCIDENT, lambda s: replace(s, generation="mine"), sleeper)


async def test_what_was_just_read_under_a_lease_is_not_read_again(redis: Redis) -> None:
    """Others fold into it meanwhile: once it is older than its reader bears it is read again."""
    now = [100.0]
    lease, incidents = await Leases(redis, "command", 5.0, now=lambda: now[0]).take(INCIDENT), Incidents(redis)
    assert lease is not None
    await incidents.load(INCIDENT, lease)
    await incidents.change(INCIDENT, lambda known: replace(known, needs_read=True))

    just_now = await incidents.load(INCIDENT, lease, 0.5)
    now[0] += 0.5
    anew = await incidents.load(INCIDENT, lease, 0.5)

    assert (0, 1) == (just_now.revision, anew.revision)


async def test_what_is_left_as_it_is_was_read(redis: Redis) -> None:
    """An event that would change nothing of what the lease holds is folded into what is there now."""
    lease, incidents = await Leases(redis, "command", 5.0).take(INCIDENT), Incidents(redis)
    assert lease is not None
    await incidents.load(INCIDENT, lease)
    await incidents.change(INCIDENT, lambda known: replace(known, needs_read=True))

    await incidents.commit(
        INCIDENT,
        lambda known: Step(replace(known, needs_read=False), (), ()),
        None,
        load=lambda _: incidents.load(INCIDENT, lease, 60.0),
        lease=lease,
    )

    assert not (await incidents.load(INCIDENT)).value.needs_read


async def test_a_call_and_its_echo_are_recorded_together(redis: Redis) -> None:
    """Neither is stored while one of them has moved on, or once the lease is lost."""
    lease, incidents = await Leases(redis, "command", 5.0).take(INCIDENT), Incidents(redis)
    queues, expected = document_kinds.command_queues(redis), expectation("incident.acknowledged", NOON, "c1")
    assert lease is not None
    alice, channel = SlackActor(SlackUserId("U0ALICE"), "T0"), ChannelId("C0")
    command = Command(expected.command, Action.ACKNOWLEDGE, INCIDENT, alice, channel, None, "")
    record = CommandRecord(command, accepted_ms=1)
    await queues.change(INCIDENT, lambda queue: queue.appended(record), lease)
    begun, store = replace(record, calls=1), ExpectationStore(redis, incidents)
    later = replace(expected, command=CommandId("c2"))
    await incidents.load(INCIDENT, lease)
    await incidents.change(INCIDENT, lambda known: replace(known, needs_read=True))

    await store.expect(expected, lambda queue: queue.replaced(begun), queues, lease)

    known, queue = (await incidents.load(INCIDENT)).value, (await queues.load(INCIDENT)).value
    assert ((expected,), True, (begun,)) == (known.expectations, known.needs_read, queue.records)
    facts = [entry.fact.name for entry in await Journal(redis).read(INCIDENT)]
    assert ["command.queued", "incident.unread", "echo.expected", "call.begun"] == facts
    await Leases(redis, "command", 5.0).take(INCIDENT)
    await redis.set(f"pb:{{work}}:{INCIDENT}:epoch:command", "other")
    with pytest.raises(FencedOff):
        await store.expect(later, lambda queue: queue.replaced(record), queues, lease)
    assert (expected,) == (await incidents.load(INCIDENT)).value.expectations


async def test_a_lease_that_runs_out_is_prolonged_or_lost(redis: Redis) -> None:
    """The check before a call prolongs a lease with too little time left, and fails when it is gone."""
    now = [100.0]
    leases = Leases(redis, "slack", 5.0, now=lambda: now[0])
    lease = await leases.take(INCIDENT)
    assert lease is not None
    now[0] += 4.0

    await lease.check(3.0)
    await redis.delete(f"pb:{{work}}:{INCIDENT}:lease:slack")
    await lease.check(3.0)
    now[0] += 4.0

    with pytest.raises(FencedOff):
        await lease.check(3.0)


async def test_a_renewal_whose_answer_comes_late_is_not_believed(redis: Redis) -> None:
    """The worker sleeps while it waits for the answer, until another one may have the incident: it is asked again."""
    now = [100.0]

    class Sleeping(Leases):
        async def renew(self, lease: Lease) -> float:
            until = await super().renew(lease)
            now[0] += 6.0
            await redis.delete(f"pb:{{work}}:{INCIDENT}:lease:slack")
            return until

    lease = await Sleeping(redis, "slack", 5.0, now=lambda: now[0]).take(INCIDENT)
    assert lease is not None
    now[0] += 4.0
    with pytest.raises(FencedOff):
        await lease.check(3.0)


async def test_a_marked_incident_is_taken_once_and_finished(redis: Redis) -> None:
    """Many marks are one piece of work; finished, nothing is left."""
    queue = WorkQueue(redis, "dirty", 5.0)
    for _ in range(3):
        await queue.mark(INCIDENT)

    due = await queue.take()
    assert isinstance(due, Due)
    hidden = await queue.take()
    assert isinstance(hidden, float)
    await queue.finish(due)

    assert await queue.take() is None


async def test_a_mark_during_the_work_is_not_lost(redis: Redis) -> None:
    """What came up while a pass was under way makes the incident due again at once."""
    queue = WorkQueue(redis, "dirty", 5.0)
    await queue.mark(INCIDENT)
    due = await queue.take()
    assert isinstance(due, Due)

    await queue.mark(INCIDENT)
    await queue.finish(due, 60.0)

    assert isinstance(await queue.take(), Due)


async def test_work_that_goes_on_later_is_due_later(redis: Redis) -> None:
    """A pass may ask to be repeated after a while."""
    queue = WorkQueue(redis, "dirty", 5.0)
    await queue.mark(INCIDENT)
    due = await queue.take()
    assert isinstance(due, Due)

    await queue.finish(due, 60.0)

    left = await queue.take()
    assert isinstance(left, float)
    assert 55.0 < left <= 60.0


async def test_a_worker_that_comes_back_late_takes_nobodys_mark_away(redis: Redis) -> None:
    """A took the incident and stalled, B finished it, it was marked anew: A's finish leaves the new mark alone."""
    queue = WorkQueue(redis, "dirty", 0.0)
    await queue.mark(INCIDENT)
    stalled = await queue.take()
    second = await queue.take()
    assert isinstance(stalled, Due)
    assert isinstance(second, Due)
    await queue.finish(second)
    await queue.mark(INCIDENT)

    await queue.finish(stalled)

    assert isinstance(await queue.take(), Due)


async def test_what_was_noted_is_stored_with_the_end_of_the_pass(redis: Redis) -> None:
    """Also if another writer came in between: it is applied to what that one stored."""
    queue, surfaces = WorkQueue(redis, "dirty", 5.0), document_kinds.surfaces(redis)
    await queue.mark(INCIDENT)
    due = await queue.take(Leases(redis, "slack", 5.0), ("slack",))
    assert isinstance(due, Due)
    assert due.lease is not None

    noted = await surfaces.note(INCIDENT, lambda s: s.closed(ChannelId("C0")), due.lease)
    await surfaces.change(INCIDENT, lambda s: replace(s, generation="another"))
    await queue.finish(due)

    stored = (await surfaces.load(INCIDENT)).value
    assert {ChannelId("C0")} == noted.value.waiting == stored.waiting
    assert "another" == stored.generation
    assert await queue.take() is None


async def test_an_entry_that_changes_nothing_is_only_taken_off_its_stream(redis: Redis) -> None:
    """Its facts are in the journal; the document is as old as before, and nobody has to look at the incident."""
    queue, surfaces = WorkQueue(redis, "dirty", 5.0), document_kinds.surfaces(redis)
    entry = await append(redis, "s", {"body": b"x"}, wait_for_disk=False)

    await surfaces.commit(INCIDENT, lambda s: Step(s, (fact("event.folded"),), (queue,)), ("s", entry))

    assert 0 == (await surfaces.load(INCIDENT)).revision
    assert await queue.take() is None
    assert [fact("event.folded")] == [noted.fact for noted in await Journal(redis).read(INCIDENT)]
    assert 0 == await redis.xlen("s")
