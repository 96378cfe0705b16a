"""The channel of an incident that is over, or that people have closed: archived, opened again, or replaced."""

from dataclasses import replace

import pytest

from pagebridge_sandbox.slack import Channel, Fault
from shared.errors import CallError
from shared.model.event import Ref
from shared.model.event_types import (
    ACKNOWLEDGED,
    ANNOTATED,
    CHANNEL_OPENED,
    PRIORITY_UPDATED,
    REOPENED,
    RESOLVED,
)
from shared.slack.render.channel_wording import WHY
from tests.bolt_app.channel_stage import HOUR, NAME, Stage
from tests.builders import ALICE, BOB, snapshot


async def over(stage: Stage) -> Channel:
    """Let an incident be opened three hours ago, and resolved two hours ago; return its channel."""
    await stage.opened(ago_ms=3 * HOUR)
    await stage.settled()
    await stage.happens(RESOLVED, ago_ms=2 * HOUR)
    [own] = stage.made()
    return own


async def test_it_is_archived_when_no_one_writes_any_more(stage: Stage) -> None:
    """So long after its resolve, and after the last word there, also one in a thread; then its card is left alone."""
    stage.configure(archive_after="3h")
    own = await over(stage)
    again = await stage.settled()
    assert again is not None
    assert 3500 < again <= 3600
    assert own.topic.startswith("Resolved")

    stage.configure(archive_after="1h")
    card = next(message for message in own.messages if message.pinned)
    word = stage.slack.person("U0PALICE1").post("One more thing", own.id, card.ts)
    again = await stage.settled()
    assert again is not None
    assert 3500 < again <= 3600
    assert 0 == stage.calls("conversations.archive")

    card.replies.remove(word)
    stage.slack.add_fault(Fault("conversations.archive", drop=True, after_effect=True, times=1))
    with pytest.raises(CallError):
        await stage.one_pass()
    assert await stage.settled() is None
    assert own.archived
    before = len(stage.slack.calls)
    await stage.happens(ANNOTATED, BOB, subject="N1")
    await stage.settled()
    assert not [call for call in stage.slack.calls[before:] if call.channel == own.id]


@pytest.mark.parametrize("allowed", [True, False])
async def test_it_is_open_again_when_the_incident_is(stage: Stage, allowed: bool) -> None:  # noqa: FBT001 -- of the table
    """Slack may not let an app open an archived channel again: then another one takes its place, with its people."""
    stage.slack.bots_unarchive = allowed
    stage.configure(archive_after="1h")
    own = await over(stage)
    await stage.settled()
    assert own.archived

    await stage.happens(REOPENED, BOB)
    await stage.settled()

    names = [NAME] if allowed else [NAME, f"{NAME}-2"]
    assert names == [each.name for each in stage.made()]
    last = stage.made()[-1]
    assert not last.archived
    assert "U0PALICE1" in last.members
    assert last.topic.startswith("Triggered")
    assert len(names) == len(await stage.lines(CHANNEL_OPENED))
    cards = [message for message in last.messages if message.subtype is None]
    assert ["Triggered" in card.plain for card in cards] == [True]


@pytest.mark.parametrize("code", ["is_archived", "channel_not_found", "not_in_channel"])
async def test_a_channel_that_people_have_closed_is_left_alone(stage: Stage, code: str) -> None:
    """One line says so, and nothing more is tried; who asks for it gets it back, or another one."""
    await stage.opened()
    await stage.settled()
    [own] = stage.made()
    await stage.happens(ACKNOWLEDGED, BOB)
    stage.slack.add_fault(Fault("conversations.setTopic", error=code, times=1))
    own.members.remove(stage.slack.bot_user_id)
    own.archived = code == "is_archived"
    await stage.one_pass()
    before = stage.calls("conversations.setTopic", "conversations.invite", "pins.add")
    await stage.settled()

    [told] = await stage.told()
    assert f"any more ({WHY[code]})" in told
    assert before == stage.calls("conversations.setTopic", "conversations.invite", "pins.add")
    await stage.asked(ALICE)
    await stage.settled()
    assert (await stage.own()).usable
    assert stage.made()[-1].topic.startswith("Acknowledged")
    assert 1 == len(await stage.told())


async def test_a_channel_that_takes_no_card_is_left_at_once(stage: Stage) -> None:
    """A person archived it, and nothing but the card was to be changed there: that is tried once, and told once."""
    await stage.opened()
    await stage.settled()
    [own] = stage.made()
    own.members.remove(stage.slack.bot_user_id)
    own.archived = True
    for number in range(3):
        await stage.happens(PRIORITY_UPDATED, BOB, replace(snapshot(), priority=Ref(f"P{number}", f"P{number}")))
        await stage.settled()

    [told] = await stage.told()
    assert "any more (it is archived)" in told
    assert 1 == sum(call.error is not None for call in stage.slack.calls if call.channel == own.id)
