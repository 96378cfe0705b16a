"""Reading and publishing one person's Home tab: what fails, who may see what, and until when it is followed."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from typing import Any

import pytest
from fakeredis import FakeAsyncRedis

from bolt_app.build import build_worker
from bolt_app.home_tab import UNREAD_AGAIN, HomeTab
from bolt_app.worker_parts import Clients, Options, PartTypes
from bolt_app.worker_store import Store
from pagebridge_sandbox.pagerduty import Fault as PagerDutyFault
from pagebridge_sandbox.pagerduty import PagerDutySandbox
from pagebridge_sandbox.slack import Fault, SlackSandbox
from shared.config.bridge_config import BridgeConfig, LiveConfig
from shared.durations import Durations
from shared.model.event import SECOND, Instant, Ref
from shared.model.event_types import Status
from shared.model.ids import IncidentId, SlackUserId
from shared.pagerduty.api.client import PagerDuty
from shared.slack.api.client import Slack
from shared.store import keys
from shared.store.coordination import Leases, home_of
from shared.store.open_homes import FOLLOWED
from tests.builders import snapshot
from tests.stories.harness import Acme

ALICE = SlackUserId("U0ALICE")
DURATIONS = replace(Durations(), pagerduty_timeout=20.0, slack_timeout=20.0)


@dataclass
class Home:
    """Acme, and what publishes the Home tabs of its people."""

    acme: Acme
    store: Store
    tab: HomeTab

    async def come(self, minutes_ago: float = 0) -> None:
        """Let Alice come to her tab, or let her have come so long ago."""
        await self.store.open_homes.ask(ALICE)
        at_ms = await self.store.clock.now_ms() - int(minutes_ago * 60 * SECOND)
        await self.store.redis.zadd(keys.HOMES, {ALICE: at_ms + FOLLOWED * SECOND})

    async def run(self) -> float | None:
        """Let the queue's worker have a pass over Alice's tab."""
        lease = await Leases(self.store.redis, "home", 60.0).take(home_of(ALICE))
        assert lease
        try:
            return await self.tab.run(home_of(ALICE), lease)
        finally:
            await lease.release()

    async def open(self, title: str, *teams: str) -> None:
        """Let an incident of these teams be known and open."""
        incident = IncidentId(f"Q{title.upper()}")
        shown = replace(snapshot(Status.TRIGGERED, title), teams=tuple(Ref(team, team) for team in teams))
        await self.store.incidents.change(incident, lambda known: replace(known, snapshot=shown))
        await self.store.open_incidents.put(incident, (), await self.store.clock.now_ms())

    @property
    def payments(self) -> str:
        """The id of Alice's team."""
        return next(team.id for team in self.acme.pagerduty.teams if team.name == "Payments")

    @property
    def shown(self) -> str:
        """What Alice sees, as text."""
        return self.acme.slack.person(ALICE).home.plain

    @property
    def published(self) -> int:
        """How often it was published, or tried to be."""
        return len(self.acme.slack.calls_to("views.publish"))


@pytest.fixture
async def home() -> AsyncIterator[Home]:
    """Found Acme, with nothing but what publishes Home tabs."""
    redis: Any = FakeAsyncRedis()
    async with PagerDutySandbox() as pagerduty, SlackSandbox(enforce_rate_limits=False) as slack:
        acme = Acme.founded(pagerduty, slack)
        pagerduty_door = PagerDuty(pagerduty.token, pagerduty.url, DURATIONS.pagerduty_timeout)
        slack_door = Slack(slack.bot_token, slack.api_url, DURATIONS.slack_timeout)
        store = Store.on(redis, DURATIONS.lease, durable=False)
        await store.clock.now_ms()
        clients, identity = Clients(redis, redis, slack_door, pagerduty_door), await slack_door.auth_test()
        config = LiveConfig(BridgeConfig())
        built = build_worker(clients, identity, config, DURATIONS, store, Options(), PartTypes())
        yield Home(acme, store, built.home_tab)
        await slack_door.aclose()
        await pagerduty_door.aclose()
        await redis.aclose()


async def test_it_is_followed_for_a_while(home: Home) -> None:
    """It says until when, is read again every few minutes until then, and then neither read nor remembered."""
    await home.come()
    assert DURATIONS.home_look == await home.run()
    assert "; updates itself until" in home.shown
    assert frozenset({"PALICE1"}) < ((await home.store.open_homes.followed())[ALICE] or frozenset())

    await home.come(minutes_ago=28)
    assert await home.run() == pytest.approx(120, abs=5)
    await home.come(minutes_ago=31)
    before = home.published
    assert await home.run() is None
    assert before == home.published
    assert not await home.store.redis.exists(keys.HOMES, keys.HOMES_SHOW)


