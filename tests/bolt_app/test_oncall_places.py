"""User groups and topics that follow who is on call: against both simulators, pass by pass, on a clock of its own."""

from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import pytest
from fakeredis import FakeAsyncRedis

from bolt_app.oncall_groups.duty import DutyReader, look_in
from bolt_app.oncall_groups.follow import OncallGroups
from bolt_app.oncall_groups.places import Places
from bolt_app.read_path.message_sync import MessageSync
from pagebridge_sandbox.pagerduty import PagerDutySandbox
from pagebridge_sandbox.slack import Fault, SlackSandbox
from shared.access.identity import Identity, IdentityCache
from shared.access.made_links import MadeLinks
from shared.config.bridge_config import BridgeConfig, LiveConfig
from shared.config.people_config import IdentityConfig
from shared.durations import Durations
from shared.pagerduty.api.client import PagerDuty
from shared.pagerduty.models.account import parse_on_calls
from shared.slack.api.client import Slack
from shared.store.clock import StoreClock
from shared.store.coordination import Leases
from shared.store.document_kinds import oncall_states
from shared.store.losses import Losses
from shared.store.redis import Redis
from tests.builders import NOON

DAY = timedelta(days=1)
HOUR_MS = 3_600_000
FAST = replace(Durations(), slack_timeout=0.5, call_max=0.1)
TELL, TOPIC = "C0SRE", "C0PAYMENTS"


@dataclass
class Oncall:
    """One entry of `[[oncall_groups]]`, looked at as often as a test wants."""

    slack: SlackSandbox
    pagerduty: PagerDutySandbox
    redis: Redis
    groups: OncallGroups
    config: LiveConfig
    time: list[float]
    group: Any
    policy: str
    settings: dict[str, object] = field(default_factory=dict)

    def use(self, **entry: object) -> None:
        """Put another entry in force."""
        self.settings = {"tell": TELL, **entry}
        self.config.current = BridgeConfig.model_validate({"oncall_groups": [self.settings]})

    def shift(self, *users: str, policy: str = "", schedule: str = "PSCHED1") -> None:
        """Let these users be on call since yesterday until tomorrow; none lets no one be."""
        now = datetime.now(UTC)
        times = [(user, now - DAY, now + DAY) for user in users] or [("PALICE1", now - 2 * DAY, now - DAY)]
        self.pagerduty.set_shifts(policy or self.policy, times, schedule=schedule)

    async def look(self, entry_at: int = 0) -> float:
        """Look once, a quarter of an hour later, and return in how many seconds it is looked again."""
        self.time[0] += 900
        entry = self.config.current.oncall_groups[entry_at]
        lease = await Leases(self.redis, "handover", 10).take(entry.id)
        assert lease is not None
        again = await self.groups.run(entry.id, lease)
        await lease.release()
        assert again is not None
        return again

    @property
    def told(self) -> list[str]:
        """What the channel has been told."""
        return [message.plain for message in self.slack.channels[TELL].messages]

    @property
    def topic(self) -> str:
        """The topic, as Slack shows it."""
        return self.slack.channels[TOPIC].topic

    def writes(self) -> int:
        """Count the calls that change something."""
        writing = ("usergroups.users.update", "conversations.setTopic", "chat.postMessage")
        return sum(len(self.slack.calls_to(method)) for method in writing)


@contextmanager
def later(by_ms: int) -> Iterator[None]:
    """Let it be later by the store's clock."""
    now_ms = StoreClock.now_ms

    async def then(clock: StoreClock) -> int:
        return await now_ms(clock) + by_ms

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(StoreClock, "now_ms", then)
        yield


