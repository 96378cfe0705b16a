"""The whole story, act after act."""

from pagebridge_sandbox.demo.first_incident import FIRST_INCIDENT
from pagebridge_sandbox.demo.second_incident import SECOND_INCIDENT

STEPS = (*FIRST_INCIDENT, *SECOND_INCIDENT)
