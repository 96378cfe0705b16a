"""The one door to PagerDuty: everything that the bridge reads and writes there, for one API key."""

from shared.clock import Durations
from shared.pagerduty.directory import Directory
from shared.pagerduty.incident_reads import IncidentReads
from shared.pagerduty.incident_writes import IncidentWrites
from shared.pagerduty.transport import Read
from shared.pagerduty.webhook_subscriptions import WebhookSubscriptions

__all__ = ["URL", "PagerDuty", "Read"]

URL = "https://api.pagerduty.com"


class PagerDuty(IncidentReads, IncidentWrites, Directory, WebhookSubscriptions):
    """
    PagerDuty's REST API: reading and changing incidents, the directory of the account, and webhooks.

    How calls are made, how they fail and how long they take is told by `Transport`.
    """

    def __init__(self, token: str, url: str = URL, timeout: float = Durations.pagerduty_timeout) -> None:
        super().__init__(token, url, timeout)