@pytest.fixture
async def oncall() -> AsyncIterator[Oncall]:
    """Follow the first level of a policy with the group @oncall, in which Zed is."""
    redis = cast("Redis", FakeAsyncRedis())
    async with PagerDutySandbox() as pagerduty, SlackSandbox(enforce_rate_limits=False) as slack:
        slack.bot_scopes |= {"usergroups:read", "usergroups:write", "channels:write.topic"}
        for name in ("Alice", "Bob", "Zed"):
            pagerduty.add_user(f"{name} Ng", f"{name.lower()}@example.com", id=f"P{name.upper()}1")
            slack.add_user(f"{name} Ng", email=f"{name.lower()}@example.com", id=f"U0{name.upper()}")
        slack.add_channel("sre", id=TELL)
        slack.add_channel("payments", id=TOPIC)
        group = slack.add_user_group("oncall", ["U0ZED"], id="S0ONCALL")
        policy = pagerduty.add_escalation_policy("Payments on-call", [["PALICE1"], ["PBOB1"]]).id
        config, time, clock = LiveConfig(BridgeConfig()), [0.0], StoreClock(redis)
        to_slack = Slack(slack.bot_token, slack.api_url, timeout=0.5, pace=0.001)
        to_pagerduty = PagerDuty(pagerduty.token, pagerduty.url, timeout=20)
        home = await to_slack.auth_test()
        identity = Identity(
            IdentityConfig(), to_slack, to_pagerduty, IdentityCache(redis), home, MadeLinks(None, to_pagerduty)
        )
        groups = OncallGroups(
            oncall_states(redis),
            DutyReader(to_pagerduty, clock, config, FAST.resync, lambda: time[0]),
            Places(to_slack, identity, lambda: time[0]),
            MessageSync(to_slack, clock, FAST, Losses(redis)),
            config,
            clock,
            FAST,
        )
        made = Oncall(slack, pagerduty, redis, groups, config, time, group, policy)
        made.use(group="@oncall", policies=[policy])
        yield made
        await to_slack.aclose()
        await to_pagerduty.aclose()
    await redis.aclose()


async def test_several_sources_make_one_group(oncall: Oncall) -> None:
    """Schedules and levels of policies are taken together, and who had been in it is told once."""
    other = oncall.pagerduty.add_escalation_policy("Search", [["PZED1"]]).id
    oncall.shift("PALICE1")
    oncall.shift("PALICE1", "PZED1", policy=other, schedule="PSCHED2")
    oncall.use(group="@oncall", policies=[oncall.policy], levels=[1, 2], schedules=["PSCHED2"])
    oncall.group.users.append("U0CAROL")
    oncall.slack.add_user("Carol <3", id="U0CAROL")

    await oncall.look()
    writes = oncall.writes()
    await oncall.look()

    assert ["U0ALICE", "U0BOB", "U0ZED"] == oncall.group.users
    assert ["@oncall follows who is on call from now on: added Alice Ng and Bob Ng, removed Carol <3."] == [
        told.partition(" ")[2] for told in oncall.told
    ]
    assert writes == oncall.writes()


async def test_a_look_costs_few_calls(oncall: Oncall) -> None:
    """What is right costs one read at each side, and no search for people whom the bridge has just found."""
    oncall.shift("PALICE1")
    await oncall.look()
    slack, pagerduty = len(oncall.slack.calls), len(oncall.pagerduty.calls)

    assert FAST.resync == await oncall.look()

    assert ["usergroups.list"] == [call.method for call in oncall.slack.calls[slack:]]
    assert ["/oncalls"] == [call.path for call in oncall.pagerduty.calls[pagerduty:]]


async def test_a_shift_ends(oncall: Oncall) -> None:
    """The next one is in the group, nothing is told, and it is looked a second after the next change."""
    now = datetime.now(UTC)
    oncall.group.users = ["U0ALICE"]
    oncall.shift("PALICE1")
    await oncall.look()
    oncall.pagerduty.set_shifts(
        oncall.policy, [("PBOB1", now - DAY, now + timedelta(seconds=100)), ("PZED1", now + DAY, now + 2 * DAY)]
    )

    again = await oncall.look()

    assert ["U0BOB"] == oncall.group.users
    assert [] == oncall.told
    assert 95 < again <= 101


async def test_no_one_is_on_call(oncall: Oncall) -> None:
    """The last members stay and it is told, once; when it comes again after people were on call, it is told again."""
    oncall.shift("PALICE1")
    oncall.use(group="@oncall", channel=TOPIC, schedules=["PSCHED1"])
    await oncall.look()
    [_] = oncall.told
    for _ in range(2):
        oncall.shift()
        # Someone is on call next week: it is no schedule that there is not.
        later = datetime.now(UTC) + 7 * DAY
        oncall.pagerduty.set_shifts(oncall.policy, [("PBOB1", later, later + DAY)], schedule="PSCHED1")
        await oncall.look()
        await oncall.look()
        oncall.shift("PALICE1")
        await oncall.look()

    assert (["U0ALICE"], "On call: Alice Ng") == (oncall.group.users, oncall.topic)
    empty = oncall.told[1:]
    assert 2 == len(empty)
    for told in empty:
        assert "No one is on call for schedule PSCHED1. @oncall keeps its last members and the topic of" in told
        assert "Reference: " in told


