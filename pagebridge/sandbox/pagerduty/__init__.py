"""
A PagerDuty that runs on this machine: REST API v2, V3 webhooks, people and automation, with faults on demand.

`PagerDutySandbox` is the whole; `python -m pagebridge.sandbox.pagerduty` runs one by itself.
"""

from pagebridge.sandbox.pagerduty.calls import Call
from pagebridge.sandbox.pagerduty.directory import Policy, Priority, Service, Team, User
from pagebridge.sandbox.pagerduty.faults import Active, Fault
from pagebridge.sandbox.pagerduty.incidents import IncidentView
from pagebridge.sandbox.pagerduty.options import Options
from pagebridge.sandbox.pagerduty.people import Automation, Web
from pagebridge.sandbox.pagerduty.sandbox import PagerDutySandbox
from pagebridge.sandbox.pagerduty.subscriptions import Delivery, Subscription
from pagebridge.sandbox.pagerduty.webhooks import Hold, Webhooks
from pagebridge.sandbox.pagerduty.wire import Refusal

__all__ = [
    "Active",
    "Automation",
    "Call",
    "Delivery",
    "Fault",
    "Hold",
    "IncidentView",
    "Options",
    "PagerDutySandbox",
    "Policy",
    "Priority",
    "Refusal",
    "Service",
    "Subscription",
    "Team",
    "User",
    "Web",
    "Webhooks",
]
