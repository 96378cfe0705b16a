"""Who may act on what, decided on what PagerDuty says about the person, the incident and its people."""

from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest

from pagebridge_sandbox.pagerduty import Fault, PagerDutySandbox
from shared.access.authorization import Authorization, NotAllowed
from shared.config.people_config import AuthorizationConfig
from shared.errors import Uncertain
from shared.model.actions import Action
from shared.model.ids import IncidentId, UserId
from shared.model.outcome import Kind
from shared.pagerduty.api.client import PagerDuty


@dataclass
class Acme:
    """Alice is of Payments, whose service breaks; Bob is on its policy only; Carol is of Search; Olga owns it all."""

    sandbox: PagerDutySandbox
    pagerduty: PagerDuty
    authorization: Authorization
    team: str = ""
    service: str = ""
    incident: str = ""

    def use(self, **config: object) -> None:
        """Put another table `[authorization]` in force."""
        self.authorization.config = AuthorizationConfig.model_validate(config)

    async def require(self, user: str, action: Action = Action.ACKNOWLEDGE) -> str:
        """Ask for the incident."""
        who = await self.pagerduty.user(UserId(user))
        read = await self.pagerduty.incident(IncidentId(self.incident))
        return await self.authorization.require(who, read.value, action)

    async def require_service(self, user: str) -> str:
        """Ask for opening an incident on the service."""
        who = await self.pagerduty.user(UserId(user))
        return await self.authorization.require(who, await self.pagerduty.service(self.service), Action.TRIGGER)

    async def refused(self, user: str, action: Action = Action.ACKNOWLEDGE) -> NotAllowed:
        """Ask in vain for the incident."""
        with pytest.raises(NotAllowed) as refused:
            await self.require(user, action)
        assert Kind.NOT_ALLOWED is refused.value.outcome.kind
        return refused.value


@pytest.fixture
async def acme() -> AsyncIterator[Acme]:
    """Found the company, and let its service break: the incident is assigned to Bob, whom the policy names first."""
    async with PagerDutySandbox() as sandbox:
        pagerduty = PagerDuty(sandbox.token, sandbox.url, timeout=20)
        acme = Acme(sandbox, pagerduty, Authorization(AuthorizationConfig(), pagerduty))
        for name, role in (("Alice", "limited_user"), ("Bob", "user"), ("Carol", "user"), ("Olga", "owner")):
            sandbox.add_user(f"{name} Ng", f"{name.lower()}@example.com", role=role, id=f"P{name.upper()}1")
        sandbox.add_user("Dan Ng", "dan@example.com", role="user", id="PDAN1")
        payments, search = sandbox.add_team("Payments"), sandbox.add_team("Search")
        sandbox.add_member(payments.id, "PALICE1", "responder")
        sandbox.add_member(search.id, "PCAROL1", "responder")
        policy = sandbox.add_escalation_policy("Payments on-call", [["PBOB1"], ["PDAN1"]], teams=[payments])
        acme.team = payments.id
        acme.service = sandbox.add_service("checkout-api", policy.id, teams=[payments]).id
        acme.incident = sandbox.trigger(acme.service, "Checkout is slow", "high").id
        yield acme
        await pagerduty.aclose()


@pytest.mark.parametrize(
    ("user", "by"),
    [("PALICE1", "team: member"), ("PBOB1", "team: assignee"), ("PDAN1", "team: policy"), ("POLGA1", "team: admin")],
)
async def test_the_name_of_what_let_somebody_act(acme: Acme, user: str, by: str) -> None:
    """The audit can say for everybody why they might."""
    assert by == await acme.require(user)


async def test_somebody_of_another_team_reads_who_may(acme: Acme) -> None:
    """Carol hears whose incident it is and whom to ask."""
    refused = await acme.refused("PCAROL1")

    assert "team" == refused.rule
    assert "This incident belongs to Payments, and you are not on that team." == refused.outcome.why
    expected = "Ask Bob Ng (assigned now), any Payments responder or manager, or whoever is on call for it"
    assert expected == refused.outcome.next_step


