"""Checking blocks without posting them."""

import json
from typing import Any

from pagebridge_sandbox.slack.arguments import Arguments
from pagebridge_sandbox.slack.methods.registry import Method
from pagebridge_sandbox.slack.responses import Json, SlackError
from pagebridge_sandbox.slack.validation import check_blocks, check_view, raise_if_invalid
from pagebridge_sandbox.slack.workspace import Workspace

PAYLOAD_KINDS = ("blocks", "message", "view")
MAX_SIZE = 100_000


def validate(_workspace: Workspace, arguments: Arguments) -> Json:
    """Check exactly one of blocks, a message and a view."""
    given = [kind for kind in PAYLOAD_KINDS if arguments.has(kind)]
    if len(given) != 1:
        raise _invalid("must provide exactly one of `blocks`, `view`, or `message`")
    value = _read_value(arguments, given[0])
    if given == ["view"]:
        raise_if_invalid("invalid_view", check_view(value, ""))
    elif given == ["blocks"]:
        raise_if_invalid("invalid_blocks", check_blocks(value, ""))
    else:
        blocks = value.get("blocks", []) if isinstance(value, dict) else None
        raise_if_invalid("invalid_message", check_blocks(blocks))
    return {}


def _read_value(arguments: Arguments, kind: str) -> Any:  # noqa: ANN401 - JSON
    if len(str(arguments.values[kind])) > MAX_SIZE:
        raise _invalid(f"`{kind}` must be less than {MAX_SIZE + 1} characters")
    try:
        return arguments.json(kind)
    except json.JSONDecodeError:
        raise _invalid(f"`{kind}` must be valid JSON") from None


def _invalid(message: str) -> SlackError:
    return SlackError("invalid_arguments", response_metadata={"messages": [message]})


METHODS = {"blocks.validate": Method(validate, tier=3, tokens=())}
