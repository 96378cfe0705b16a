"""The whole story, act after act."""

from pagebridge_sandbox.demo.first_incident import FIRST_ACT
from pagebridge_sandbox.demo.second_incident import SECOND_ACT

STORY = (*FIRST_ACT, *SECOND_ACT)
