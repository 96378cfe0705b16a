"""The checks of PagerDuty, each against something broken: what it sees, and what it says to do."""

import pytest

from pagebridge.cli.checks import pagerduty
from pagebridge.cli.checks.findings import Finding, Status
from pagebridge_sandbox.pagerduty import Fault, PagerDutySandbox
from tests.pagebridge.cli_session import found, pagerduty_door, says


async def of_pagerduty(account: PagerDutySandbox, name: str) -> Finding:
    """Make one of the checks of PagerDuty."""
    async with pagerduty_door(account) as door:
        return await found(pagerduty.checks(door, "team"), name)


async def test_a_key_that_pagerduty_does_not_take(account: PagerDutySandbox) -> None:
    """It is named, and what makes a good one."""
    account.add_fault(Fault(status=401))
    says(await of_pagerduty(account, "PagerDuty token"), Status.FAIL, "PAGERDUTY_API_TOKEN", "full access")


async def test_a_pagerduty_that_is_not_there(account: PagerDutySandbox) -> None:
    """That is no fault of the key."""
    account.add_fault(Fault(status=503))
    says(await of_pagerduty(account, "PagerDuty token"), Status.FAIL, "PagerDuty can't be reached", "PAGERDUTY_API_URL")


@pytest.mark.parametrize(
    ("ability", "words"), [("teams", "has no teams"), ("coordinated_responding", "responder requests")]
)
async def test_an_account_that_can_less(account: PagerDutySandbox, ability: str, words: str) -> None:
    """What follows from a missing ability is told."""
    for name in ("teams", "coordinated_responding"):
        account.set_ability(name, present=name != ability)
    says(await of_pagerduty(account, "PagerDuty abilities"), Status.WARNING, words)


async def test_services_without_a_team(account: PagerDutySandbox) -> None:
    """They are named as far as anybody would read, because on them nobody is told apart by a team."""
    account.add_user("Alice Ng", "alice@example.com", id="PALICE1")
    policy = account.add_escalation_policy("On-call", [["PALICE1"]])
    for n in range(7):
        account.add_service(f"batch-{n}", policy.id)
    says(await of_pagerduty(account, "services without a team"), Status.WARNING, "batch-0", "and 2 more", "a team")