@pytest.mark.parametrize(
    ("entry", "why"),
    [
        ({"policies": ["PNONE1"]}, "PagerDuty has no escalation policy PNONE1"),
        ({"levels": [3]}, "The escalation policy Payments on-call has no level 3."),
        ({"policies": [], "schedules": ["PNONE1"]}, "PagerDuty names no one on call in schedule PNONE1"),
    ],
    ids=["policy", "level", "schedule"],
)
async def test_what_is_not_there_is_not_empty(oncall: Oncall, entry: dict[str, object], why: str) -> None:
    """A source that PagerDuty does not have changes nothing, also beside one that it has."""
    oncall.shift("PALICE1", schedule="PSCHED1")
    wanted = {"group": "@oncall", "policies": [oncall.policy], **entry}
    if "levels" not in entry:
        wanted = {**wanted, "schedules": [*entry.get("schedules", []), "PSCHED1"]}  # type: ignore[misc] # a list
    oncall.use(**wanted)

    await oncall.look()
    await oncall.look()

    assert ["U0ZED"] == oncall.group.users
    [told] = oncall.told
    assert why in told


async def test_a_change_by_hand_is_put_right_and_told(oncall: Oncall) -> None:
    """Of the group and of the topic, once for each change, with what was there, and no one mentioned."""
    oncall.group.users = []
    oncall.shift("PALICE1")
    oncall.use(group="S0ONCALL", channel=TOPIC, policies=[oncall.policy])
    channel = oncall.slack.channels[TOPIC]
    channel.topic = "Runbook"
    await oncall.look()
    assert [] == oncall.told
    for hours in range(2):
        with later(hours * 2 * HOUR_MS):
            oncall.group.users = ["U0BOB", "U0GONE"]
            channel.topic = "On call: <!here> | Runbook"
            await oncall.look()
            await oncall.look()

    assert (["U0ALICE"], "On call: Alice Ng | Runbook") == (oncall.group.users, oncall.topic)
    assert 4 == len(oncall.told)
    by_hand = "was changed by hand, and"
    assert (
        f"S0ONCALL {by_hand} follows who is on call again: added Alice Ng, removed Bob Ng and U0GONE." in oncall.told[0]
    )
    assert (
        f"The topic of #payments {by_hand} names who is on call again: On call: Alice Ng (before: On call: <!here>)"
        in oncall.told[1]
    )


async def test_a_fight_is_told_once(oncall: Oncall) -> None:
    """Another app that writes there as well is undone with each look, and told once an hour."""
    oncall.group.users = ["U0ALICE"]
    oncall.shift("PALICE1")
    await oncall.look()
    for _ in range(3):
        oncall.group.users = ["U0BOB"]
        await oncall.look()
        assert ["U0ALICE"] == oncall.group.users

    assert 1 == len(oncall.told)


async def test_two_entries_do_not_write_to_one_group_in_turn(oncall: Oncall) -> None:
    """By its handle and by its id: the second is refused, and that is told."""
    oncall.shift("PALICE1")
    first = {**oncall.settings, "group": "S0ONCALL", "levels": [2]}
    oncall.config.current = BridgeConfig.model_validate({"oncall_groups": [first, oncall.settings]})
    await oncall.look(1)
    assert ["U0ZED"] == oncall.group.users
    [told] = oncall.told
    await oncall.look(0)
    await oncall.look(1)

    assert ["U0BOB"] == oncall.group.users
    assert "@oncall and S0ONCALL in oncall_groups are one user group: it follows the entry with S0ONCALL." in told
    assert 2 == len(oncall.told)


