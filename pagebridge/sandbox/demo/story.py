"""The whole story, act after act."""

from pagebridge.sandbox.demo.first_act import FIRST_ACT
from pagebridge.sandbox.demo.second_act import SECOND_ACT

STORY = (*FIRST_ACT, *SECOND_ACT)
