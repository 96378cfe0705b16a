"""The participants: Acme's people, their teams and their services, in PagerDuty and in Slack."""

from pagebridge_sandbox.pagerduty import PagerDutySandbox
from pagebridge_sandbox.slack import SlackSandbox

CHANNEL = "C0INCIDENTS"
CHECKOUT, SEARCH = "PCHECKOUT", "PSEARCH"
"""Services: one of Payments alone, one that Search shares with them."""
PEOPLE = {"Alice": "Alice Ng", "Bob": "Bob Ray", "Carol": "Carol Diaz", "Dave": "Dave Poe", "Erin": "Erin Fox"}
TEAMS = {"Payments": ("Alice", "Bob"), "Search": ("Carol", "Erin")}
"""Dave is in no team: he is in Slack only."""


def set_up_accounts(pagerduty: PagerDutySandbox, slack: SlackSandbox) -> None:
    """Set up both accounts. Alice is on call first, then Bob, or Carol for search; everybody reads the channel."""
    slack.users[slack.bot_user_id].name = "pagebridge"
    for first, name in PEOPLE.items():
        slack.add_user(name, email=email(first), id=slack_id(first))
    slack.add_channel("incidents", id=CHANNEL, members=[slack_id(first) for first in PEOPLE])
    teams = {}
    for name, members in TEAMS.items():
        teams[name] = pagerduty.add_team(name)
        for first in members:
            pagerduty.add_user(PEOPLE[first], email(first), role="limited_user", id=pagerduty_id(first))
            pagerduty.add_member(teams[name].id, pagerduty_id(first), "responder")
    levels = [[pagerduty_id("Alice")], [pagerduty_id("Bob")]]
    policy = pagerduty.add_escalation_policy("Payments on-call", levels, teams=[teams["Payments"]], delay=30)
    pagerduty.add_service(
        "checkout-api", policy.id, teams=[teams["Payments"]], id=CHECKOUT, acknowledgement_timeout=3600
    )
    levels = [[pagerduty_id("Alice")], [pagerduty_id("Carol")]]
    policy = pagerduty.add_escalation_policy("Search on-call", levels, teams=[teams["Search"]], delay=30)
    pagerduty.add_service("search-api", policy.id, teams=list(teams.values()), id=SEARCH)
    pagerduty.add_priority("P1")


def email(first: str) -> str:
    """Return a person's address, the same in both accounts."""
    return f"{first.lower()}@example.com"


def slack_id(first: str) -> str:
    """Return a person's id in Slack."""
    return f"U0{first.upper()}"


def pagerduty_id(first: str) -> str:
    """Return a person's id in PagerDuty."""
    return f"P{first.upper()}1"
