"""A worker is ready only if it can do its work: `/readyz` and the metrics name what is missing, and people are told."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any, Literal

import aiohttp
import pytest

from pagebridge_sandbox.loopback import HOST, free_ports
from pagebridge_sandbox.pagerduty import Fault
from pagebridge_sandbox.slack import Fault as SlackFault
from shared.config.bridge_config import RouteConfig
from tests.metric_samples import sample
from tests.servers import not_on
from tests.stories.harness import FAST, PATIENCE, Bridge, running, settled, until
from tests.stories.test_store_failures import redis_of

LOOKING = replace(FAST, look=0.3)
LATE = 420.0
"""Seconds by which a clock is wrong: more than the five minutes that Slack's page allows."""


@dataclass(frozen=True)
class Health:
    """What a worker says about itself, as an operator and Prometheus ask for it."""

    bridge: Bridge
    session: aiohttp.ClientSession
    port: int

    async def readyz(self) -> tuple[int, list[str]]:
        """Return the status of `/readyz`, and its problems."""
        async with self.session.get(f"http://{HOST}:{self.port}/readyz") as answer:
            return answer.status, (await answer.json())["problems"]

    async def until(self, status: int, words: str = "") -> None:
        """Wait until `/readyz` has this status, and a problem that says `words`, or none at all."""

        def said(problems: list[str]) -> bool:
            return any(words in problem for problem in problems) if words else not problems

        found: object = None
        try:
            async with asyncio.timeout(PATIENCE):
                while (found := await self.readyz())[0] != status or not said(found[1]):  # noqa: ASYNC110 -- it has no event
                    await asyncio.sleep(0.02)
        except TimeoutError:
            raise AssertionError(f"waited in vain for {status} and {words!r}; last was {found}") from None

    async def alerted(self, what: str) -> bool:
        """Tell whether the metric is set on which the alert rule rests."""
        async with self.session.get(f"http://{HOST}:{self.port}/metrics") as answer:
            return f'pagebridge_worker_problem{{what="{what}"}} 1.0' in await answer.text()


@asynccontextmanager
async def watched(transport: Literal["socket", "http"] = "socket", **config: Any) -> AsyncIterator[Health]:  # noqa: ANN401
    """Run Acme's bridge, with a worker whose health can be asked for."""
    (port,) = free_ports(1)
    async with running(workers=0, transport=transport, **config) as bridge, aiohttp.ClientSession() as session:
        await bridge.start_worker(LOOKING, port)
        health = Health(bridge, session, port)
        await health.until(200)
        yield health


async def shown(bridge: Bridge) -> None:
    """Let monitoring open an incident, and wait until all is told of it."""
    bridge.trigger()
    await bridge.card()
    await settled(bridge)


async def test_a_slack_token_that_was_revoked() -> None:
    """The socket stays up: Alice's press is answered by its address, operators know, and a new token mends it."""
    async with watched() as health:
        bridge = health.bridge
        await shown(bridge)
        bridge.slack.token_revoked = True

        assert (await bridge.click("Alice", "Acknowledge")).acked
        assert "Use PagerDuty" in await bridge.told("Alice", "Slack rejects this bridge's credentials")
        assert (await bridge.click("Bob", "Resolve")).acked
        assert "Use PagerDuty" in await bridge.told("Bob", "The dialog did not open")
        await health.until(503, "Slack rejects SLACK_BOT_TOKEN (token_revoked)")
        assert await health.alerted("slack")
        looks = len(bridge.slack.calls_to("conversations.info"))
        await until(lambda: len(bridge.slack.calls_to("conversations.info")) > looks + 2, "looks at the channel")
        assert 1 == len((await health.readyz())[1])
        assert [] == bridge.writes()

        bridge.slack.token_revoked = False
        await health.until(200)
        assert not await health.alerted("slack")


