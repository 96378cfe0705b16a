"""What becomes of a command when something goes wrong that nobody foresaw, and what its clicker reads of it."""

import asyncio
import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any, cast

import pytest
from fakeredis import FakeAsyncRedis
from structlog.testing import capture_logs

from bolt_app.consumers import QueueWorker
from bolt_app.replies.outcome_text import Part
from bolt_app.worker_parts import PartTypes
from bolt_app.write_path.actor_check import Trail
from bolt_app.write_path.attempt import AttemptRunner, Execution
from bolt_app.write_path.progress_replies import ProgressReplies
from pagebridge.cli.incident_story import AUDITED, told
from pagebridge.cli.names import Names
from shared.errors import FencedOff, StoreDown
from shared.model.actions import Action
from shared.model.command import ActionParams, Command, CommandQueue, CommandRecord, SlackActor, split
from shared.model.event import Ref
from shared.model.ids import ChannelId, CommandId, IncidentId, SlackUserId, UserId
from shared.model.journal import AuditEntry, Decision
from shared.model.outcome import Kind, Outcome
from shared.model.permissions import Warrant
from shared.store import keys
from shared.store.coordination import Lease
from shared.store.documents import Stored
from shared.store.redis import connect
from shared.store.streams import Audit
from tests.bolt_app.built_services import wired
from tests.builders import INCIDENT
from tests.servers import lent_valkey, program

COMMAND = Command(
    CommandId("c1"), Action.ACKNOWLEDGE, INCIDENT, SlackActor(SlackUserId("U0ALICE"), "T0"), ChannelId("C0"), None, ""
)


async def _fail() -> None:
    raise ZeroDivisionError("nobody foresaw this")


class Broken(AttemptRunner):
    """A try that fails in a way that nobody foresaw; with a text, after it has begun a call."""

    async def run(self, attempt: Execution) -> Outcome:
        """Fail."""
        if attempt.record.command.params.text and not attempt.record.calls:
            await self.calls.send(attempt, _fail)
        raise ZeroDivisionError("nobody foresaw this")


@dataclass(frozen=True)
class Told(ProgressReplies):
    """Remembers what the clicker is told at the end."""

    outcomes: list[Outcome] = field(default_factory=list)

    async def progress(self, attempt: Execution) -> None:
        """Tell nothing on the way."""
        del attempt

    async def final(self, attempt: Execution, outcome: Outcome) -> None:
        """Remember it."""
        del attempt
        self.outcomes.append(outcome)


@pytest.mark.parametrize(("sent", "kind"), [(False, Kind.EXPIRED), (True, Kind.UNKNOWN)])
async def test_a_command_that_fails_for_an_unforeseen_reason_ends_and_is_told(sent: bool, kind: Kind) -> None:  # noqa: FBT001 -- of the table
    """It is tried while it lives, then its clicker hears the truth, and the next command has its turn."""
    redis = cast("Any", FakeAsyncRedis())
    breaks = PartTypes(attempt_runner=Broken)
    built = await wired(redis, types=breaks, command_lifetime=0.3, call_max=0.3, retry_first=0.05)
    store = built.store
    command = replace(COMMAND, params=replace(COMMAND.params, text="x" if sent else ""))
    record = CommandRecord(command, accepted_ms=await store.clock.now_ms())
    await store.command_queues.change(INCIDENT, lambda queue: queue.appended(record))
    lease = await store.leases("command").take(INCIDENT)
    assert lease
    progress_replies = Told(**vars(built.write_path.executor.progress_replies))

    with capture_logs() as logged:
        assert await replace(built.write_path.executor, progress_replies=progress_replies).run(INCIDENT, lease) is None

    [outcome] = progress_replies.outcomes
    assert kind is outcome.kind
    assert outcome.reference
    queue: CommandQueue = (await store.command_queues.load(INCIDENT)).value
    assert () == queue.open()
    assert "command.broken" in {entry["event"] for entry in logged}
    await redis.aclose()


class Stale(AttemptRunner):
    """A try that finds the incident resolved."""

    async def run(self, attempt: Execution) -> Outcome:
        """Decline."""
        del attempt
        return Outcome(Kind.STALE)


