"""Pure: what every message of ours is made of: Block Kit blocks, a name of what people see, and metadata."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from shared.slack.api.models import METADATA_TYPE

Block = dict[str, Any]
"""One Block Kit block, as Slack's documentation writes it."""

SCHEMA = 1


@dataclass(frozen=True)
class Message:
    """A message as it should be. `key` names it for ever, in its metadata; `digest` tells whether it has changed."""

    key: str
    text: str
    blocks: list[Block]
    metadata: dict[str, Any]

    @property
    def in_words(self) -> "Message":
        """The message without its blocks."""
        return replace(self, blocks=[])

    @cached_property
    def digest(self) -> str:
        """A short name of what people would see; the blocks of a versioned message are named after it."""
        named = self.blocks[0].get("block_id") if self.blocks else None
        return str(named).partition(":")[0] if named else _digest(self.text, self.blocks)


def section(text: str) -> Block:
    """Make a paragraph of mrkdwn, which must have been escaped."""
    return {"type": "section", "text": {"type": "mrkdwn", "text": text, "verbatim": True}}


def context(text: str) -> Block:
    """Make a paragraph in small print."""
    return {"type": "context", "elements": [{"type": "mrkdwn", "text": text, "verbatim": True}]}


def versioned(text: str, blocks: list[Block]) -> list[Block]:
    """Give each block an id that changes with the message, as Slack advises for messages that are updated."""
    version = _digest(text, blocks)
    return [{**block, "block_id": f"{version}:{place}"} for place, block in enumerate(blocks)]


def metadata(key: str, facts: Mapping[str, object]) -> dict[str, Any]:
    """Return the message's metadata. Everyone in the workspace can read it, so it holds ids only."""
    return {"event_type": METADATA_TYPE, "event_payload": {"key": key, "v": SCHEMA, **facts}}


def _digest(text: str, blocks: list[Block]) -> str:
    return hashlib.sha256(json.dumps([text, blocks], sort_keys=True).encode()).hexdigest()[:12]
