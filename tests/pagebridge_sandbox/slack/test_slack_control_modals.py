"""The control endpoints for modals, shortcuts, plans and the clock."""

from typing import Any

import aiohttp
import pytest
from slack_sdk.web.async_client import AsyncWebClient

from pagebridge_sandbox.slack import Channel, SlackSandbox, User
from pagebridge_sandbox.slack.manifests import Shortcut
from tests.pagebridge_sandbox.slack.conftest import App, input_block, modal, text_input


@pytest.fixture
def url(slack: SlackSandbox) -> str:
    """Say where the endpoints are."""
    return f"{slack.base_url}/_sandbox/"


async def post(http: aiohttp.ClientSession, url: str, **arguments: object) -> Any:  # noqa: ANN401 - JSON
    """Make a request that must succeed."""
    async with http.post(url, json=arguments) as response:
        assert 200 == response.status, await response.text()
        return await response.json()


async def test_fill_and_submit_modal(
    slack: SlackSandbox, client: AsyncWebClient, http: aiohttp.ClientSession, app: App, alice: User, url: str
) -> None:
    """It can be looked at, filled in and ended."""
    who = input_block("Who", {"type": "users_select", "action_id": "who"})
    options = [{"text": {"type": "plain_text", "text": "High"}, "value": "high"}]
    urgency = input_block("Urgency", {"type": "static_select", "action_id": "it", "options": options})
    view = modal(text_input("Note"), who, urgency)
    await client.views_open(trigger_id=slack.triggers.issue(alice.id), view=view)

    for label, what in (("Note", {"text": "hi"}), ("Who", {"person": alice.id}), ("Urgency", {"option": "High"})):
        await post(http, url + "modal/fill", user=alice.id, label=label, **what)
    async with http.get(url + "modal", params={"user": alice.id}) as response:
        shown = await response.json()
    ended = await post(http, url + "modal/end", user=alice.id)

    assert ("Note", "hi", alice.id) == (shown["title"], shown["values"]["Note"], shown["values"]["Who"])
    assert ended["acked"]
    assert not slack.person(alice.id).modals
    assert app.payloads("view_submission")


async def test_shortcuts(
    slack: SlackSandbox, http: aiohttp.ClientSession, app: App, channel: Channel, alice: User, url: str
) -> None:
    """Both kinds can be used."""
    slack.shortcuts = [Shortcut("Declare", "declare", "global"), Shortcut("Add", "add", "message")]
    ts = slack.person(alice.id).post("hi", channel.id).ts

    assert (await post(http, url + "shortcut", user=alice.id, name="Declare"))["acked"]
    assert (await post(http, url + "shortcut", user=alice.id, name="Add", channel=channel.id, ts=ts))["acked"]
    assert ["declare", "add"] == [frame["payload"]["callback_id"] for frame in app.seen]


async def test_fault_plan_delivery_fault_and_clock(slack: SlackSandbox, http: aiohttp.ClientSession, url: str) -> None:
    """A plan is set and ended, a delivery disturbed, the clock moved."""
    plan = await post(http, url + "faults/plan", seed=7, calls=0.25, ways=["dropped"])
    await post(http, url + "faults/delivery", how="lost")
    before = slack.clock.now()
    moved = await post(http, url + "clock/advance", seconds=1800)

    assert (0.25, ["dropped"]) == (plan["calls"], plan["ways"])
    assert 7 == plan["seed"]
    assert {} == await post(http, url + "faults/plan")
    assert slack.plan is None
    assert ["lost"] == [fault.how for fault in slack._envelopes.pending_faults.pending]
    assert moved["now"] >= before + 1800