async def test_what_people_wrote_in_a_topic_is_told_before_it_is_gone(oncall: Oncall) -> None:
    """What begins like the bridge's own part is taken for it, also the first time."""
    oncall.shift("PALICE1")
    oncall.use(channel=TOPIC, policies=[oncall.policy])
    oncall.slack.channels[TOPIC].topic = "On call: see go/oncall | Runbook"
    await oncall.look()
    await oncall.look()

    assert "On call: Alice Ng | Runbook" == oncall.topic
    [told] = oncall.told
    assert "names who is on call from now on: On call: Alice Ng (before: On call: see go/oncall)" in told


@pytest.mark.parametrize("landed", [True, False], ids=["the answer is lost", "the call is lost"])
async def test_an_unclear_end_is_no_change_by_hand(oncall: Oncall, landed: bool) -> None:  # noqa: FBT001 -- by its id
    """What the bridge may have written itself is not told as another's; it is read before it is written again."""
    oncall.group.users = ["U0BOB"]
    oncall.shift("PBOB1")
    oncall.use(group="@oncall", channel=TOPIC, policies=[oncall.policy])
    await oncall.look()
    oncall.shift("PALICE1")
    for method in ("usergroups.users.update", "conversations.setTopic"):
        oncall.slack.add_fault(Fault(method, drop=True, times=1, after_effect=landed))

    assert FAST.channel_retry == await oncall.look()
    assert FAST.channel_retry == await oncall.look()
    await oncall.look()

    assert (["U0ALICE"], "On call: Alice Ng") == (oncall.group.users, oncall.topic)
    assert [] == oncall.told
    calls = 1 if landed else 2
    assert [calls, calls + 1] == [
        len(oncall.slack.calls_to(method)) for method in ("usergroups.users.update", "conversations.setTopic")
    ]


GROUP_FAILURES = {
    "missing_scope": "@oncall doesn't follow who is on call: the Slack app lacks a scope. Add the scopes",
    "permission_denied": "Slack lets only admins change user groups. Allow it for everyone",
    "plan_upgrade_required": "this Slack plan has no user groups. Take group out",
    "paid_teams_only": "this Slack plan has no user groups",
    "no_such_subteam": "Slack has no user group @oncall",
    "subteam_max_users_exceeded": "Slack refused it",
}
TOPIC_FAILURES = {
    "missing_scope": "The topic of #payments doesn't follow who is on call: the Slack app lacks a scope",
    "not_in_channel": "the app isn't in the channel, or it is archived. Invite the app",
    "is_archived": "the app isn't in the channel, or it is archived",
    "user_is_restricted": "Slack doesn't let the app set the topic",
}


@pytest.mark.parametrize(
    ("method", "error", "why"),
    [
        *(("usergroups.users.update", *each) for each in GROUP_FAILURES.items()),
        ("usergroups.list", "missing_scope", "the Slack app lacks a scope"),
        *(("conversations.setTopic", *each) for each in TOPIC_FAILURES.items()),
        ("conversations.info", "channel_not_found", "the app isn't in the channel"),
    ],
)
async def test_a_failure_is_explained_once(oncall: Oncall, method: str, error: str, why: str) -> None:
    """Where the entry says, with a reference; the other place is written all the same, and this one once it can be."""
    oncall.group.users = []
    oncall.shift("PALICE1")
    oncall.use(group="@oncall", channel=TOPIC, policies=[oncall.policy])
    fault = oncall.slack.add_fault(Fault(method, error=error))

    for _ in range(3):
        assert FAST.resync == await oncall.look()

    done = [oncall.group.users == ["U0ALICE"], oncall.topic == "On call: Alice Ng"]
    assert [False, True] == sorted(done)
    [told] = oncall.told
    assert why in told
    assert "Reference: " in told
    fault.remove()
    await oncall.look()
    assert (["U0ALICE"], "On call: Alice Ng") == (oncall.group.users, oncall.topic)
    assert [told] == oncall.told


async def test_a_group_that_is_disabled_or_gone(oncall: Oncall) -> None:
    """Neither is written to; each is told."""
    oncall.shift("PALICE1")
    oncall.group.disabled_at = 1
    await oncall.look()
    oncall.group.disabled_at = 0
    oncall.group.handle = "renamed"
    await oncall.look()

    assert [] == oncall.slack.calls_to("usergroups.users.update")
    [disabled] = oncall.told
    assert "The user group @oncall is disabled" in disabled
    await oncall.look()
    assert [disabled] == oncall.told


