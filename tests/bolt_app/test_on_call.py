"""What `/pd oncall` costs, and who reads what: against both simulators, on a clock of its own."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import pytest
from fakeredis import FakeAsyncRedis

from bolt_app.commands.slash_grammar import ParsedCommand
from bolt_app.commands.slash_payload import SlashPayload
from bolt_app.commands.verbs import Verb
from bolt_app.queries.on_call import OnCallQuery
from bolt_app.queries.on_call_reader import OnCallReader
from bolt_app.visibility import Visibility
from pagebridge_sandbox.pagerduty import PagerDutySandbox
from pagebridge_sandbox.slack import SlackSandbox
from shared.access.identity import Identity, IdentityCache
from shared.access.made_links import MadeLinks
from shared.config.bridge_config import BridgeConfig, LiveConfig
from shared.config.people_config import IdentityConfig
from shared.model.command import SlackActor
from shared.model.ids import ChannelId, SlackUserId
from shared.model.outcome import Declined
from shared.pagerduty.api.client import PagerDuty
from shared.slack.api.client import Slack
from shared.store.clock import StoreClock
from tests.bolt_app.built_services import CLOSED


@dataclass
class Company:
    """Acme with four hundred and fifty people, thirty services and as many teams, and the query."""

    pagerduty: PagerDutySandbox
    slack: SlackSandbox
    query: OnCallQuery
    time: list[float]

    async def ask(self, who: str, text: str) -> str:
        """Let a person ask, and return the answer."""
        by = SlackActor(SlackUserId(who), self.slack.team_id)
        typed = SlashPayload("/pd", f"oncall {text}", by, ChannelId("C0INCIDENTS"), "", "1.1.a")
        return (await self.query.answer(ParsedCommand(Verb.ONCALL, text=text), typed)).text

    def calls(self) -> list[str]:
        """List the calls to PagerDuty since the last time."""
        found = [call.path for call in self.pagerduty.calls]
        self.pagerduty.calls.clear()
        return found


@pytest.fixture
async def company() -> AsyncIterator[Company]:
    """Bob takes over from Alice in an hour; Dave has no account, Erin is on the team Secret, which is private."""
    redis = cast("Any", FakeAsyncRedis())
    async with PagerDutySandbox() as pagerduty, SlackSandbox(enforce_rate_limits=False) as slack:
        for name in ("Alice", "Bob", "Erin", *(f"Nn{number}" for number in range(450))):
            pagerduty.add_user(f"{name} Ng", f"{name.lower()}@example.com", id=f"P{name.upper()}1")
        for name in ("Alice", "Bob", "Erin", "Dave"):
            slack.add_user(f"{name} Ng", email=f"{name.lower()}@example.com", id=f"U0{name.upper()}")
        slack.add_user("Gus", email="gus@example.com", id="U0GUS", guest="multi")
        for number in range(30):
            team = pagerduty.add_team(f"Team {number}")
            policy = pagerduty.add_escalation_policy(f"Policy {number}", [["PNN11"], ["PBOB1"]], teams=[team])
            pagerduty.add_service(f"service-{number}", policy.id)
        [seventh] = [one for one in pagerduty.escalation_policies if one.name == "Policy 7"]
        pagerduty.add_service("checkout", seventh.id)
        secret = pagerduty.add_team("Secret", private=True)
        pagerduty.add_member(secret.id, "PERIN1")
        hidden = pagerduty.add_escalation_policy("Vault on-call", [["PALICE1"]], teams=[secret])
        pagerduty.add_service("vault", hidden.id, teams=[secret])
        now, hour = datetime.now(UTC), timedelta(hours=1)
        shifts = [("PALICE1", now - hour, now + hour), ("PBOB1", now + hour, now + 2 * hour)]
        pagerduty.set_shifts(seventh.id, shifts)
        door, pager, time = Slack(slack.bot_token, slack.api_url), PagerDuty(pagerduty.token, pagerduty.url), [0.0]
        home, clock, config = await door.auth_test(), StoreClock(redis), LiveConfig(BridgeConfig())
        await clock.now_ms()
        identity = Identity(IdentityConfig(), door, pager, IdentityCache(redis), home, MadeLinks(None, pager))
        visibility = Visibility(pager, identity, None, config)
        reader = OnCallReader(pager, visibility, clock, lambda: time[0])
        yield Company(pagerduty, slack, OnCallQuery(reader, identity, CLOSED, visibility, clock), time)
        await door.aclose()
        await pager.aclose()
    await redis.aclose()


async def test_who_has_no_account_is_answered_for_five_calls(company: Company) -> None:
    """By level, until when, and who is next; the directory is not read, and the next minute costs no call at all."""
    company.calls()
    told = await company.ask("U0DAVE", "service-7")

    assert "*Policy 7*" in told
    assert "Level 1: Alice Ng until <!date^" in told
    assert ", then Bob Ng" in told
    assert "Level 2: Bob Ng" in told
    kinds = sorted(path.split("/")[1] for path in company.calls())
    assert ["escalation_policies", "escalation_policies", "oncalls", "services", "teams"] == kinds
    for who in ("U0DAVE", "U0ALICE", "U0BOB"):
        assert told == await company.ask(who, "service-7")
    assert [] == company.calls()
    company.time[0] += 61
    await company.ask("U0ALICE", "service-7")
    assert 5 == len(company.calls())


async def test_a_slip_of_the_pen_costs_two_calls_more(company: Company) -> None:
    """All services and policies are read then, and of their teams only those of what fits."""
    company.calls()

    assert "*Policy 7*" in await company.ask("U0DAVE", "chekcout")
    assert 7 == len(company.calls())


async def test_what_is_private_is_for_its_team(company: Company) -> None:
    """Dave reads of none of it, Erin does, and guests read nothing; only then it is looked up who asks."""
    assert "I can't find" in await company.ask("U0DAVE", "vault")
    assert "Vault" not in await company.ask("U0ALICE", "vault")
    assert "Level 1: Alice Ng" in await company.ask("U0ERIN", "vault")
    with pytest.raises(Declined):
        await company.ask("U0GUS", "service-7")
