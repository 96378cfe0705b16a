"""The checks of the routes, against places that lead nowhere."""

from datetime import UTC, datetime, timedelta

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
        "[[routing.routes]]\nservice = 'checkout-api'\nteam = 'Nobody'\nignore = true\n"
        "[[reminders]]\npriority = 'P0'\nafter = '1h'\n[[incident_channels.automatic]]\nservice = 'chekout'\n",
    )
    config = load_bridge_config(office.directory / "bridge.toml")
    async with pagerduty_door(office.pagerduty) as pager, slack_door(office.slack) as door:
        findings = await look_at_all(pagerduty.routes(door, pager, config))

    told = [(finding.check, finding.status, finding.what) for finding in findings]
    assert [
        ("routing.default_channel", Status.FAIL, "this app can't see channel C0NOWHERE"),
        ("routing.routes[1]", Status.FAIL, "#old is archived"),
        ("routing.routes[1]", Status.FAIL, "the app is not in #closed"),
        ("routing.routes[1].service", Status.FAIL, "PagerDuty has no service 'PNONE', so this never matches"),
        ("routing.routes[2].service", Status.PASS, "exists"),
        ("routing.routes[2].team", Status.FAIL, "PagerDuty has no team 'Nobody', so this never matches"),
        ("reminders[1].priority", Status.FAIL, "PagerDuty has no priority 'P0', so this never matches"),
        (
            "incident_channels.automatic[1].service",
            Status.FAIL,
            "PagerDuty has no service 'chekout', so this never matches",
        ),
    ] == told


async def test_priorities_that_pagerduty_does_not_have(office: Office) -> None:
    """Those of a digest are looked up as the others are: one finding for a list, with what was probably meant."""
    for name in ("P1", "P2", "P3", "P4", "P5"):
        office.pagerduty.add_priority(name)
    office.write(
        "bridge.toml",
        "[routing]\ndigest_above = 9\ndigest_priorities = ['P-4', 'P5', 'Lowest']\n"
        "[[routing.routes]]\npriority = 'p1'\nignore = true\ndigest_priorities = ['P4']\n",
    )
    config = load_bridge_config(office.directory / "bridge.toml")
    async with pagerduty_door(office.pagerduty) as pager, slack_door(office.slack) as door:
        route, every, own = await look_at_all(pagerduty.routes(door, pager, config))

    assert ("routing.routes[1].priority", "routing.digest_priorities") == (route.check, every.check)
    says(route, Status.FAIL, "PagerDuty has no priority 'p1' (did you mean P1?), so this never matches", "P1, P2, P3")
    says(every, Status.FAIL, "no priority 'Lowest', 'P-4' (did you mean P4?): it makes no incident less important")
    assert ("routing.routes[1].digest_priorities", Status.PASS) == (own.check, own.status)


async def test_what_follows_who_is_on_call(office: Office) -> None:
    """The channel and policy of a handover; groups, schedules, policies, levels and channels of `[[oncall_groups]]`."""
    slack, now = office.slack, datetime.now(UTC)
    slack.bot_scopes |= {"usergroups:read"}
    slack.add_user_group("oncall", id="S0ONCALL")
    slack.add_user_group("old", id="S0OLD").disabled_at = 1
    slack.add_channel("closed", id="C0CLOSED", bot_member=False)
    [policy] = office.pagerduty.escalation_policies
    office.pagerduty.set_shifts(policy.id, [("PALICE1", now, now + timedelta(1))], schedule="PSCHED1")
    group = "[[oncall_groups]]\ntell = 'C0INCIDENTS'\n"
    office.write(
        "bridge.toml",
        "[[handovers]]\nchannel = 'C0CLOSED'\npolicy = 'PNONE1'\n"
        f"{group}group = '@oncall'\nschedules = ['PSCHED1', 'PNONE2']\nchannel = 'C0GONE'\n"
        f"{group}group = 'S0ONCALL'\npolicies = ['{policy.id}', 'PNONE1']\n"
        f"{group}group = '@old'\npolicies = ['{policy.id}']\nlevels = [1, 3]\n"
        f"{group}group = '@none'\npolicies = ['{policy.id}']\n",
    )
    config = load_bridge_config(office.directory / "bridge.toml")
    async with pagerduty_door(office.pagerduty) as pager, slack_door(slack) as door:
        found = [(finding.check, finding.what) for finding in await look_at_all(pagerduty.routes(door, pager, config))]
        assert 1 == len(slack.calls_to("usergroups.list"))
        slack.plan_has_groups = False
        *_, no_plan = await look_at_all(pagerduty.routes(door, pager, config))

    assert [
        ("handovers[1]", "the app is not in #closed"),
        ("oncall_groups[1]", "this app can't see channel C0GONE"),
        ("oncall_groups[1]", "exists"),
        ("handovers[1].policy", "PagerDuty has no escalation policy PNONE1"),
        ("oncall_groups[1].schedules", "exists"),
        ("oncall_groups[1].schedules", "PagerDuty names no one on call in schedule PNONE2 for the next four weeks"),
        ("oncall_groups[2].policies", "exists"),
        ("oncall_groups[2].policies", "PagerDuty has no escalation policy PNONE1"),
        ("oncall_groups[3].policies", "On-call has no level 3"),
        ("oncall_groups[4].policies", "exists"),
        ("oncall_groups[1].group", "exists"),
        ("oncall_groups[2].group", "S0ONCALL is named twice"),
        ("oncall_groups[3].group", "the user group @old is disabled"),
        ("oncall_groups[4].group", "Slack has no user group @none"),
    ] == found
    says(no_plan, Status.FAIL, "this Slack plan has no user groups")


async def test_a_channel_that_takes_no_posts(office: Office) -> None:
    """Only posting shows that, so it is done when asked for."""
    office.slack.add_fault(SlackFault("chat.postMessage", error="restricted_action"))
    async with slack_door(office.slack) as door:
        config = load_bridge_config(office.directory / "bridge.toml")
        (finding,) = await look_at_all(slack.posting(door, config))
    says(finding, Status.FAIL, "restricted_action", "allow the app to post")
