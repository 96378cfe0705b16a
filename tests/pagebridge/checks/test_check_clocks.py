"""The checks of the clocks."""

from pagebridge.cli.checks import clocks
from pagebridge.cli.checks.findings import Finding, Status, look_at_all
from pagebridge_sandbox.pagerduty import PagerDutySandbox
from pagebridge_sandbox.slack import SlackSandbox
from tests.pagebridge.cli_session import pagerduty_door, says, slack_door

HOUR = 3600.0


async def test_clocks_that_differ(account: PagerDutySandbox, workspace: SlackSandbox) -> None:
    """An hour is too much, ten seconds are noticed; which of the two is wrong a person finds out."""
    async with pagerduty_door(account) as pager, slack_door(workspace) as door:
        workspace.clock.advance(-10)
        (seen,) = await look_at_all([clocks.of_slack(door)])
        says(seen, Status.WARNING, "Slack's clock is", "behind", "NTP")
        account.clock.advance(HOUR)
        (seen,) = await look_at_all([clocks.of_pagerduty(pager)])
        says(seen, Status.FAIL, "PagerDuty's clock is", "ahead", "NTP")


async def test_a_clock_that_tells_whole_seconds() -> None:
    """What a whole second leaves open is nobody's fault."""

    async def told() -> int:
        return 0

    says(Finding(**vars(await clocks.skew("Redis", told, 10**15))), Status.PASS, "agrees")
    says(Finding(**vars(await clocks.skew("Redis", told, 1))), Status.FAIL, "behind")
