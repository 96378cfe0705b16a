"""The door to PagerDuty against a PagerDuty: what one reading of the vendor's documents sends, another understands."""

from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest

from pagebridge.sandbox.pagerduty import Fault, PagerDutySandbox
from shared.errors import BadCredentials, NotFound, Refused, Unavailable, Uncertain
from shared.model.event import Status
from shared.model.ids import IncidentId, TeamId, UserId
from shared.pagerduty.client import PAGE, PagerDuty

ALICE = UserId("PALICE1")
BOB = UserId("PBOB001")


@dataclass
class Account:
    """An account in which one incident is open."""

    pd: PagerDutySandbox
    team: TeamId
    policy: str
    incident: IncidentId


@pytest.fixture
async def account() -> AsyncIterator[Account]:
    """Run a PagerDuty with a private team of two, on whose service an incident is open."""
    async with PagerDutySandbox(retry_delay=0.05) as pd:
        pd.add_user("Alice Ng", "alice@example.com", role="user", id=ALICE)
        pd.add_user("Bob Ray", "bob@example.com", role="user", id=BOB)
        team = pd.add_team("Payments", private=True)
        pd.add_member(team.id, ALICE, "responder")
        pd.add_member(team.id, BOB, "manager")
        policy = pd.add_escalation_policy("Payments on-call", [[ALICE]], teams=[team.id])
        service = pd.add_service("checkout-api", policy.id, teams=[team.id])
        incident = pd.trigger(service.id, "Checkout latency over 2s")
        yield Account(pd, TeamId(team.id), policy.id, IncidentId(incident.id))


@pytest.fixture
async def door(account: Account) -> AsyncIterator[PagerDuty]:
    """Open the door to it."""
    opened = PagerDuty(account.pd.token, account.pd.url, timeout=1)
    yield opened
    await opened.aclose()


async def test_acknowledges_in_bobs_name(account: Account, door: PagerDuty) -> None:
    """The incident is read, acknowledged, and shows who did it; PagerDuty saw one write, from Bob."""
    before = await door.incident(account.incident)
    assert before.value.snapshot.status is Status.TRIGGERED
    assert before.value.snapshot.title == "Checkout latency over 2s"
    after = await door.set_status(account.incident, Status.ACKNOWLEDGED, "bob@example.com")
    assert after.value.snapshot.status is Status.ACKNOWLEDGED
    assert after.value.snapshot.assignee_ids == {BOB}
    assert after.value.status_change is not None
    assert after.value.status_change.by is not None
    assert after.value.status_change.by.id == BOB
    assert [ref.id for ref in after.value.acknowledgers] == [BOB]
    assert before.date.ms <= after.date.ms
    (put,) = account.pd.calls_to("PUT", "/incidents/*")
    assert put.from_email == "bob@example.com"


async def test_people_and_teams(account: Account, door: PagerDuty) -> None:
    """Everything that identity and authorization ask for."""
    assert (await door.user(ALICE)).email == "alice@example.com"
    assert ALICE in {user.id for user in await door.users_by_query("alice@example.com")}
    assert {user.id async for user in door.all_users()} >= {ALICE, BOB}
    assert (await door.team(account.team)).private
    assert await door.team_members(account.team) == {ALICE: "responder", BOB: "manager"}
    assert (await door.escalation_policy(account.policy)).targets == {ALICE}
    assert await door.on_call(account.policy) == {ALICE}


async def test_a_directory_of_several_pages(account: Account, door: PagerDuty) -> None:
    """Nobody is missed at the end of a page."""
    for n in range(PAGE):
        account.pd.add_user(f"User {n}", f"user{n}@example.com")
    assert len([user async for user in door.all_users()]) == PAGE + 2


async def test_refusals(account: Account, door: PagerDuty) -> None:
    """PagerDuty's codes come through, and what each means for the caller."""
    with pytest.raises(NotFound):
        await door.incident(IncidentId("QNOWHERE"))
    with pytest.raises(NotFound):
        await door.user(UserId("PNOBODY"))
    with pytest.raises(Refused) as unknown:
        await door.set_status(account.incident, Status.RESOLVED, "nobody@example.com")
    assert unknown.value.code == 1008
    assert account.pd.incident(account.incident).status == "triggered"


async def test_failures(account: Account, door: PagerDuty) -> None:
    """Limits are certain, failures of the server leave it open; each call is one call."""
    for status, kind in ((429, Unavailable), (503, Uncertain)):
        account.pd.fail(Fault(method="PUT", path="/incidents/*", status=status, times=1))
        with pytest.raises(kind):
            await door.set_status(account.incident, Status.RESOLVED, "alice@example.com")
    assert len(account.pd.calls_to("PUT", "/incidents/*")) == 2


async def test_a_wrong_key(account: Account) -> None:
    """A key that PagerDuty does not know is `BadCredentials`."""
    door = PagerDuty("wrong", account.pd.url)
    with pytest.raises(BadCredentials):
        await door.incident(account.incident)
    await door.aclose()
