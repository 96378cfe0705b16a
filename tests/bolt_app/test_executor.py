"""What becomes of a command when something goes wrong that nobody foresaw."""

from dataclasses import dataclass, field, replace
from typing import Any, cast

import pytest
from fakeredis import FakeAsyncRedis
from structlog.testing import capture_logs

from bolt_app.worker_parts import PartTypes
from bolt_app.write_path.attempt import AttemptRunner
from bolt_app.write_path.execution import Execution
from bolt_app.write_path.progress_replies import ProgressReplies
from shared.model.actions import Action
from shared.model.command import Command, CommandQueue, CommandRecord, SlackActor
from shared.model.ids import ChannelId, CommandId, SlackUserId
from shared.model.outcome import Kind, Outcome
from tests.bolt_app.built_services import wired
from tests.builders import INCIDENT

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