async def test_a_slack_app_that_lost_a_scope() -> None:
    """An app that was installed again with less is named with what it lacks."""
    async with watched() as health:
        health.bridge.slack.bot_scopes.discard("chat:write")

        await health.until(503, "the Slack app lacks the scopes chat:write")


async def test_a_pagerduty_key_that_was_revoked() -> None:
    """Alice is told, and operators know which key it is."""
    async with watched() as health:
        bridge = health.bridge
        await shown(bridge)
        fault = bridge.pagerduty.add_fault(Fault(status=401, code=2006))

        assert (await bridge.click("Alice", "Acknowledge")).acked
        await bridge.told("Alice", "PagerDuty rejects this bridge's credentials")
        await health.until(503, "PagerDuty rejects PAGERDUTY_API_TOKEN")
        assert await health.alerted("pagerduty")

        fault.remove()
        await health.until(200)


@pytest.mark.parametrize(
    ("break_it", "words"),
    [
        (lambda bridge: bridge.slack.add_fault(SlackFault(http_status=503)), "Slack can't be used"),
        (lambda bridge: bridge.slack.add_fault(SlackFault(hang=True)), "Slack can't be used"),
        (lambda bridge: bridge.pagerduty.add_fault(Fault(status=503)), "PagerDuty can't be used"),
        (lambda bridge: bridge.pagerduty.add_fault(Fault(hang=True)), "PagerDuty can't be used"),
        (
            lambda bridge: bridge.pagerduty.add_fault(Fault("GET", "/incidents", status=403, code=2010)),
            "PagerDuty accepts PAGERDUTY_API_TOKEN, but doesn't let it read everything",
        ),
    ],
    ids=["Slack fails", "Slack hangs", "PagerDuty fails", "PagerDuty hangs", "incidents may not be read"],
)
async def test_a_side_that_does_not_answer(break_it: Callable[[Bridge], Any], words: str) -> None:
    """It is named while it lasts, and not any more after it."""
    async with watched() as health:
        fault = break_it(health.bridge)
        await health.until(503, words)
        fault.remove()
        await health.until(200)


async def test_one_slow_call_is_no_outage() -> None:
    """Each side hangs once: the next look finds it well, so nothing is ever said."""
    async with watched() as health:
        bridge = health.bridge
        slow = bridge.slack.add_fault(SlackFault("auth.test", hang=True, times=1))
        slower = bridge.pagerduty.add_fault(Fault("GET", "/incidents", hang=True, times=1))
        before = len(bridge.pagerduty.calls_to("GET", "/incidents"))

        async with asyncio.timeout(PATIENCE):
            while len(bridge.pagerduty.calls_to("GET", "/incidents")) < before + 3:
                assert (200, []) == await health.readyz()
                await asyncio.sleep(0.02)

        assert [1, 1] == [slow.match_count, slower.match_count]


async def test_a_limit_of_calls_is_no_outage() -> None:
    """A side that asks for patience answers."""
    async with watched() as health:
        bridge = health.bridge
        limited = bridge.pagerduty.add_fault(Fault("GET", "/incidents", status=429, ratelimit_reset=1))

        async with asyncio.timeout(PATIENCE):
            while limited.match_count < 3:
                assert (200, []) == await health.readyz()
                await asyncio.sleep(0.02)


@pytest.mark.parametrize(
    ("how", "words"),
    [
        ({"archived": True}, "#incidents is archived"),
        ({"bot_member": False}, "the app is not in #incidents"),
    ],
    ids=["archived", "the app was removed"],
)
async def test_a_default_channel_that_takes_no_cards(how: dict[str, bool], words: str) -> None:
    """Before the next incident comes it is known that it would be shown nowhere."""
    async with watched() as health:
        channel = health.bridge.channel
        channel.archived = how.get("archived", False)
        if "bot_member" in how:
            channel.members.remove(health.bridge.slack.bot_user_id)

        await health.until(503, words)
        assert await health.alerted("default_channel")


