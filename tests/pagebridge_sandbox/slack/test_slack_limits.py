"""Rate limits: by method, by channel, and how they are told."""

from collections.abc import AsyncIterator
from types import MappingProxyType

import aiohttp
import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from pagebridge_sandbox.slack import RateLimits, SlackSandbox
from pagebridge_sandbox.slack.methods import METHODS
from tests.pagebridge_sandbox.slack.conftest import OF_PAGES, Sample


class Now:
    """A clock that tests turn."""

    def __init__(self) -> None:
        self.time = 1_700_000_000.0

    def __call__(self) -> float:
        """Tell the time."""
        return self.time


@pytest.fixture
def now() -> Now:
    """Make a clock."""
    return Now()


@pytest.fixture
async def slack(now: Now) -> AsyncIterator[SlackSandbox]:
    """Run a Slack with tight limits."""
    tiers = MappingProxyType({1: 1, 2: 2, 3: 3, 4: 100, 5: 600})
    limits = RateLimits(per_minute=tiers, posts_per_second=0.5, post_burst=2)
    async with SlackSandbox(limits=limits, now=now) as sandbox:
        yield sandbox


async def limited(client: AsyncWebClient, method: str, **arguments: str) -> str | None:
    """Return how a call was refused, with its Retry-After; None when it was carried out."""
    try:
        await client.api_call(method, params=arguments)
    except SlackApiError as error:
        return f"{error.response.status_code} {error.response['error']} {error.response.headers['Retry-After']}"
    return None


async def test_post_limit_per_channel(slack: SlackSandbox, client: AsyncWebClient, now: Now) -> None:
    """After the burst one must wait, in that channel only, for whole seconds; then it goes on."""
    for name in ("busy", "calm"):
        slack.add_channel(name)

    first = [await limited(client, "chat.postMessage", channel="busy", text="x") for _ in range(3)]
    other = await limited(client, "chat.postMessage", channel="calm", text="x")
    now.time += 2
    later = await limited(client, "chat.postMessage", channel="busy", text="x")

    assert [None, None, "429 ratelimited 2"] == first
    assert other is None
    assert later is None
    assert 3 == len(next(iter(slack.channels.values())).messages)


async def test_method_tier_limit(slack: SlackSandbox, client: AsyncWebClient, now: Now) -> None:
    """A tier is so many calls a minute, for each method of it by itself."""
    first = [await limited(client, "users.list") for _ in range(3)]
    other = await limited(client, "conversations.list")
    now.time += 30

    assert [None, None, "429 ratelimited 30"] == first
    assert other is None
    assert await limited(client, "users.list") is None
    assert [True, True, False, True, True] == [call.took_effect for call in slack.calls]


async def test_default_limits_are_enforced(http: aiohttp.ClientSession) -> None:
    """Without configuration a channel gets about one message a second after a small burst."""
    async with SlackSandbox() as slack:
        channel = slack.add_channel("incidents")
        client = AsyncWebClient(slack.bot_token, slack.api_url, session=http, retry_handlers=[])

        waits = [await limited(client, "chat.postMessage", channel=channel.id, text="x") for _ in range(6)]

    assert [None] * 5 + ["429 ratelimited 1"] == waits


async def test_limits_can_be_disabled(http: aiohttp.ClientSession) -> None:
    """Fast tests are not slowed down."""
    async with SlackSandbox(enforce_rate_limits=False) as slack:
        slack.add_channel("incidents")
        client = AsyncWebClient(slack.bot_token, slack.api_url, session=http, retry_handlers=[])

        assert {None} == {await limited(client, "chat.postMessage", channel="incidents", text="x") for _ in range(20)}


async def test_tiers_match_documentation(sample: Sample) -> None:
    """Every method has the tier that its page names."""
    for name, method in METHODS.items():
        if name in OF_PAGES:
            continue
        documented = sample(f"api-ref/{name}.json").get("rate_limits", "t3")
        assert documented == f"t{method.tier}", name