async def test_a_rule_narrows_one_action(acme: Acme) -> None:
    """Resolving is for the team's own people: Dan of the policy still acknowledges, but cannot resolve."""
    acme.use(actions={"resolve": "members"})

    assert "team: policy" == await acme.require("PDAN1", Action.ACKNOWLEDGE)
    assert "members: member" == await acme.require("PALICE1", Action.RESOLVE)
    refused = await acme.refused("PDAN1", Action.RESOLVE)
    assert "members" == refused.rule
    assert "This incident belongs to Payments, and only its members may do this here." == refused.outcome.why
    assert "Ask Bob Ng (assigned now) or any Payments responder or manager" == refused.outcome.next_step


async def test_a_membership_that_cannot_be_read_decides_nothing(acme: Acme) -> None:
    """It may be the person's own, as an observer or a responder; whose own can be read acts as ever."""
    acme.sandbox.add_member(acme.team, "PCAROL1", "responder")
    acme.sandbox.add_fault(Fault(path="/teams/*/members", odd={"members.1.user": 7}))

    assert "team: member" == await acme.require("PALICE1")
    with pytest.raises(Uncertain, match="cannot be read"):
        await acme.require("PCAROL1")


async def test_who_acts_on_one_of_the_teams_needs_no_other(acme: Acme) -> None:
    """Alice is a responder of Payments: what cannot be read of another team of the incident can't change that."""
    other = acme.sandbox.add_team("Platform")
    acme.sandbox.add_member(other.id, "PBOB1", "responder")
    [payments, *_] = acme.sandbox.teams
    policy = acme.sandbox.add_escalation_policy("Both on-call", [["PBOB1"]], teams=[payments, other])
    acme.incident = acme.sandbox.trigger(acme.sandbox.add_service("gateway", policy.id).id, "Down").id
    acme.sandbox.add_fault(Fault(path=f"/teams/{other.id}/members", odd={"members.0.user": 7}))

    assert "team: member" == await acme.require("PALICE1")


async def test_the_policy_is_not_asked_where_it_does_not_matter(acme: Acme) -> None:
    """A rule that does not look at the policy costs no call for it."""
    acme.use(actions={"resolve": "members"})

    await acme.refused("PDAN1", Action.RESOLVE)

    assert [] == acme.sandbox.calls_to("GET", "/escalation_policies/*")


async def test_a_rule_widens_one_action(acme: Acme) -> None:
    """Status updates by everybody: Carol publishes one, and still cannot acknowledge."""
    acme.use(actions={"status_update": "linked"})

    assert "linked: role" == await acme.require("PCAROL1", Action.STATUS_UPDATE)
    assert "team" == (await acme.refused("PCAROL1")).rule


async def test_notes_follow_the_role_rules(acme: Acme) -> None:
    """Whoever acts somewhere may say something anywhere, unless the configuration says otherwise."""
    assert "linked: role" == await acme.require("PCAROL1", Action.NOTE)

    acme.use(actions={"note": "team"})
    assert "team" == (await acme.refused("PCAROL1", Action.NOTE)).rule


async def test_no_rule_raises_a_role(acme: Acme) -> None:
    """A stakeholder acts nowhere, and an observer only where PagerDuty lets them."""
    acme.use(mode="pagerduty", everywhere=["PCAROL1"], actions=dict.fromkeys(Action, "linked"))
    for role in ("read_only_user", "observer"):
        acme.sandbox.change_user("PCAROL1", role=role)
        for action in Action:
            refused = await acme.refused("PCAROL1", action)
            assert "roles" == refused.rule
            assert "doesn't allow this on the incident" in refused.outcome.why


async def test_who_may_open_an_incident(acme: Acme) -> None:
    """The service's teams and its policy: nobody is assigned to a service."""
    assert "team: member" == await acme.require_service("PALICE1")
    assert "team: policy" == await acme.require_service("PBOB1")
    with pytest.raises(NotAllowed, match="This service belongs to Payments, and you are not on that team"):
        await acme.require_service("PCAROL1")

    acme.use(actions={"trigger": "members"})
    with pytest.raises(NotAllowed, match="This service belongs to Payments, and only its members may do this here"):
        await acme.require_service("PBOB1")


async def test_a_team_that_cannot_be_read_is_no_answer(acme: Acme) -> None:
    """Then nobody knows who is on it, which is not the same as no team."""
    acme.sandbox.add_fault(Fault("GET", "/teams/*/members", status=503))

    with pytest.raises(Uncertain):
        await acme.require("PALICE1")
