"""Which calls of the bridge only read: it compares by itself, also while people do nothing."""

from pagebridge_sandbox.demo import trace
from pagebridge_sandbox.pagerduty import Call as PagerDutyCall
from pagebridge_sandbox.slack import Call as SlackCall

FIRST_ERROR = 400
"""The least HTTP status of what was refused or failed."""


def is_slack_read(call: SlackCall) -> bool:
    """Whether a call to Slack shows nothing to people, and was not refused."""
    return call.method not in trace.VISIBLE_METHODS and call.ok is not False


def is_pagerduty_read(call: PagerDutyCall) -> bool:
    """Whether a call to PagerDuty was to change nothing, and was not refused."""
    return call.method == "GET" and (call.status is None or call.status < FIRST_ERROR)
