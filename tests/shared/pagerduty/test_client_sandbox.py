"""The door to PagerDuty against a PagerDuty: what one reading of the vendor's documents sends, another understands."""

import pytest

from pagebridge_sandbox.pagerduty import Fault
from shared.errors import BadCredentials, NotFound, Refused, Unavailable, Uncertain
from shared.model.event_types import Status
from shared.model.ids import IncidentId, UserId
from shared.pagerduty.api.client import PagerDuty
from shared.pagerduty.api.transport import PAGE
from tests.shared.pagerduty.account import ALICE, BOB, Account


async def test_acknowledges_in_bobs_name(account: Account) -> None:
    """The incident is read, acknowledged, and shows who did it; PagerDuty saw one write, from Bob."""
    before = await account.door.incident(account.incident)
    assert before.value.snapshot.status is Status.TRIGGERED
    assert before.value.snapshot.title == "Checkout latency over 2s"
    after = await account.door.set_status(account.incident, Status.ACKNOWLEDGED, "bob@example.com")
    assert after.value.snapshot.status is Status.ACKNOWLEDGED
    assert after.value.snapshot.assignee_ids == {BOB}
    assert after.value.status_change is not None
    assert after.value.status_change.by is not None
    assert after.value.status_change.by.id == BOB
    assert [ref.id for ref in after.value.acknowledgers] == [BOB]
    assert before.date.ms <= after.date.ms
    (put,) = account.pd.calls_to("PUT", "/incidents/*")
    assert put.from_email == "bob@example.com"


async def test_people_and_teams(account: Account) -> None:
    """Everything that identity and authorization ask for."""
    assert (await account.door.user(ALICE)).email == "alice@example.com"
    assert ALICE in {user.id for user in await account.door.users_by_query("alice@example.com")}
    assert {user.id async for user in account.door.all_users()} >= {ALICE, BOB}
    assert (await account.door.team(account.team)).private
    assert (await account.door.team_members(account.team)).value == {ALICE: "responder", BOB: "manager"}
    assert (await account.door.escalation_policy(account.policy)).targets == {ALICE, BOB}
    assert await account.door.on_call(account.policy) == {ALICE, BOB}


async def test_a_directory_of_several_pages(account: Account) -> None:
    """Nobody is missed at the end of a page."""
    for n in range(PAGE):
        account.pd.add_user(f"User {n}", f"user{n}@example.com")
    assert len([user async for user in account.door.all_users()]) == PAGE + 2


@pytest.mark.parametrize("longest", [1, 7, 25, 100])
async def test_the_server_may_shorten_its_pages(account: Account, longest: int) -> None:
    """However few PagerDuty gives at a time, the next page begins after them, and everybody is found."""
    account.pd.options.longest_page = longest
    added = {account.pd.add_user(f"User {n}", f"user{n}@example.com").id for n in range(30)}
    assert {user.id async for user in account.door.all_users()} == added | {ALICE, BOB}


async def test_refusals(account: Account) -> None:
    """PagerDuty's codes come through, and what each means for the caller."""
    with pytest.raises(NotFound):
        await account.door.incident(IncidentId("QNOWHERE"))
    with pytest.raises(NotFound):
        await account.door.user(UserId("PNOBODY"))
    with pytest.raises(Refused) as unknown:
        await account.door.set_status(account.incident, Status.RESOLVED, "nobody@example.com")
    assert unknown.value.code == 1008
    assert account.pd.incident(account.incident).status == "triggered"


async def test_failures(account: Account) -> None:
    """Limits are certain, failures of the server leave it open; each call is one call."""
    for status, kind in ((429, Unavailable), (503, Uncertain)):
        account.pd.add_fault(Fault(method="PUT", path="/incidents/*", status=status, times=1))
        with pytest.raises(kind):
            await account.door.set_status(account.incident, Status.RESOLVED, "alice@example.com")
    assert len(account.pd.calls_to("PUT", "/incidents/*")) == 2


async def test_a_wrong_key(account: Account) -> None:
    """A key that PagerDuty does not know is `BadCredentials`."""
    door = PagerDuty("wrong", account.pd.url)
    with pytest.raises(BadCredentials):
        await door.incident(account.incident)
    await door.aclose()
