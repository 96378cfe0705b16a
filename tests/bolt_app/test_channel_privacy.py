"""Who is let into the channel of an incident, and what it shows of a private team."""

from dataclasses import replace
from typing import Any

import pytest

from shared.config.bridge_config import BridgeConfig
from shared.model.event import Ref
from shared.model.event_types import (
    ACKNOWLEDGED,
    PRIORITY_UPDATED,
    REOPENED,
    RESOLVED,
    Status,
)
from tests.bolt_app.channel_stage import ASSIGNED, HOME, HOUR, TEAM, Stage
from tests.builders import ALICE, BOB, snapshot


async def test_only_certain_members_are_let_in(stage: Stage) -> None:
    """A guest, a person who is not linked, and one who left again stay out; who asks for it comes back."""
    await stage.opened(assignees=(Ref(ALICE.id, ALICE.name), Ref("PGUEST1", "Gus Guest"), Ref("PNOBODY", "No One")))
    await stage.settled()
    [own] = stage.made()
    assert ["U0PALICE1"] == [member for member in own.members if member != stage.slack.bot_user_id]

    own.members.remove("U0PALICE1")
    await stage.settled()
    assert "U0PALICE1" not in own.members
    await stage.asked(ALICE)
    await stage.settled()
    assert "U0PALICE1" in own.members
    assert [] == await stage.told()


@pytest.mark.parametrize("team", [TEAM, Ref("PSECRET", "Secret")])
async def test_it_is_private_where_the_team_is(stage: Stage, team: Ref) -> None:
    """Or where all are; and the incident is shown there, as its people see it."""
    stage.configure(is_private=team == TEAM)
    routes = [{"team": "PSECRET", "channel": HOME}]
    config = {"routing": {"default_channel": HOME, "routes": routes}, "incident_channels": stage.config}
    stage.built.apply_config(BridgeConfig.model_validate(config))
    await stage.opened(teams=(team,))
    await stage.settled()

    [own] = stage.made()
    assert own.private
    assert "U0PALICE1" in own.members
    assert any("Checkout is slow" in message.plain for message in own.messages)


async def test_an_incident_that_comes_to_a_private_team_is_withheld(stage: Stage) -> None:
    """Its public channel says so and nothing else, and no one is let in any more; there is no other channel."""
    await stage.opened()
    await stage.settled()
    [own] = stage.made()
    secret = replace(snapshot(title="Break-in"), teams=(Ref("PSECRET", "Secret"),))
    await stage.happens(ACKNOWLEDGED, BOB, replace(secret, status=Status.ACKNOWLEDGED))
    await stage.settled()
    await stage.settled()

    assert "#37 belongs to a private team now." == own.topic
    assert "U0PBOB001" not in own.members
    assert not any("Break-in" in message.plain for message in own.messages)
    assert [own] == stage.made()


async def test_a_channel_that_withholds_its_incident_is_archived_too(stage: Stage) -> None:
    """Once the incident is over; reopened, it shows as little as before."""
    stage.slack.bots_unarchive = True
    stage.configure(archive_after="1h")
    await stage.opened(ago_ms=3 * HOUR)
    await stage.settled()
    secret = replace(snapshot(title="Break-in"), teams=(Ref("PSECRET", "Secret"),))
    await stage.happens(RESOLVED, shown=replace(secret, status=Status.RESOLVED), ago_ms=2 * HOUR)
    await stage.settled()
    [own] = stage.made()
    assert own.archived

    await stage.happens(REOPENED, BOB, secret)
    await stage.settled()

    assert not any("Break-in" in message.plain for message in own.messages)
    assert "Break-in" not in own.topic
    assert [own] == stage.made()


async def secret_stage(stage: Stage, **channels: Any) -> None:  # noqa: ANN401 -- TOML
    """Show the incidents of two private teams where everyone is who may see one of them."""
    stage.pagerduty.add_team("Vault", id="PVAULT", private=True)
    stage.config = {**stage.config, **channels}
    routes = [{"team": team, "channel": HOME} for team in ("PSECRET", "PVAULT")]
    routing = {"default_channel": HOME, "routes": routes}
    stage.built.apply_config(BridgeConfig.model_validate({"routing": routing, "incident_channels": stage.config}))


async def test_who_does_not_see_the_incident_any_more_is_not_let_in(stage: Stage) -> None:
    """Bob acknowledged it while it was public: its private team's channel is not for him; Alice, assigned, is in."""
    await secret_stage(stage, automatic=[])
    await stage.opened()
    await stage.happens(ACKNOWLEDGED, BOB)
    await stage.settled()
    secret = replace(snapshot(), teams=(Ref("PSECRET", "Secret"),), assignees=ASSIGNED)
    await stage.happens(PRIORITY_UPDATED, None, secret)
    await stage.asked(ALICE)
    await stage.settled()

    [own] = stage.made()
    assert own.private
    assert {stage.slack.bot_user_id, "U0PALICE1"} == set(own.members)
    assert [] == await stage.told()


async def test_a_channel_with_another_teams_people_gives_way(stage: Stage) -> None:
    """Archived, it missed that its incident came to another private team: open again, it shows nothing of that."""
    await secret_stage(stage, archive_after="1h")
    secret = (Ref("PSECRET", "Secret"),)
    await stage.opened(ago_ms=3 * HOUR, teams=secret)
    await stage.settled()
    await stage.happens(RESOLVED, ago_ms=2 * HOUR, shown=replace(snapshot(), teams=secret, status=Status.RESOLVED))
    await stage.settled()
    [first] = stage.made()
    assert first.archived

    # Alice opens it again for one more word, with the app in it.
    first.archived = False
    first.members.append(stage.slack.bot_user_id)
    vault = replace(snapshot(title="Break-in"), teams=(Ref("PVAULT", "Vault"),), assignees=(Ref(BOB.id, BOB.name),))
    await stage.happens(REOPENED, BOB, vault)
    await stage.settled()

    assert "U0PALICE1" in first.members
    assert not any("Break-in" in message.plain for message in first.messages)
    assert "Break-in" not in first.topic
    second = stage.made()[-1]
    assert {stage.slack.bot_user_id, "U0PBOB001"} == set(second.members)
    assert any("Break-in" in message.plain for message in second.messages)
