"""The channel of an incident, pass by pass: one channel whatever gets lost, and each step for itself."""

from dataclasses import replace

import pytest

from bolt_app.incident_channel.upkeep import AT_ONCE
from pagebridge_sandbox.slack import Fault
from shared.config.bridge_config import BridgeConfig
from shared.errors import CallError
from shared.model.event import Ref
from shared.model.event_types import (
    ACKNOWLEDGED,
    CHANNEL_FAILED,
    CHANNEL_OPENED,
    RESOLVED,
    TRIGGERED,
)
from shared.model.ids import EventId, IncidentId
from shared.store import keys
from tests.bolt_app.channel_stage import HOME, HOUR, NAME, SCOPES, Stage
from tests.builders import BOB, INCIDENT, snapshot


async def test_a_channel_is_made_as_it_should_be(stage: Stage) -> None:
    """Described, with topic, bookmark, pinned card and people; a pass more makes no call, and its line is told once."""
    await stage.opened()
    await stage.happens(ACKNOWLEDGED, BOB)
    await stage.settled()
    before = len(stage.slack.calls)
    await stage.settled()

    assert before == len(stage.slack.calls)
    [own] = stage.made()
    assert NAME == own.name
    assert "Acknowledged · #37 Checkout is slow · P1 · checkout-api" == own.topic
    assert "(pagebridge:Q1INCIDENT)" in own.purpose
    assert ["https://acme.pagerduty.com/incidents/Q1INCIDENT"] == [each["link"] for each in own.bookmarks]
    assert {stage.slack.bot_user_id, "U0PALICE1", "U0PBOB001"} == set(own.members)
    [card] = [message for message in own.messages if message.subtype is None]
    assert card.pinned
    assert [own.id] == [line.detail_value("channel") for line in await stage.lines(CHANNEL_OPENED)]


@pytest.mark.parametrize(
    "lost",
    [
        Fault("conversations.create", drop=True, after_effect=True, times=1),
        Fault("conversations.create", drop=True, times=1),
        Fault("conversations.create", drop=True, effect_after=0.1, times=1),
        Fault("conversations.create", retry_after=0.1, times=1),
    ],
)
async def test_there_is_one_channel_whatever_is_lost(stage: Stage, lost: Fault) -> None:
    """The answer is lost, before or after it is opened or later, and another worker goes on: the name is taken."""
    await stage.opened()
    await stage.reconciled()
    stage.slack.add_fault(lost)
    with pytest.raises(CallError):
        await stage.one_pass()
    await stage.another_worker()
    stage.configure()
    await stage.settled()

    assert [NAME] == [each.name for each in stage.made()]
    assert stage.made()[0].id == (await stage.own()).channel


async def test_a_name_that_is_taken_gets_a_suffix(stage: Stage) -> None:
    """By an archived channel, another's, or one of the app's: another incident's, an old one, or marked by a person."""
    stage.slack.add_channel(NAME, archived=True, bot_member=False)
    stage.slack.add_channel(f"{NAME}-2", private=True, bot_member=False)
    bot = stage.slack.bot_user_id
    taken = ((3, "(pagebridge:QOTHER)", bot), (4, "", ""), (5, f"(pagebridge:{INCIDENT})", "U0PBOB001"))
    for suffix, purpose, by in taken:
        channel = stage.slack.add_channel(f"{NAME}-{suffix}")
        channel.purpose, channel.purpose_by, channel.creator = purpose, by, bot
    await stage.opened()
    await stage.settled()

    assert [f"{NAME}-{suffix}" for suffix in (3, 4, 5, 6)] == [each.name for each in stage.made()]


async def test_a_public_channel_is_not_used_again_for_a_private_incident(stage: Stage) -> None:
    """The data was lost, and meanwhile it came to a private team: another channel is opened, and that is private."""
    await stage.opened()
    await stage.settled()
    await stage.redis.flushall()
    await stage.another_worker()
    routes = [{"team": "PSECRET", "channel": HOME}]
    config = {"routing": {"routes": routes}, "incident_channels": stage.config}
    stage.built.apply_config(BridgeConfig.model_validate(config))
    await stage.opened(ago_ms=HOUR, teams=(Ref("PSECRET", "Secret"),), title="Break-in")
    await stage.settled()

    public, private = stage.made()
    assert [False, True] == [public.private, private.private]
    assert private.id == (await stage.own()).channel
    assert not any("Break-in" in message.plain for message in public.messages)


async def test_a_channel_is_found_again_when_the_data_is_lost(stage: Stage) -> None:
    """By the mark in its description, whatever it is called now; its card is found in it, and stays the only one."""
    await stage.opened()
    await stage.settled()
    [own] = stage.made()
    await stage.redis.flushall()
    await stage.another_worker()
    stage.configure()
    await stage.opened(ago_ms=HOUR, title="Checkout is down")
    await stage.settled()

    assert [own] == stage.made()
    assert own.id == (await stage.own()).channel
    assert 1 == sum(message.subtype is None for message in own.messages)


