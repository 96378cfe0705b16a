"""A simulated account in which one incident is open, and the door to it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from pagebridge_sandbox.pagerduty import PagerDutySandbox
from shared.model.ids import IncidentId, TeamId, UserId
from shared.pagerduty.api.client import PagerDuty

ALICE = UserId("PALICE1")
BOB = UserId("PBOB001")
P1 = "PPRIO01"


@dataclass
class Account:
    """The account: Alice is at level 1, Bob at level 2. `door` leads to it."""

    pd: PagerDutySandbox
    door: PagerDuty
    team: TeamId
    policy: str
    service: str
    incident: IncidentId

    async def acknowledged(self) -> None:
        """Let Alice acknowledge the incident."""
        self.pd.web(ALICE).acknowledge(self.incident)


@asynccontextmanager
async def running_account() -> AsyncIterator[Account]:
    """Run a PagerDuty with a private team of two, on whose service an incident is open."""
    async with PagerDutySandbox(retry_delay=0.05) as pd:
        pd.add_user("Alice Ng", "alice@example.com", role="user", id=ALICE)
        pd.add_user("Bob Ray", "bob@example.com", role="user", id=BOB)
        team = pd.add_team("Payments", private=True)
        pd.add_member(team.id, ALICE, "responder")
        pd.add_member(team.id, BOB, "manager")
        pd.add_priority("P1", "Critical", id=P1)
        policy = pd.add_escalation_policy("Payments on-call", [[ALICE], [BOB]], teams=[team.id], delay=15)
        service = pd.add_service("checkout-api", policy.id, teams=[team.id], acknowledgement_timeout=1800)
        incident = pd.trigger(service.id, "Checkout latency over 2s", incident_key="checkout")
        door = PagerDuty(pd.token, pd.url, timeout=1)
        yield Account(pd, door, TeamId(team.id), policy.id, service.id, IncidentId(incident.id))
        await door.aclose()
