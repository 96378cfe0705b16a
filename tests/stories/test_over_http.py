"""Slack over HTTP: what holds with Socket Mode, which these stories run over in their own modules, holds here too."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import aiohttp
import pytest

from bolt_app.admin_server import AdminServer
from bolt_app.slack_transport.http import HttpMode
from pagebridge_sandbox.loopback import HOST
from pagebridge_sandbox.slack.request_url import RequestUrl
from shared.store.redis import connect
from tests.stories import (
    test_home_tab,
    test_one_incident,
    test_refusals,
    test_slack_failures,
    test_slash_answers,
    test_slash_commands,
    test_store_failures,
    test_who_may_act,
)
from tests.stories.harness import Bridge, running, settled

Story = Callable[[Bridge], Awaitable[None]]

STORIES: list[Story] = [
    test_home_tab.test_acting_there,
    test_one_incident.test_alice_acknowledges_from_slack_in_her_own_name,
    test_one_incident.test_resolve_asks_first,
    test_refusals.test_somebody_of_another_team,
    test_refusals.test_outsiders_in_a_shared_channel,
    test_slack_failures.test_a_click_on_the_same_envelope_twice_is_one_command,
    test_slash_answers.test_help_lists_every_command,
    test_slash_commands.test_a_mistyped_command_gets_the_line_that_works,
    test_slash_commands.test_a_redelivered_envelope_is_the_same_command,
    test_slash_commands.test_a_new_incident,
    test_store_failures.test_a_click_is_acked_only_when_it_is_stored,
    test_store_failures.test_a_dialog_is_not_sent,
    test_who_may_act.test_a_change_in_slack_lets_somebody_in_at_once,
]
"""Buttons, dialogs, the command, refusals, redelivery, a store that is down, the Home tab, and an event."""


@pytest.fixture
async def bridge() -> AsyncIterator[Bridge]:
    """Run Acme's bridge with one worker, whose Slack has an address to post to."""
    async with running(transport="http") as acme:
        yield acme


@pytest.mark.parametrize("story", STORIES, ids=lambda story: story.__name__)
async def test_the_same_story(bridge: Bridge, story: Story) -> None:
    """The story goes as with Socket Mode, and no connection is open."""
    await story(bridge)

    assert 0 == bridge.slack.socket.connections
    assert {None} == {envelope.connection for envelope in bridge.slack.envelopes}


async def test_an_event_that_was_not_taken_comes_again(bridge: Bridge) -> None:
    """Slack marks a repeated event with what went wrong before; it is taken like the first."""
    first = bridge.slack.envelopes
    before = len(first)
    url = bridge.slack._envelopes.request_url
    bridge.slack._envelopes.request_url = RequestUrl(bridge.slack, f"http://{HOST}:1/slack/events")
    lost = await bridge.slack.user_changed("U0ALICE")
    bridge.slack._envelopes.request_url = url

    await bridge.slack.wait(lambda _: len(first) > before + 1 and first[-1].acked)

    assert lost is not None
    assert "dispatch_failed" == lost.failure
    assert (1, "connection_failed") == (first[-1].retry_attempt, first[-1].retry_reason)


async def test_what_a_worker_says_about_itself(bridge: Bridge) -> None:
    """Ready while it listens, not any more once it was told to stop; and when it last heard of Slack."""
    ((worker, _),) = bridge._workers
    transport = worker.transport
    assert isinstance(transport, HttpMode)
    async with health(bridge, transport) as details, aiohttp.ClientSession() as session:
        await bridge.slack.person("U0ALICE").type_command("/pd", "C0INCIDENTS")
        found = await details()
        assert (True, True, 0) == (found["ready"], found["slack_listening"], found["slack_heard_seconds_ago"])
        readyz = f"http://{HOST}:{transport.port}/readyz"
        async with session.get(readyz) as answer:
            assert (200, "", "pagebridge") == (answer.status, await answer.text(), answer.headers["Server"])
        await settled(bridge)
        worker.stop()
        assert not (await details())["ready"]


@asynccontextmanager
async def health(bridge: Bridge, transport: HttpMode) -> AsyncIterator[Callable[[], Awaitable[dict[str, object]]]]:
    """Ask a worker's transport how it stands, as its health does."""
    redis = connect(bridge.valkey.url)
    try:
        yield AdminServer(redis, transport, durability="fsync").details
    finally:
        await redis.aclose()