class Slow(AttemptRunner):
    """A try that succeeds once its clicker is being told that it is on its way."""

    async def run(self, attempt: Execution) -> Outcome:
        """Succeed."""
        while not attempt.replies_sent:  # noqa: ASYNC110 -- it is counted, not signalled
            await asyncio.sleep(0.01)
        return Outcome(Kind.DONE)


class Gone(Audit):
    """An audit at which the worker comes to an end."""

    async def record(self, entry: AuditEntry) -> None:
        """Fail."""
        del entry
        raise StoreDown("the worker ends here")


@dataclass
class Answers:
    """A Slack that takes private answers, the first of them slowly."""

    texts: list[str] = field(default_factory=list)

    async def respond(self, _url: str, *, text: str, **_: object) -> None:
        """Take one."""
        await asyncio.sleep(0 if self.texts else 0.2)
        self.texts.append(text)


async def test_a_decided_command_is_told_and_not_tried_again() -> None:
    """A worker dies before the clicker reads that it was declined: the next one tells just that, and does nothing."""
    redis = cast("Any", FakeAsyncRedis())
    first, second = [await wired(redis, types=PartTypes(attempt_runner=runner)) for runner in (Stale, Slow)]
    store = first.store
    record = CommandRecord(COMMAND, accepted_ms=await store.clock.now_ms())
    await store.command_queues.change(INCIDENT, lambda queue: queue.appended(record))
    lease = await store.leases("command").take(INCIDENT)
    assert lease
    progress_replies = Told(**vars(first.write_path.executor.progress_replies))

    with pytest.raises(StoreDown):
        await replace(first.write_path.executor, audit=Gone(redis)).run(INCIDENT, lease)
    await replace(second.write_path.executor, progress_replies=progress_replies).run(INCIDENT, lease)

    assert [Kind.STALE] == [outcome.kind for outcome in progress_replies.outcomes]
    assert () == (await store.command_queues.load(INCIDENT)).value.open()
    await redis.aclose()


@dataclass
class TakenOver(Answers):
    """A Slack at whose answer the worker's lease is lost, the first time."""

    redis: Any = None

    async def respond(self, _url: str, *, text: str, **_: object) -> None:
        """Take one."""
        if not self.texts:
            await self.redis.delete(keys.of_incident(INCIDENT, "lease:command"))
            await self.redis.set(keys.of_incident(INCIDENT, "epoch:command"), "1")
        self.texts.append(text)


async def test_an_end_that_is_told_but_not_on_record_is_not_told_again() -> None:
    """The store does not take that the clicker was told: the worker records it with its next lease, and is silent."""
    redis = cast("Any", FakeAsyncRedis())
    built = await wired(redis, types=PartTypes(attempt_runner=Stale))
    store, slack = built.store, TakenOver(redis=redis)
    record = CommandRecord(replace(COMMAND, response_url="https://x"), accepted_ms=await store.clock.now_ms())
    await store.command_queues.change(INCIDENT, lambda queue: queue.appended(record))
    replies = replace(built.write_path.executor.progress_replies, slack=cast("Any", slack))
    executor = replace(built.write_path.executor, progress_replies=replies)
    leases = [await store.leases("command").take(INCIDENT)]
    assert leases[0]

    with pytest.raises(FencedOff):
        await executor.run(INCIDENT, leases[0])
    leases.append(await store.leases("command").take(INCIDENT))
    assert leases[1]
    await executor.run(INCIDENT, leases[1])

    assert 1 == len(slack.texts)
    assert () == (await store.command_queues.load(INCIDENT)).value.open()
    await redis.aclose()


async def test_what_ended_here_before_a_loss_ends_so() -> None:
    """The store has it as waiting, as it was before: it is told as it was decided, and not tried again."""
    redis = cast("Any", FakeAsyncRedis())
    built = await wired(redis, types=PartTypes(attempt_runner=Broken), command_lifetime=0.3)
    store, now_ms = built.store, await built.store.clock.now_ms()
    record = CommandRecord(COMMAND, accepted_ms=now_ms)
    await store.command_queues.change(INCIDENT, lambda queue: queue.appended(record))
    store.losses.end(replace(record, calls=1, outcome=Outcome(Kind.STALE)))
    store.losses.doubt_ms = now_ms + 1
    lease = await store.leases("command").take(INCIDENT)
    assert lease
    told = Told(**vars(built.write_path.executor.progress_replies))

    await replace(built.write_path.executor, progress_replies=told).run(INCIDENT, lease)

    assert [Kind.STALE] == [outcome.kind for outcome in told.outcomes]
    assert () == (await store.command_queues.load(INCIDENT)).value.open()
    await redis.aclose()


