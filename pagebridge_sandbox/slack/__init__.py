"""
A Slack that runs on this machine: Web API, Socket Mode, people and channels, with the faults of the real one on demand.

`SlackSandbox` is the whole; `python -m pagebridge_sandbox.slack` runs one by itself.
"""

from pagebridge_sandbox.slack.calls import Call
from pagebridge_sandbox.slack.channels import Channel
from pagebridge_sandbox.slack.deliveries import DeliveryFault
from pagebridge_sandbox.slack.envelopes import Envelope
from pagebridge_sandbox.slack.fault_plan import FaultPlan
from pagebridge_sandbox.slack.faults import ActiveFault, Fault
from pagebridge_sandbox.slack.interactions import Interaction
from pagebridge_sandbox.slack.interactive import ConfirmDialog, ElementPath
from pagebridge_sandbox.slack.limits import RateLimits
from pagebridge_sandbox.slack.messages import Ephemeral, Message
from pagebridge_sandbox.slack.modals import Modal, OpenView
from pagebridge_sandbox.slack.people import Person
from pagebridge_sandbox.slack.sandbox import SlackSandbox
from pagebridge_sandbox.slack.user_groups import UserGroup
from pagebridge_sandbox.slack.users import User

__all__ = [
    "ActiveFault",
    "Call",
    "Channel",
    "ConfirmDialog",
    "DeliveryFault",
    "ElementPath",
    "Envelope",
    "Ephemeral",
    "Fault",
    "FaultPlan",
    "Interaction",
    "Message",
    "Modal",
    "OpenView",
    "Person",
    "RateLimits",
    "SlackSandbox",
    "User",
    "UserGroup",
]
