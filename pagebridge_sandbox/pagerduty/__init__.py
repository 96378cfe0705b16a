"""
A PagerDuty that runs on this machine: REST API v2, V3 webhooks, people and automation, with faults on demand.

`PagerDutySandbox` is the whole; `python -m pagebridge_sandbox.pagerduty` runs one by itself.

What PagerDuty does not document is assumed here, to be checked on a live account (docs/simulators.md has the whole
list). `Options` has the choices. The most important ones:
repeating an acknowledge or resolve is 400; a write refused for roles is 403; reopening by an acknowledge is two events,
`reopened` and `acknowledged`; reassigning and escalating leave the status alone; an escalation beyond the last level,
of low urgency or after a direct assignment is refused with 1006; a note leaves `updated_at` alone; a person's log
entries have the channel `website` also for the REST API; bodies that are not sent as JSON count as missing.
"""

from pagebridge_sandbox.pagerduty.calls import Call
from pagebridge_sandbox.pagerduty.delivery_faults import WebhookFaultPlan
from pagebridge_sandbox.pagerduty.directory import EscalationPolicy, Priority, Service, Team, User
from pagebridge_sandbox.pagerduty.faults import ActiveFault, Fault
from pagebridge_sandbox.pagerduty.incidents import IncidentView
from pagebridge_sandbox.pagerduty.options import Options
from pagebridge_sandbox.pagerduty.people import Automation, WebUser
from pagebridge_sandbox.pagerduty.responses import ApiError
from pagebridge_sandbox.pagerduty.sandbox import PagerDutySandbox
from pagebridge_sandbox.pagerduty.subscriptions import Delivery, Subscription
from pagebridge_sandbox.pagerduty.webhooks import Hold, Webhooks

__all__ = [
    "ActiveFault",
    "ApiError",
    "Automation",
    "Call",
    "Delivery",
    "EscalationPolicy",
    "Fault",
    "Hold",
    "IncidentView",
    "Options",
    "PagerDutySandbox",
    "Priority",
    "Service",
    "Subscription",
    "Team",
    "User",
    "WebUser",
    "WebhookFaultPlan",
    "Webhooks",
]
