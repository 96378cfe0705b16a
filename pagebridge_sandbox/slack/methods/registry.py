"""The Web API's description of each method."""

from collections.abc import Callable
from dataclasses import dataclass

from pagebridge_sandbox.slack.arguments import Arguments
from pagebridge_sandbox.slack.responses import Json
from pagebridge_sandbox.slack.workspace import Workspace

Handler = Callable[[Workspace, Arguments], Json]
"""Carries out a method, and returns what its answer holds beside `ok`. Raises `SlackError` to refuse."""


@dataclass(frozen=True)
class Method:
    """
    One method, as its documentation page describes it.

    `tier` 5 stands for a rule of its own. `scopes`: one of these is needed. `tokens`: the kinds it takes; none at all
    means that it needs no token.
    """

    handle: Handler
    tier: int
    scopes: tuple[str, ...] = ()
    required: tuple[str, ...] = ()
    takes_json: bool = True
    post_only: bool = False
    tokens: tuple[str, ...] = ("bot",)
