"""Who takes part: Acme's people, their teams and their service, in PagerDuty and in Slack."""

from pagebridge.sandbox.pagerduty import PagerDutySandbox
from pagebridge.sandbox.slack import SlackSandbox

CHANNEL = "C0INCIDENTS"
SERVICE = "PCHECKOUT"
PEOPLE = {"Alice": "Alice Ng", "Bob": "Bob Ray", "Carol": "Carol Diaz", "Dave": "Dave Poe"}
TEAMS = {"Payments": ("Alice", "Bob"), "Search": ("Carol",)}
"""Dave is in no team: he is in Slack only."""


def hire(pagerduty: PagerDutySandbox, slack: SlackSandbox) -> None:
    """Set up both accounts. Alice is on call first, then Bob; everybody reads the channel."""
    for first, name in PEOPLE.items():
        slack.add_user(name, email=email(first), id=slack_id(first))
    slack.add_channel("incidents", id=CHANNEL, members=[slack_id(first) for first in PEOPLE])
    teams = {}
    for name, members in TEAMS.items():
        teams[name] = pagerduty.add_team(name)
        for first in members:
            pagerduty.add_user(PEOPLE[first], email(first), role="limited_user", id=pagerduty_id(first))
            pagerduty.add_member(teams[name].id, pagerduty_id(first), "responder")
    levels = [[pagerduty_id(first)] for first in TEAMS["Payments"]]
    policy = pagerduty.add_escalation_policy("Payments on-call", levels, teams=[teams["Payments"]])
    pagerduty.add_service("checkout-api", policy.id, teams=[teams["Payments"]], id=SERVICE)
    pagerduty.add_priority("P1")


def email(first: str) -> str:
    """Return somebody's address, the same in both accounts."""
    return f"{first.lower()}@example.com"


def slack_id(first: str) -> str:
    """Return somebody's id in Slack."""
    return f"U0{first.upper()}"


def pagerduty_id(first: str) -> str:
    """Return somebody's id in PagerDuty."""
    return f"P{first.upper()}1"