async def test_what_cannot_be_read_overwrites_nothing(home: Home) -> None:
    """A person who has just come reads why; for others, what was read last stays, with its time. It is tried again."""
    await home.open("Slow", home.payments)
    await home.come()
    await home.run()
    away = home.acme.pagerduty.add_fault(PagerDutyFault(path="/incidents", status=503))

    await home.come(minutes_ago=3)
    assert UNREAD_AGAIN == await home.run()
    assert "Slow" in home.shown
    assert 1 == home.published

    await home.come()
    assert UNREAD_AGAIN == await home.run()
    assert "Couldn't look that up" in home.shown
    away.remove()
    await home.come(minutes_ago=3)
    assert DURATIONS.home_look == await home.run()
    assert "Couldn't look that up" not in home.shown


@pytest.mark.parametrize(
    ("fault", "again"),
    [
        (Fault("views.publish", drop=True, after_effect=True), DURATIONS.call_max),
        (Fault("views.publish", http_status=500), DURATIONS.call_max),
        (Fault("views.publish", retry_after=7), 7),
        (Fault("views.publish", error="not_enabled"), None),
    ],
    ids=["the answer is lost", "Slack fails", "limited", "there is no such tab"],
)
async def test_it_cannot_be_published(home: Home, fault: Fault, again: float | None) -> None:
    """It is published again when what is unclear has landed, or as soon as Slack allows; not where there is no tab."""
    home.acme.slack.add_fault(fault)
    await home.come()

    assert again == await home.run()
    assert (again is None) is (await home.store.open_homes.left(ALICE) == 0)


async def test_a_person_who_has_left_sees_nothing_any_more(home: Home) -> None:
    """Once they are out of PagerDuty, or a guest, the next reading takes away what their tab showed."""
    await home.open("Slow", home.payments)
    await home.come()
    await home.run()
    assert "Slow" in home.shown
    home.acme.slack.users[ALICE].guest = "single"

    await home.come(minutes_ago=3)

    assert await home.run() is None
    assert "Guests of this Slack workspace can't act" in home.shown
    assert "Slow" not in home.shown
    assert {} == await home.store.open_homes.followed()


async def test_a_private_team_hides_what_belongs_to_a_team_of_theirs_as_well(home: Home) -> None:
    """An incident of two teams, one of them private and not hers: PagerDuty shows it to its members alone."""
    secret = home.acme.pagerduty.add_team("Security", private=True).id
    await home.open("Slow", home.payments)
    await home.open("Breach", home.payments, secret)
    await home.come()

    await home.run()

    assert "Slow" in home.shown
    assert "Breach" not in home.shown
    assert "assigned to others: 1" in home.shown


async def test_more_are_open_than_are_looked_at(home: Home) -> None:
    """What the list leaves out is said, as below the list that is typed for."""
    for number in range(60):
        await home.open(f"Slow{number}", home.payments)
    await home.come()

    await home.run()

    assert "assigned to others: 50" in home.shown
    assert "Only the newest 50 are looked at here" in home.shown


@pytest.mark.parametrize(
    ("status", "ahead", "told"),
    [
        (Status.ACKNOWLEDGED, 9, "Acknowledged"),
        (Status.ACKNOWLEDGED, -9, "Triggered"),
        (Status.RESOLVED, 9, "Assigned to you: nothing"),
    ],
    ids=["acknowledged since", "an older state", "resolved since"],
)
async def test_it_does_not_fall_behind_the_card(home: Home, status: Status, ahead: int, told: str) -> None:
    """PagerDuty's list may lag behind what it has answered or told: what the bridge knows to be newer is shown."""
    opened = home.acme.pagerduty.trigger(home.acme.service, "Slow")
    shown = replace(snapshot(status, "Slow"), assignees=(Ref("PALICE1"),) if status is Status.ACKNOWLEDGED else ())
    at = Instant((await home.store.clock.now_ms()) + ahead * SECOND)
    await home.store.incidents.change(IncidentId(opened.id), lambda known: replace(known, snapshot=shown, as_of=at))
    await home.come()

    await home.run()

    assert told in home.shown