async def test_a_command_that_comes_with_the_end_of_another_is_carried_out() -> None:
    """It is put into the queue just before it is looked whether there is more: it ends, and its clicker is told."""
    redis = cast("Any", FakeAsyncRedis())
    built = await wired(redis, types=PartTypes(attempt_runner=Stale))
    store, queues, now_ms = built.store, built.store.command_queues, await built.store.clock.now_ms()
    first, second = (CommandRecord(replace(COMMAND, id=CommandId(name)), accepted_ms=now_ms) for name in ("c1", "c2"))
    await queues.change(INCIDENT, lambda queue: queue.appended(first), marks=(store.command_queue,))
    told, load, stopping = Told(**vars(built.write_path.executor.progress_replies)), queues.load, asyncio.Event()
    executor = replace(built.write_path.executor, progress_replies=told)

    async def crowded(
        incident: IncidentId, lease: Lease | None = None, kept_for: float | None = None
    ) -> Stored[CommandQueue]:
        found = await load(incident, lease, kept_for)
        if told.outcomes and kept_for != math.inf:  # as the load of a change has it
            await queues.change(INCIDENT, lambda queue: queue.appended(second), marks=(store.command_queue,))
        return found

    queues.load = crowded  # type: ignore[method-assign] # the moment between two steps
    worker = QueueWorker(store.command_queue, store.leases("command"), executor, built.durations, store.clock)
    async with asyncio.timeout(5), asyncio.TaskGroup() as group:
        group.create_task(worker.run(stopping))
        while len(told.outcomes) < len((first, second)):  # noqa: ASYNC110 -- it is counted, not signalled
            await asyncio.sleep(0.01)
        stopping.set()

    assert [Kind.STALE, Kind.STALE] == [outcome.kind for outcome in told.outcomes]
    assert () == (await load(INCIDENT)).value.open()
    await redis.aclose()


class Summed(Told):
    """Remembers the summaries; the worker ends at the first one."""

    async def report(self, attempt: Execution, parts: Sequence[Part]) -> None:
        """Remember it, or end."""
        del attempt
        if not self.outcomes:
            self.outcomes.append(Outcome(Kind.UNKNOWN))
            raise StoreDown("the worker ends here")
        self.outcomes.extend(part.outcome for part in parts)


async def test_one_press_on_several_incidents_has_one_summary_whichever_worker_sends_it() -> None:
    """A worker dies at the summary: the next one sends it; looking at the other incident again sends no second."""
    redis = cast("Any", FakeAsyncRedis())
    built = await wired(redis, types=PartTypes(attempt_runner=Stale))
    queues, leases = built.store.command_queues, built.store.leases("command")
    named = (Ref(INCIDENT, "#37"), Ref("Q2OTHER", "#38"))
    parts = split(replace(COMMAND, incident=IncidentId("MANYC1"), params=ActionParams(incidents=named)))
    told = Summed(**vars(built.write_path.executor.progress_replies))
    executor, now_ms = replace(built.write_path.executor, progress_replies=told), await built.store.clock.now_ms()
    records = [CommandRecord(part, accepted_ms=now_ms) for part in parts]
    await queues.change(parts[0].incident, lambda queue: queue.appended(records[0]))
    await queues.change(parts[1].incident, lambda queue: queue.appended(records[1]))
    held = {part.incident: await leases.take(part.incident) for part in parts}

    async def run(incident: IncidentId) -> None:
        lease = held[incident]
        assert lease
        await executor.run(incident, lease)

    await run(parts[0].incident)
    with pytest.raises(StoreDown):
        await run(parts[1].incident)
    await run(parts[1].incident)
    # As if the first worker had died before it noted that its part was over.
    again = replace((await queues.load(parts[0].incident)).value.records[0], ended_ms=0)
    await queues.change(parts[0].incident, lambda queue: queue.replaced(again), held[parts[0].incident])
    await run(parts[0].incident)

    assert [Kind.UNKNOWN, Kind.STALE, Kind.STALE] == [outcome.kind for outcome in told.outcomes]
    await redis.aclose()


