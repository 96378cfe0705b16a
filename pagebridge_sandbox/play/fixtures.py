"""The participants: Acme's people in both accounts, their teams, services and channels, and how they are routed."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal

from pagebridge_sandbox.demo.processes import RECEIVER_URL
from pagebridge_sandbox.pagerduty import PagerDutySandbox, Team
from pagebridge_sandbox.slack import SlackSandbox
from pagebridge_sandbox.slack.manifests import Shortcut

INCIDENTS, SHARED, SECURITY, STORM = "C0INCIDENTS", "C0SHARED", "C0SECURITY", "C0STORM"
"""Channels: for everything, one shared with another organisation, a private one, and one for the storm."""
CHECKOUT, SEARCH, VAULT, EDGE = "PCHECKOUT", "PSEARCH", "PVAULT", "PEDGE"
"""Services: of Payments, of Search, of a private team, and one with hundreds of machines."""
DESK = "PDESK"
"""The escalation policy of a desk that pages no one, and whose shifts change often."""
FIRST_SHIFT, SHIFT, SHIFTS = timedelta(minutes=4), timedelta(minutes=20), 40
"""How long the first of its shifts goes on, how long each other one takes, and how many there are."""
PARTNER_TEAM = "T0NORTHWIND"
CHANNEL_SCOPES = {"channels:manage", "groups:write", "pins:write", "bookmarks:read", "bookmarks:write"}
"""The scopes that the app needs for channels of incidents, as `pagebridge manifest` lists it."""
ROUTING = f"""
timeline_canvas = true

[routing]
default_channel = "{INCIDENTS}"
show_changes = true

[[routing.routes]]
service = "{SEARCH}"
channels = ["{INCIDENTS}", "{SHARED}"]
card_fields = ["severity", {{ path = "details.age", label = "Age of the index" }}]
card_links = [{{ label = "Runbook", url = "https://runbooks.example.com/{{service}}?incident={{number}}" }}]

[[routing.routes]]
service = "{VAULT}"
channel = "{SECURITY}"

[[routing.routes]]
service = "{EDGE}"
channel = "{STORM}"
digest_above = 10

[[reminders]]
after = "3m"

[identity]
linking = "oauth"
callback_url = "{RECEIVER_URL}/oauth/pagerduty/callback"

[notify]
enabled = true

[[handovers]]
channel = "{INCIDENTS}"
policy = "{DESK}"

[[oncall_groups]]
group = "@desk"
channel = "{STORM}"
policies = ["{DESK}"]
tell = "{STORM}"

[incident_channels]
archive_after = "5m"
"""
"""`bridge.toml`. A private team's incidents are shown only where a route names a channel."""

PersonKind = Literal["member", "guest", "outsider", "unlinked"]


@dataclass(frozen=True)
class Actor:
    """A person to play. `team` is theirs in PagerDuty, None without an account there."""

    first: str
    name: str
    kind: PersonKind
    note: str
    team: str | None = None

    @property
    def slack_id(self) -> str:
        """Their id in Slack."""
        return f"U0{self.first.upper()}"

    @property
    def pagerduty_id(self) -> str:
        """Their id in PagerDuty, if they have an account there."""
        return f"P{self.first.upper()}1"

    @property
    def email(self) -> str:
        """Their address in Slack."""
        return f"{self.first.lower()}@{'northwind' if self.kind == 'outsider' else 'acme'}.example"

    @property
    def pagerduty_email(self) -> str:
        """Their address in PagerDuty: another one for who has to link themselves."""
        return (
            f"{self.first[0].lower()}.{self.name.split()[1].lower()}@acme.example"
            if self.kind == "unlinked"
            else self.email
        )


ACTORS = (
    Actor("Alice", "Alice Ng", "member", "on call, team Payments", "Payments"),
    Actor("Bob", "Bob Ray", "member", "second on call, team Payments", "Payments"),
    Actor("Carol", "Carol Diaz", "member", "team Search", "Search"),
    Actor("Erin", "Erin Fox", "member", "team Security, which is private", "Security"),
    Actor("Dave", "Dave Poe", "unlinked", "team Payments; has another address in PagerDuty", "Payments"),
    Actor("Gina", "Gina Lee", "guest", "guest, not in PagerDuty"),
    Actor("Olga", "Olga Brandt", "outsider", "from Northwind, in the shared channel only"),
)
PRIORITIES = ("P1", "P2", "P3")
"""All ids are the same in every play, so that a recording of one means the same in another."""


