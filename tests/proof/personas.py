"""Who there is: Acme's people, in Slack and at PagerDuty."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Person:
    """Somebody with a Slack account; `pagerduty` is empty for who has none there. `team` is their PagerDuty team."""

    name: str
    slack: str
    pagerduty: str = ""
    team: str = "PTEAM01"

    @property
    def email(self) -> str:
        """The address by which both sides know them."""
        return f"{self.name.split()[0].lower()}@example.com"


ALICE = Person("Alice Ng", "U0ALICE", "PALICE1")
BOB = Person("Bob Ray", "U0BOB", "PBOB001")
CAROL = Person("Carol Diaz", "U0CAROL", "PCAROL1", team="PTEAM02")
MALLORY = Person("Mallory Ito", "U0MALLORY")

PEOPLE = {person.name.split()[0]: person for person in (ALICE, BOB, CAROL, MALLORY)}
"""By first name. Alice and Bob may act; Carol is on another team; PagerDuty does not know Mallory."""
MAY_ACT = ("Alice", "Bob")
