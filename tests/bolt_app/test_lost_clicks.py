"""What becomes of clicks that a store has lost, as the worker that took them knows it."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from typing import Any, cast

import pytest
from fakeredis import FakeAsyncRedis

from bolt_app.worker_parts import BuiltWorker
from bolt_app.write_path.command_intake import CLICK_LOST
from shared.model.actions import Action
from shared.model.command import Command, CommandRecord, SlackActor
from shared.model.event import SECOND
from shared.model.ids import ChannelId, CommandId, SlackUserId
from shared.store import keys
from tests.bolt_app.built_services import wired
from tests.builders import INCIDENT

ALICE = SlackActor(SlackUserId("U0ALICE"), "T0")
CLICK = Command(CommandId("c1"), Action.ACKNOWLEDGE, INCIDENT, ALICE, ChannelId("C0"), None, "https://slack/answer")


@dataclass
class Answers:
    """A Slack that takes private answers."""

    texts: list[str] = field(default_factory=list)

    async def respond(self, _url: str, *, text: str, **_: object) -> None:
        """Take one."""
        self.texts.append(text)


@pytest.fixture
def answers() -> Answers:
    """Open one."""
    return Answers()


@pytest.fixture
async def built(answers: Answers) -> AsyncIterator[BuiltWorker]:
    """Put a worker together that does not wait between its looks."""
    redis = cast("Any", FakeAsyncRedis())
    worker = await wired(redis, slack=answers, retry_max=0.01, lease=0.01)
    yield worker
    await redis.aclose()


@pytest.mark.parametrize("away", [1, 3600])
async def test_a_click_is_told_also_if_its_life_ended_while_the_store_was_away(
    built: BuiltWorker, answers: Answers, away: int
) -> None:
    """Nothing can have become of it meanwhile; once told, it is forgotten."""
    watch, losses = built.write_path.loss_watch, built.store.losses
    await watch.step()
    losses.clicks[CLICK.id] = CommandRecord(CLICK, await built.store.clock.now_ms() - away * SECOND)
    await built.store.redis.set(keys.DOUBT, await built.store.clock.now_ms())
    await watch.step()
    await watch.step()

    [text] = answers.texts
    assert CLICK_LOST in text
    assert {} == losses.clicks


async def test_a_click_whose_life_is_over_is_forgotten(built: BuiltWorker, answers: Answers) -> None:
    """While nothing is lost: it has ended, whoever carried it out."""
    watch, losses = built.write_path.loss_watch, built.store.losses
    now_ms = await built.store.clock.now_ms()
    losses.clicks[CLICK.id] = CommandRecord(CLICK, now_ms - 3600 * SECOND)
    losses.clicks[CommandId("c2")] = CommandRecord(replace(CLICK, id=CommandId("c2")), now_ms)
    await watch.step()

    assert {CommandId("c2")} == set(losses.clicks)
    assert [] == answers.texts
