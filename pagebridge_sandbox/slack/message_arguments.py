"""Reads the content of a message out of the arguments of a call."""

import json
from typing import Any, NotRequired, TypedDict

from pagebridge_sandbox.slack.arguments import Arguments
from pagebridge_sandbox.slack.interactive import normalize_blocks
from pagebridge_sandbox.slack.responses import Json, SlackError, invalid_arguments
from pagebridge_sandbox.slack.validation import check_view, require_valid_blocks

MAX_TEXT = 4_000
"""Characters. chat.update refuses more; a longer text is truncated only when it is posted."""
MAX_POSTED_TEXT = 40_000
MAX_MARKDOWN = 12_000
MAX_ATTACHMENTS = 100
MAX_METADATA = 16_000
"""Characters of metadata as JSON. Slack has a limit and does not publish it."""

MAX_VIEW_BYTES = 250_000
"""Bytes of a view as JSON. Slack writes 250kb."""


class MessageContent(TypedDict):
    """The parts of a message."""

    text: str
    blocks: NotRequired[list[Json]]
    attachments: NotRequired[list[Json]]
    metadata: NotRequired[Json | None]
    unfurl_links: NotRequired[bool | None]
    unfurl_media: NotRequired[bool | None]
    subtype: NotRequired[str | None]


def read_content(arguments: Arguments, bad_attachments: str = "invalid_attachments") -> MessageContent:
    """
    Read text, blocks and attachments. Raises `SlackError` when there is nothing to show, or something is wrong.

    `bad_attachments` is the method's error for attachments that are none.
    """
    blocks = _read_list(arguments, "blocks", "invalid_blocks_format")
    attachments = _read_list(arguments, "attachments", bad_attachments)
    if not all(isinstance(attachment, dict) for attachment in attachments):
        raise SlackError(bad_attachments)
    require_valid_blocks(blocks)
    if len(attachments) > MAX_ATTACHMENTS:
        raise SlackError("too_many_attachments")
    markdown, text = arguments.text("markdown_text"), arguments.text("text")
    if markdown and (text or blocks):
        raise SlackError("markdown_text_conflict")
    if len(markdown) > MAX_MARKDOWN:
        raise invalid_arguments(f"must be less than {MAX_MARKDOWN + 1} characters [json-pointer:/markdown_text]")
    if not (text.strip() or blocks or attachments or markdown.strip()):
        raise SlackError("no_text")
    return {
        "text": text or markdown,
        "blocks": normalize_blocks(blocks),
        "attachments": _normalize_attachments(attachments),
    }


def _normalize_attachments(attachments: list[Json]) -> list[Json]:
    """Read attachments, whose blocks follow the rules of all blocks; each is counted, from 1 on."""
    kept = []
    for number, attachment in enumerate(attachments, 1):
        shown = {"id": number, **attachment}
        if isinstance(attachment.get("blocks"), list):
            require_valid_blocks(attachment["blocks"])
            shown["blocks"] = normalize_blocks(attachment["blocks"])
        kept.append(shown)
    return kept


def read_metadata(arguments: Arguments) -> Json | None:
    """Read the metadata of a message, None without any. Raises `SlackError` when it is not what Slack takes."""
    try:
        given: Any = arguments.json("metadata")
    except ValueError:
        raise SlackError("invalid_metadata_format") from None
    if given in (None, {}):
        return None
    if not isinstance(given, dict):
        raise SlackError("invalid_metadata_format")
    kind, payload = given.get("event_type"), given.get("event_payload")
    if not (isinstance(kind, str) and kind and isinstance(payload, dict)) or None in payload.values():
        raise SlackError("invalid_metadata_schema")
    if len(str(given)) > MAX_METADATA:
        raise SlackError("metadata_too_large")
    return {"event_type": kind, "event_payload": payload}


def read_view(arguments: Arguments, kind: str) -> Json:
    """Read the view of a call or of an ack. Raises `SlackError` when it breaks a rule or is of another kind."""
    try:
        given: Any = arguments.json("view")
    except ValueError:
        raise invalid_arguments("must be valid JSON [json-pointer:/view]") from None
    problems = [str(problem) for problem in check_view(given, only_type=kind)]
    if problems:
        raise invalid_arguments(*problems)
    if len(json.dumps(given, separators=(",", ":")).encode()) > MAX_VIEW_BYTES:
        raise SlackError("view_too_large")
    read: Json = given
    return read


def _read_list(arguments: Arguments, name: str, error: str) -> list[Json]:
    try:
        given = arguments.json(name)
    except ValueError:
        raise SlackError(error) from None
    if given is None:
        return []
    if not isinstance(given, list):
        raise SlackError(error)
    return given