async def test_the_end_is_read_after_what_was_on_its_way() -> None:
    """A command ends while Slack is slow to take that it is under way: its end comes after that."""
    async with lent_valkey(program()) as server:
        redis, slack = connect(server.url), Answers()
        built = await wired(redis, slack=slack, types=PartTypes(attempt_runner=Slow))
        store = built.store
        command = replace(COMMAND, response_url="https://hooks.slack.com/actions/T0/1/x")
        record = CommandRecord(command, accepted_ms=await store.clock.now_ms() - 2000)
        await store.command_queues.change(INCIDENT, lambda queue: queue.appended(record))
        lease = await store.leases("command").take(INCIDENT)
        assert lease

        await built.write_path.executor.run(INCIDENT, lease)

        assert [True, False] == ["on its way" in text for text in slack.texts]
        await redis.aclose()


MAYBE = Warrant(UserId("PALICE1"), "e-mail", "team: assignee", "uncertain")


@pytest.mark.parametrize(
    ("uncertain", "answer", "sent"),
    [(True, "uncertain", True), (False, "unavailable", True), (False, "", False)],
    ids=["in the middle of its call", "after a call that failed", "before its first call"],
)
async def test_the_audit_knows_what_another_worker_has_sent(uncertain: bool, answer: str, sent: bool) -> None:  # noqa: FBT001 -- of the table
    """
    A worker died: as whom, by which rule and what it sent is in the audit, though the next one found out nothing.

    The story of its incident, which `pagebridge why` tells, says the same.
    """
    redis = cast("Any", FakeAsyncRedis())
    built = await wired(redis, types=PartTypes(attempt_runner=Broken), command_lifetime=0.1, retry_first=0.05)
    store = built.store
    progress_replies = Told(**vars(built.write_path.executor.progress_replies))
    record = CommandRecord(
        COMMAND,
        accepted_ms=await store.clock.now_ms(),
        calls=int(uncertain),
        uncertain=uncertain,
        warrant=replace(MAYBE, answer=answer),
    )
    await store.command_queues.change(INCIDENT, lambda queue: queue.appended(record))
    lease = await store.leases("command").take(INCIDENT)
    assert lease

    await replace(built.write_path.executor, progress_replies=progress_replies).run(INCIDENT, lease)

    [entry] = [one async for one in store.audit.read() if isinstance(one, AuditEntry)]
    assert ("PALICE1", "e-mail", "team: assignee", answer) == (
        entry.pagerduty_user,
        entry.mapped,
        entry.rule,
        entry.answer,
    )
    assert (f"PUT /incidents/{INCIDENT} status" if sent else "") == entry.sent
    assert Decision.ALLOWED is entry.decision
    story = told(await store.journal.read(INCIDENT), [entry], Names())
    [ended] = [one.fact for one in story if one.fact.name == "command.ended"]
    assert {name: str(getattr(entry, name)) for name in AUDITED} == {name: ended.get(name) for name in AUDITED}
    await redis.aclose()


async def test_who_lost_a_command_tells_no_more_of_its_way() -> None:
    """A worker slept while it waited to say that it is not done yet: the next owner may have told that it is."""
    redis, slack = cast("Any", FakeAsyncRedis()), Answers()
    built = await wired(redis, slack=slack, ack_silence=0.0, not_yet_after=1.0)
    leases = built.store.leases("command")
    lease = await leases.take(INCIDENT)
    assert lease
    command = replace(COMMAND, response_url="https://hooks.slack.com/actions/T0/1/x")
    attempt = Execution(CommandRecord(command, await built.store.clock.now_ms()), lease, Trail())

    async with asyncio.TaskGroup() as group:
        group.create_task(built.write_path.executor.progress_replies.progress(attempt))
        while not slack.texts:  # noqa: ASYNC110 -- it is a list
            await asyncio.sleep(0.01)
        lease.until = 0.0
        await lease.release()
        assert await leases.take(INCIDENT)

    assert 1 == len(slack.texts)
    await redis.aclose()