async def test_each_step_fails_for_itself(stage: Stage) -> None:
    """It is told once, with a reference and what to do; the others go on, and who asks lets it be tried again."""
    refusals = {
        "conversations.setTopic": "user_is_restricted",
        "conversations.setPurpose": "too_long",
        "bookmarks.add": "too_many_bookmarks",
        "pins.add": "missing_scope",
        "conversations.invite": "cant_invite",
    }
    faults = [stage.slack.add_fault(Fault(method, error=error)) for method, error in refusals.items()]
    await stage.opened()
    await stage.settled()
    await stage.settled()

    told = await stage.told()
    assert 5 == len(told)
    assert all("reference `" in each for each in told)
    assert any("couldn't invite Alice Ng to" in each and "Invite them there" in each for each in told)
    assert any("the app lacks a scope" in each and "pagebridge manifest" in each for each in told)
    assert 5 == stage.calls(*refusals)
    for fault in faults:
        fault.remove()
    await stage.asked()
    await stage.settled()

    [own] = stage.made()
    assert {"U0PBOB001"} < set(own.members)
    assert own.topic
    assert own.purpose
    assert own.bookmarks
    assert 5 == len(await stage.told())


async def test_a_channel_that_cannot_be_opened_is_told(stage: Stage) -> None:
    """With the reason and the next step, once; no pass tries again before that is asked for."""
    stage.slack.bot_scopes -= SCOPES
    await stage.opened()
    await stage.settled()
    await stage.settled()

    [told] = await stage.told()
    assert "couldn't open it (the app lacks a scope). Add the scopes" in told
    assert 1 == stage.calls("conversations.create")
    stage.slack.bot_scopes |= SCOPES
    await stage.asked()
    await stage.settled()
    assert [NAME] == [each.name for each in stage.made()]


async def test_what_may_have_gone_through_is_not_done_twice(stage: Stage) -> None:
    """The answers of all steps are lost: there is one bookmark, one topic, one pin, and each person once."""
    for method in (
        "bookmarks.add",
        "conversations.setTopic",
        "conversations.setPurpose",
        "pins.add",
        "conversations.invite",
    ):
        stage.slack.add_fault(Fault(method, drop=True, after_effect=True, times=1))
    await stage.opened()
    await stage.settled()

    [own] = stage.made()
    assert 1 == len(own.bookmarks)
    assert 1 == sum(message.subtype == "channel_topic" for message in own.messages)
    assert ["U0PALICE1"] == [member for member in own.members if member != stage.slack.bot_user_id]
    assert [] == await stage.told()
    assert (await stage.own()).pinned


async def test_a_storm_opens_few_channels(stage: Stage) -> None:
    """The others get none by themselves, the first of them says so, and one that is asked for is opened."""
    many = [IncidentId(f"QSTORM{number}") for number in range(AT_ONCE + 3)]
    for number, incident in enumerate(many):
        shown = replace(snapshot(), number=100 + number)
        await stage.happens(TRIGGERED, None, shown, incident=incident, id=EventId(incident))
        await stage.settled(incident)

    assert AT_ONCE == len(stage.made())
    told = [line for incident in many for line in await stage.lines(CHANNEL_FAILED, incident=incident)]
    assert ["bound"] == [line.detail_value("step") for line in told]


async def test_a_card_that_was_deleted_is_pinned_when_it_is_there_again(stage: Stage) -> None:
    """Nothing is told of a pin that came too late."""
    await stage.opened()
    await stage.reconciled()
    await stage.one_pass()
    await stage.reconciled()
    [own] = stage.made()
    stage.slack.remove(own.messages[0])
    await stage.one_pass()
    await stage.happens(ACKNOWLEDGED, BOB)
    await stage.settled()

    assert any(message.pinned for message in own.messages)
    assert [] == await stage.told()


async def test_without_the_table_there_is_nothing(stage: Stage) -> None:
    """No call, no queue, no document, also if the incident was asked about before."""
    stage.built.apply_config(BridgeConfig.model_validate({"routing": {"default_channel": HOME}}))
    await stage.opened()
    await stage.asked()
    await stage.reconciled()

    assert await stage.one_pass() is None
    assert [] == stage.made()
    assert await stage.built.store.channel_queue.take() is None
    assert not await stage.redis.exists(keys.of_incident(INCIDENT, "channel"))


async def test_an_incident_that_no_channel_shows_gets_none(stage: Stage) -> None:
    """Nor does one that is over, also if it is asked for."""
    stage.built.apply_config(BridgeConfig.model_validate({"incident_channels": stage.config}))
    await stage.opened()
    await stage.settled()
    stage.configure()
    await stage.happens(RESOLVED)
    await stage.asked()
    await stage.settled()

    assert [] == stage.made()
