"""The strict reader of blocks, with Slack's two ways of saying what is wrong with them."""

import json
from typing import Any

from pagebridge_sandbox.slack import block_kit
from pagebridge_sandbox.slack.responses import Json, SlackError
from pagebridge_sandbox.slack.schema import ByType, Violation
from pagebridge_sandbox.slack.view_kit import VIEWS

MAX_MESSAGE_BLOCKS = 50
MAX_BLOCKS_SIZE = 13_000
"""Characters of all blocks of a message as JSON. Undocumented; messages of a little more have been refused."""


def check_blocks(blocks: Any, at: str = "/blocks") -> list[Violation]:  # noqa: ANN401 - anything may come in
    """Give every problem in the blocks of a message."""
    return list(block_kit.blocks_rule(MAX_MESSAGE_BLOCKS).check(blocks, at))


def check_view(view: Any, at: str = "/view", *, only_type: str = "") -> list[Violation]:  # noqa: ANN401 - anything may come in
    """List the problems of a view, which must be of the type `only_type` if that is given."""
    rules = {only_type: VIEWS[only_type]} if only_type else VIEWS
    return list(ByType(rules).check(view, at))


def require_valid_blocks(blocks: list[Json]) -> None:
    """Raise `SlackError` in the two-array form of the chat methods when the blocks break a rule."""
    problems = [str(problem) for problem in check_blocks(blocks)]
    if problems:
        messages = [f"[ERROR] {problem}" for problem in problems]
        raise SlackError("invalid_blocks", errors=problems, response_metadata={"messages": messages})
    if len(json.dumps(blocks, ensure_ascii=False, separators=(",", ":"))) > MAX_BLOCKS_SIZE:
        raise SlackError("msg_blocks_too_long")


def raise_if_invalid(code: str, problems: list[Violation]) -> None:
    """Raise `SlackError` in the form of `blocks.validate` when there is a problem."""
    if problems:
        raise SlackError(code, errors=[_violation_json(problem) for problem in problems])


def _violation_json(problem: Violation) -> Json:
    constraint = {"type": problem.constraint, "expected": problem.expected}
    return {
        "code": "failed_constraint",
        "message": problem.message,
        "pointer": problem.pointer,
        "constraint": constraint,
    }
