"""Acme on its worst day: more services and channels, and what its people do in either place."""

from dataclasses import dataclass, field

from pagebridge_sandbox.pagerduty import PagerDutySandbox
from pagebridge_sandbox.slack import SlackSandbox
from tests.stories.harness import Acme

OUTSIDER = "Carol"
"""Of another team: she may not act from Slack. In PagerDuty itself she is the one who reopens."""
PEOPLE = ("Alice", "Bob", OUTSIDER)
RUNS_OUT = 5
"""Seconds after which an acknowledge of a ledger incident runs out by itself."""
CONFIG = """
[routing]
default_channel = "C0INCIDENTS"
[[routing.routes]]
service = "ledger"
channel = "C0LEDGER"
[[routing.routes]]
service = "mailer"
channels = ["C0LEDGER", "C0INCIDENTS"]
"""


@dataclass(frozen=True)
class Company:
    """Acme, its services, and in which channels the incidents of each belong, home first."""

    acme: Acme
    channels: dict[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def pagerduty(self) -> PagerDutySandbox:
        """Its account at PagerDuty."""
        return self.acme.pagerduty

    @property
    def slack(self) -> SlackSandbox:
        """Its workspace."""
        return self.acme.slack

    @classmethod
    def founded(cls, pagerduty: PagerDutySandbox, slack: SlackSandbox) -> "Company":
        """Hire everybody, and set up what keeps breaking."""
        acme = Acme.founded(pagerduty, slack)
        slack.add_channel("ledger", id="C0LEDGER", members=list(acme.people.values()))
        policy, payments = pagerduty.services[0].policy, pagerduty.services[0].teams
        ledger = pagerduty.add_service("ledger", policy, teams=payments, acknowledgement_timeout=RUNS_OUT)
        mailer = pagerduty.add_service("mailer", policy, teams=payments)
        channels: dict[str, tuple[str, ...]] = {
            acme.service: ("C0INCIDENTS",),
            ledger.id: ("C0LEDGER",),
            mailer.id: ("C0LEDGER", "C0INCIDENTS"),
        }
        return cls(acme, channels)
