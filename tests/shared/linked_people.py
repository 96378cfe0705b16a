"""Both sides of the identity: a Slack with Alice in it, a PagerDuty, and what links them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import cast

import pytest
from fakeredis import FakeAsyncRedis

from pagebridge_sandbox.pagerduty import PagerDutySandbox
from pagebridge_sandbox.slack import SlackSandbox
from shared.access.identity import Identity, IdentityCache
from shared.access.made_links import MadeLinks
from shared.config.people_config import IdentityConfig
from shared.model.command import SlackActor
from shared.model.ids import SlackUserId
from shared.model.outcome import Declined, Kind
from shared.pagerduty.api.client import PagerDuty
from shared.slack.api.client import Slack
from shared.store.links import Links
from shared.store.redis import Redis

ALICE = SlackUserId("U0ALICE")
EMAIL = "alice@example.com"


@dataclass
class Acme:
    """Both sides, with Alice in Slack, and the identity between them."""

    pagerduty: PagerDutySandbox
    slack: SlackSandbox
    redis: Redis
    identity: Identity
    made: Links

    async def link(self, user: str = ALICE) -> str:
        """Return which PagerDuty user somebody of our workspace is."""
        return (await self.identity.link(self.actor(user))).user.id

    async def refusal(self, user: str = ALICE) -> str:
        """Return the words with which somebody is refused."""
        with pytest.raises(Declined) as declined:
            await self.link(user)
        assert Kind.NOT_LINKED is declined.value.outcome.kind
        assert declined.value.outcome.next_step
        return declined.value.outcome.why

    def actor(self, user: str = ALICE) -> SlackActor:
        """Make what an envelope says of somebody of our workspace."""
        return SlackActor(SlackUserId(user), self.slack.team_id)

    def use(self, **config: object) -> None:
        """Put another table `[identity]` in force."""
        self.identity.config = IdentityConfig.model_validate(config)

    def searches(self) -> int:
        """Count the calls that looked for somebody in PagerDuty's directory."""
        return len(self.pagerduty.calls_to("GET", "/users"))


@asynccontextmanager
async def linking() -> AsyncIterator[Acme]:
    """Run both sides."""
    redis = cast("Redis", FakeAsyncRedis())
    redis.waits_for_replica, redis.topology, redis.writing = False, None, None
    async with PagerDutySandbox() as pagerduty, SlackSandbox(enforce_rate_limits=False) as slack:
        slack.add_user("Alice Ng", email=EMAIL, id=ALICE)
        to_slack = Slack(slack.bot_token, slack.api_url, timeout=20)
        to_pagerduty = PagerDuty(pagerduty.token, pagerduty.url, timeout=20)
        home = await to_slack.auth_test()
        cache, made = IdentityCache(redis), Links(redis)
        yield Acme(
            pagerduty,
            slack,
            redis,
            Identity(IdentityConfig(), to_slack, to_pagerduty, cache, home, MadeLinks(made, to_pagerduty)),
            made,
        )
        await to_slack.aclose()
        await to_pagerduty.aclose()
    await redis.aclose()
