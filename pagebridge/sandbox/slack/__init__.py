"""
A Slack that runs on this machine: Web API, Socket Mode, people and channels, with the faults of the real one on demand.

`SlackSandbox` is the whole; `python -m pagebridge.sandbox.slack` runs one by itself.
"""

from pagebridge.sandbox.slack.calls import Call
from pagebridge.sandbox.slack.channels import Channel
from pagebridge.sandbox.slack.deliveries import DeliveryFault
from pagebridge.sandbox.slack.envelopes import Envelope
from pagebridge.sandbox.slack.faults import Active, Fault
from pagebridge.sandbox.slack.interactions import Interaction
from pagebridge.sandbox.slack.interactive import Dialog
from pagebridge.sandbox.slack.limits import Limits
from pagebridge.sandbox.slack.messages import Ephemeral, Message
from pagebridge.sandbox.slack.modals import Modal
from pagebridge.sandbox.slack.people import Person
from pagebridge.sandbox.slack.plans import FaultPlan
from pagebridge.sandbox.slack.sandbox import SlackSandbox
from pagebridge.sandbox.slack.users import User

__all__ = [
    "Active",
    "Call",
    "Channel",
    "DeliveryFault",
    "Dialog",
    "Envelope",
    "Ephemeral",
    "Fault",
    "FaultPlan",
    "Interaction",
    "Limits",
    "Message",
    "Modal",
    "Person",
    "SlackSandbox",
    "User",
]