async def test_people_who_cannot_be_in_a_group(oncall: Oncall) -> None:
    """Who isn't linked, is a guest, or has left Slack is told, each once; without anyone else the last ones stay."""
    slack, pagerduty = oncall.slack, oncall.pagerduty
    pagerduty.add_user("Noa Ng", "noa@example.com", id="PNOA1")
    pagerduty.add_user("Gus Ng", "gus@example.com", id="PGUS1")
    slack.add_user("Gus Ng", email="gus@example.com", id="U0GUS", guest="multi")
    oncall.shift("PNOA1", "PGUS1")
    await oncall.look()
    assert ["U0ZED"] == oncall.group.users
    oncall.shift("PNOA1", "PGUS1", "PALICE1")
    await oncall.look()
    await oncall.look()

    assert ["U0ALICE"] == oncall.group.users
    assert 1 == len(slack.calls_to("usergroups.users.update"))
    assert 4 == len(oncall.told)
    assert "Noa Ng is on call, but isn't in @oncall: their Slack account isn't known." in oncall.told[0]
    assert "Gus Ng is on call, but isn't in @oncall: Slack takes no guests into user groups." in oncall.told[1]
    assert "@oncall keeps its last members: no one on call can be in it." in oncall.told[2]


async def test_a_limit_is_waited_for(oncall: Oncall) -> None:
    """As long as Slack says, and it is not told: it passes by itself."""
    oncall.shift("PALICE1")
    oncall.slack.add_fault(Fault("usergroups.list", retry_after=7))

    assert 7 == await oncall.look()
    assert [] == oncall.told


async def test_what_lasts_is_told(oncall: Oncall) -> None:
    """An outage of a minute, once; what was told before is not forgotten over it."""
    oncall.shift("PALICE1")
    oncall.group.disabled_at = 1
    await oncall.look()
    lost = oncall.slack.add_fault(Fault("usergroups.list", drop=True))
    assert FAST.channel_retry == await oncall.look()
    assert 1 == len(oncall.told)

    with later(61_000):
        await oncall.look()
        await oncall.look()
        lost.remove()
        assert FAST.resync == await oncall.look()

    assert 2 == len(oncall.told)
    assert "couldn't update who is on call for a minute" in oncall.told[1]


async def test_a_write_that_landed_before_the_next_change_is_the_bridges_own(oncall: Oncall) -> None:
    """Its answer was lost, and then the shift ended: who it had put there is not held for a change by hand."""
    oncall.group.users = ["U0BOB"]
    oncall.shift("PBOB1")
    await oncall.look()
    oncall.shift("PALICE1")
    oncall.slack.add_fault(Fault("usergroups.users.update", drop=True, after_effect=True, times=1))
    await oncall.look()
    assert ["U0ALICE"] == oncall.group.users
    oncall.shift("PZED1")
    await oncall.look()

    assert ["U0ZED"] == oncall.group.users
    assert [] == oncall.told


async def test_a_channel_that_takes_no_words(oncall: Oncall) -> None:
    """What is to be told there is told when it takes them again."""
    oncall.shift("PALICE1")
    oncall.group.disabled_at = 1
    closed = oncall.slack.add_fault(Fault("chat.postMessage", error="is_archived"))
    assert FAST.resync == await oncall.look()
    closed.remove()
    await oncall.look()
    await oncall.look()

    [told] = oncall.told
    assert "is disabled" in told


def test_clocks_that_change_change_no_shift() -> None:
    """On the night when clocks go back, an end with another offset is the same instant."""
    common = {"escalation_level": 1, "escalation_policy": {"id": "PPOL001"}, "user": {"id": "PALICE1"}}
    night = {**common, "start": "2026-10-24T22:00:00+02:00", "end": "2026-10-25T02:30:00+01:00"}
    entries = parse_on_calls({"oncalls": [night, {**common, "start": None, "end": None}]}).members
    turn_ms = int(datetime(2026, 10, 25, 1, 30, tzinfo=UTC).timestamp() * 1000)

    assert 61 == look_in(entries, turn_ms - 60_000, 300)
    assert 300 == look_in(entries, turn_ms, 300)
    assert 300 == look_in(entries, NOON, 300)
