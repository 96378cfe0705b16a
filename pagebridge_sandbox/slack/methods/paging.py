"""Cursors: opaque to clients, good only for the method that gave them."""

import base64
import binascii
from collections.abc import Sequence
from typing import TypeVar

from pagebridge_sandbox.slack.arguments import Arguments
from pagebridge_sandbox.slack.responses import Json, SlackError

T = TypeVar("T")


def page(items: Sequence[T], arguments: Arguments, limit: int) -> tuple[Sequence[T], str]:
    """Return the page that the arguments ask for, and the cursor of the next one (empty after the last)."""
    start = _start_index(arguments.text("cursor"))
    end = start + limit
    return items[start:end], encode_cursor(end) if end < len(items) else ""


def encode_cursor(position: int | str) -> str:
    """Make a cursor."""
    return base64.b64encode(f"next:{position}".encode()).decode()


def decode_cursor(given: str) -> str:
    """Return the position in a cursor, empty without one. Raises `SlackError` when it is not one of ours."""
    if not given:
        return ""
    try:
        kind, _, position = base64.b64decode(given, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        raise SlackError("invalid_cursor") from None
    if kind != "next":
        raise SlackError("invalid_cursor")
    return position


def cursor_metadata(next_cursor: str) -> Json:
    """Add the cursor of the next page to an answer."""
    return {"response_metadata": {"next_cursor": next_cursor}}


def _start_index(given: str) -> int:
    position = decode_cursor(given) or "0"
    if not position.isdigit():
        raise SlackError("invalid_cursor")
    return int(position)
