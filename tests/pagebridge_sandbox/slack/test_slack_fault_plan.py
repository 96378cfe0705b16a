"""Bad days by chance, and payloads that go wrong on their way to the app."""

import pytest
from aiohttp import ClientError
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from pagebridge_sandbox.slack import Channel, DeliveryFault, FaultPlan, SlackSandbox, User
from pagebridge_sandbox.slack.deliveries import DeliveryFaultKind
from pagebridge_sandbox.slack.fault_plan import RANDOM_FAULTS
from tests.pagebridge_sandbox.slack.conftest import App


async def simulate_calls(
    slack: SlackSandbox, client: AsyncWebClient, plan: FaultPlan | None
) -> list[tuple[object, ...]]:
    """Make forty calls, and return what became of each."""
    slack.plan = plan
    before = len(slack.calls)
    for number in range(40):
        try:
            await client.api_call("api.test", json={"number": number})
        except (SlackApiError, ClientError):
            continue
    return [(call.ok, call.error) for call in slack.calls[before:]]  # an effect may come later


async def test_same_seed_gives_same_faults(slack: SlackSandbox, client: AsyncWebClient) -> None:
    """Another seed makes another one, and without a plan nothing goes wrong."""
    plan = FaultPlan(seed=7, calls=0.5, slowest=0.001)

    first, second = await simulate_calls(slack, client, plan), await simulate_calls(slack, client, plan)
    other = await simulate_calls(slack, client, FaultPlan(seed=8, calls=0.5, slowest=0.001))
    good = await simulate_calls(slack, client, None)

    assert first == second
    assert first != other
    assert 5 < sum(not ok for ok, *_ in first) < 35
    assert {True} == {ok for ok, *_ in good}


async def test_fault_plan_filters(slack: SlackSandbox, client: AsyncWebClient) -> None:
    """It may be about one method, and about some ways to go wrong."""
    slack.plan = FaultPlan(seed=1, calls=1.0, method="auth.test", ways=("unavailable",))

    with pytest.raises(SlackApiError) as caught:
        await client.auth_test()

    assert 503 == caught.value.response.status_code
    assert isinstance(caught.value.response.data, str)
    assert (await client.api_test())["ok"]
    with pytest.raises(ValueError, match="nothing can go wrong like this: fire"):
        FaultPlan(seed=1, ways=("fire",))


@pytest.mark.parametrize("way", sorted(RANDOM_FAULTS.keys() - {"hung", "hung_after_effect"}))
async def test_every_random_fault(slack: SlackSandbox, client: AsyncWebClient, channel: Channel, way: str) -> None:
    """Each ends as its name says, and has the effect that its name says."""
    slack.plan = FaultPlan(seed=1, calls=1.0, ways=(way,), slowest=0.001)
    try:
        await client.chat_postMessage(channel=channel.id, text="x")
    except (SlackApiError, ClientError):
        assert way != "delayed"
    slack.plan = None

    if way in ("delayed", "dropped_before_effect") or way.endswith("after_effect"):
        await channel.wait(lambda c: c.messages)
    assert slack.calls[0].injected
    assert bool(channel.messages) is slack.calls[0].took_effect


@pytest.mark.parametrize("how", ["lost", "cut"])
async def test_lost_or_cut_delivery(
    slack: SlackSandbox, app: App, channel: Channel, alice: User, how: DeliveryFaultKind
) -> None:
    """The person is told that it took too long; the connection ends with it, or goes on."""
    slack.ack_timeout = 0.05
    slack.add_delivery_fault(DeliveryFault(how, "slash_commands"))

    typed = await slack.person(alice.id).type_command("/pd help", channel.id)

    assert ("operation_timeout", []) == (typed.failure, app.seen)
    if how == "cut":
        await slack.wait(lambda s: s.socket.connections == 0)
    else:
        assert (await slack.person(alice.id).type_command("/pd help", channel.id)).acked


async def test_duplicated_or_delayed_delivery(slack: SlackSandbox, app: App, channel: Channel, alice: User) -> None:
    """A copy has an envelope of its own and the same payload; a delay is not the app's."""
    slack.add_delivery_fault(DeliveryFault("duplicated"))
    slack.add_delivery_fault(DeliveryFault("delayed", delay=0.001))
    slack.add_delivery_fault(DeliveryFault("lost", "events_api"))
    person = slack.person(alice.id)

    assert (await person.type_command("/pd once", channel.id)).acked
    assert (await person.type_command("/pd late", channel.id)).acked

    assert ["once", "once", "late"] == [frame["payload"]["text"] for frame in app.seen]
    assert 3 == len({frame["envelope_id"] for frame in app.seen})
    assert app.seen[0]["payload"] == app.seen[1]["payload"]


async def test_random_delivery_faults(slack: SlackSandbox, app: App, channel: Channel, alice: User) -> None:
    """A plan is about them too; the same seed disturbs the same ones."""
    days = []
    for _ in range(2):
        slack.plan = FaultPlan(seed=3, calls=0.0, deliveries=0.5, hows=("duplicated",))
        before = len(app.seen)
        for number in range(10):
            await slack.person(alice.id).type_command(f"/pd {number}", channel.id)
        days.append([frame["payload"]["text"] for frame in app.seen[before:]])

    assert days[0] == days[1]
    assert 10 < len(days[0]) < 20