def set_up_slack(slack: SlackSandbox) -> None:
    """Set up the workspace with the app in it, as its manifest has it."""
    slack.users[slack.bot_user_id].name = "pagebridge"
    slack.bot_events = {"app_home_opened", "user_change"}
    slack.bot_scopes |= {
        "im:write",
        "im:history",
        "usergroups:read",
        "usergroups:write",
        "canvases:write",
    } | CHANNEL_SCOPES
    slack.shortcuts = [Shortcut("Add as PagerDuty note", "add_note", "message")]
    for actor in ACTORS:
        team, guest = (PARTNER_TEAM, None) if actor.kind == "outsider" else (None, None)
        slack.add_user(
            actor.name,
            email=actor.email,
            id=actor.slack_id,
            team_id=team,
            guest="multi" if actor.kind == "guest" else guest,
        )
    acme = [actor.slack_id for actor in ACTORS if actor.kind != "outsider"]
    slack.add_channel("incidents", id=INCIDENTS, members=acme)
    slack.add_channel("search-northwind", id=SHARED, members=["U0ALICE", "U0BOB", "U0CAROL", "U0OLGA"])
    slack.add_channel("security-incidents", id=SECURITY, private=True, members=["U0ALICE", "U0ERIN"])
    slack.add_channel("storm", id=STORM, members=acme).topic = "On call: Alice Ng | Hundreds of machines"
    slack.add_user_group("desk", ["U0ALICE"], id="S0DESK")


def set_up_pagerduty(pagerduty: PagerDutySandbox) -> None:
    """Set up the account. Alice is on call first and then Bob, Carol for search, and Erin for what is private."""
    teams = {
        name: pagerduty.add_team(name, f"P{name.upper()}", private=name == "Security")
        for name in ("Payments", "Search", "Security")
    }
    for actor in ACTORS:
        if actor.team:
            pagerduty.add_user(actor.name, actor.pagerduty_email, role="limited_user", id=actor.pagerduty_id)
            pagerduty.add_member(teams[actor.team].id, actor.pagerduty_id, "responder")
    _add_service(pagerduty, CHECKOUT, "checkout-api", teams["Payments"], ["Alice", "Bob"], acknowledgement_timeout=3600)
    _add_service(pagerduty, SEARCH, "search-api", teams["Search"], ["Carol", "Alice"])
    _add_service(pagerduty, VAULT, "vault", teams["Security"], ["Erin"])
    _add_service(pagerduty, EDGE, "edge-proxies", teams["Payments"], ["Alice", "Bob"])
    _add_desk(pagerduty, teams["Payments"], datetime.now(UTC))
    for name in PRIORITIES:
        pagerduty.add_priority(name, id=f"PPRIO{name}")


def _add_desk(pagerduty: PagerDutySandbox, team: Team, now: datetime) -> None:
    """Add the desk's policy, whose shifts Alice and Bob take in turns."""
    policy = pagerduty.add_escalation_policy("Incident desk", [["PALICE1"]], [team], DESK)
    ends = [now + FIRST_SHIFT + nth * SHIFT for nth in range(SHIFTS)]
    begins = [now - SHIFT, *ends]
    people = ("PALICE1", "PBOB1")
    shifts = ((people[nth % 2], begin, end) for nth, (begin, end) in enumerate(zip(begins, ends, strict=False)))
    pagerduty.set_shifts(policy.id, shifts)


def _add_service(
    pagerduty: PagerDutySandbox,
    service_id: str,
    name: str,
    team: Team,
    levels: list[str],
    acknowledgement_timeout: int | None = None,
) -> None:
    """Add a service with its escalation policy, of which each level is one person."""
    people = {actor.first: actor.pagerduty_id for actor in ACTORS}
    policy = pagerduty.add_escalation_policy(
        f"{name} on-call", [[people[first]] for first in levels], [team], f"PONCALL{service_id[1:]}", delay=30
    )
    pagerduty.add_service(name, policy.id, teams=[team], id=service_id, acknowledgement_timeout=acknowledgement_timeout)