@pytest.mark.parametrize("how", [{"archived": True}, {"bot_member": False}], ids=["archived", "without the app"])
async def test_a_routes_channel_that_takes_no_cards(how: dict[str, bool]) -> None:
    """It is named before an incident comes for it; the others go on, so that the worker stays ready."""
    async with watched() as health:
        bridge = health.bridge
        others = [bridge.slack.add_channel(f"team-{number}", bot_member=True) for number in range(20)]
        ids = tuple(channel.id for channel in others)
        bridge.reroute(routes=(RouteConfig(urgency="low", channels=ids),))
        channel = others[-1]
        channel.archived = how.get("archived", False)
        if "bot_member" in how:
            channel.members.remove(bridge.slack.bot_user_id)

        await health.until(200, "A route's channel takes no cards")
        assert await health.alerted("channels")

        channel.archived = False
        channel.members.append(bridge.slack.bot_user_id)
        await health.until(200)


async def test_teams_that_cannot_be_read() -> None:
    """Whether its team is private is not known, so there is no card; operators know why, and then it comes."""
    async with watched() as health:
        bridge = health.bridge
        fault = bridge.pagerduty.add_fault(Fault("GET", "/teams/*", status=403, code=2010))
        bridge.trigger()

        await health.until(503, "PagerDuty's teams can't be read")
        assert await health.alerted("teams")
        assert [] == bridge.channel.messages

        fault.remove()
        await bridge.card("Triggered")
        await health.until(200)


async def test_a_clock_that_is_minutes_wrong() -> None:
    """Over HTTP Slack's requests seem old: Slack's own clock decides, so Alice's press works, and operators know."""
    async with watched("http") as health:
        bridge = health.bridge
        await shown(bridge)
        bridge.slack.advance(LATE)

        await health.until(200, "This machine's clock is -420 s off Slack's")
        assert await health.alerted("clock")
        assert (await bridge.click("Alice", "Acknowledge")).acked
        await bridge.card("Acknowledged by Alice Ng")


@not_on("cluster", because="in a cluster no server is made a replica like that")
@pytest.mark.both_servers
async def test_a_redis_that_answers_and_takes_nothing() -> None:
    """A replica answers every PING; an acknowledge goes straight to PagerDuty, and operators know why."""
    async with watched() as health:
        bridge = health.bridge
        await shown(bridge)
        async with redis_of(bridge) as redis:
            await redis.execute_command("REPLICAOF", HOST, "1")
            await health.until(503, "Redis can't be used (Redis: You can't write against a read only replica.)")
            assert await health.alerted("redis")
            await bridge.click("Alice", "Acknowledge")
            await bridge.told("Alice", "You acknowledged incident #1")
            await redis.execute_command("REPLICAOF", "NO", "ONE")

        await health.until(200)
        await bridge.card("Acknowledged by Alice Ng")


@pytest.mark.parametrize("right", ["evalsha", "xreadgroup", "blmove", "get"])
async def test_a_right_at_redis_that_was_taken_away(right: str) -> None:
    """An append is still taken, and nothing comes of it: named while it lasts; what waited comes afterwards."""
    async with watched() as health:
        bridge = health.bridge
        async with redis_of(bridge) as redis:
            await redis.execute_command("ACL", "SETUSER", "default", f"-{right}")
            await health.until(
                503, f"Redis can't be used (Redis: {'ACL failure' if right == 'get' else 'User default'}"
            )
            assert await health.alerted("redis")
            bridge.trigger("Meanwhile")
            await redis.execute_command("ACL", "SETUSER", "default", f"+{right}")

        await health.until(200)
        await bridge.card("Meanwhile")


async def test_a_worker_shows_by_which_settings_it_works(bridge: Bridge) -> None:
    """By a number: workers that were given another `bridge.toml` have another one."""
    before = sample("pagebridge_config_hash")
    bridge.configure(timeline_canvas=True)
    after = sample("pagebridge_config_hash")
    bridge.configure(timeline_canvas=False)

    assert before
    assert after != before == sample("pagebridge_config_hash")
