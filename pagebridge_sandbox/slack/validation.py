"""The strict reader of blocks, with Slack's two ways of saying what is wrong with them."""

import json
from typing import Any

from pagebridge_sandbox.slack import block_kit
from pagebridge_sandbox.slack.responses import Json, SlackError
from pagebridge_sandbox.slack.schema import ByType, Problem
from pagebridge_sandbox.slack.view_kit import VIEWS

MESSAGE_BLOCKS = 50
BLOCKS_SIZE = 13_000
"""Characters of all blocks of a message as JSON. Undocumented; messages of a little more have been refused."""


def check_blocks(blocks: Any, at: str = "/blocks") -> list[Problem]:  # noqa: ANN401 - anything may come in
    """Give every problem in the blocks of a message."""
    return list(block_kit.blocks(MESSAGE_BLOCKS).check(blocks, at))


def check_view(view: Any, at: str = "/view", *, only: str = "") -> list[Problem]:  # noqa: ANN401 - anything may come in
    """Give every problem in a view, which must be of the kind `only` if that is given."""
    rules = {only: VIEWS[only]} if only else VIEWS
    return list(ByType(rules).check(view, at))


def accept_blocks(blocks: list[Json]) -> None:
    """Raise `SlackError` in the two-array form of the chat methods when the blocks break a rule."""
    problems = [str(problem) for problem in check_blocks(blocks)]
    if problems:
        messages = [f"[ERROR] {problem}" for problem in problems]
        raise SlackError("invalid_blocks", errors=problems, response_metadata={"messages": messages})
    if len(json.dumps(blocks, ensure_ascii=False, separators=(",", ":"))) > BLOCKS_SIZE:
        raise SlackError("msg_blocks_too_long")


def refuse(code: str, problems: list[Problem]) -> None:
    """Raise `SlackError` in the form of `blocks.validate` when there is a problem."""
    if problems:
        raise SlackError(code, errors=[_failed(problem) for problem in problems])


def _failed(problem: Problem) -> Json:
    constraint = {"type": problem.constraint, "expected": problem.expected}
    return {
        "code": "failed_constraint",
        "message": problem.message,
        "pointer": problem.pointer,
        "constraint": constraint,
    }
