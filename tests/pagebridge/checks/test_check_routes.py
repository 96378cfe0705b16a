"""The checks of the routes, against places that lead nowhere."""

from pagebridge.cli.checks import pagerduty, slack
from pagebridge.cli.checks.findings import Status, look_at_all
from pagebridge_sandbox.slack import Fault as SlackFault
from shared.config.bridge_file import load_bridge_config
from tests.pagebridge.cli_session import Office, pagerduty_door, says, slack_door


async def test_routes_that_lead_nowhere(office: Office) -> None:
    """Each place of the file is named with what is wrong there."""
    office.slack.add_channel("old", id="C0OLD", archived=True)
    office.slack.add_channel("closed", id="C0CLOSED", bot_member=False)
    office.write(
        "bridge.toml",
        "[routing]\ndefault_channel = 'C0NOWHERE'\n"
        "[[routing.routes]]\nservice = 'PNONE'\nchannels = ['C0OLD', 'C0CLOSED']\n"
        "[[routing.routes]]\nservice = 'checkout-api'\nteam = 'Nobody'\nignore = true\n",
    )
    routing = load_bridge_config(office.directory / "bridge.toml").routing
    async with pagerduty_door(office.pagerduty) as pager, slack_door(office.slack) as door:
        findings = await look_at_all(pagerduty.routes(door, pager, routing))

    told = [(finding.check, finding.status, finding.what) for finding in findings]
    assert [
        ("routing.default_channel", Status.FAIL, "this app can't see channel C0NOWHERE"),
        ("routing.routes[1]", Status.FAIL, "#old is archived"),
        ("routing.routes[1]", Status.FAIL, "the app is not in #closed"),
        ("routing.routes[1].service", Status.FAIL, "PagerDuty has no service 'PNONE', so this route never matches"),
        ("routing.routes[2].service", Status.PASS, "exists"),
        ("routing.routes[2].team", Status.FAIL, "PagerDuty has no team 'Nobody', so this route never matches"),
    ] == told


async def test_a_channel_that_takes_no_posts(office: Office) -> None:
    """Only posting shows that, so it is done when asked for."""
    office.slack.add_fault(SlackFault("chat.postMessage", error="restricted_action"))
    async with slack_door(office.slack) as door:
        routing = load_bridge_config(office.directory / "bridge.toml").routing
        (finding,) = await look_at_all(slack.posting(door, routing))
    says(finding, Status.FAIL, "restricted_action", "allow the app to post")
