"""The elements of a message that can be clicked, found by their text."""

import random
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from pagebridge_sandbox.slack.fields import STATE_KEYS
from pagebridge_sandbox.slack.responses import Json

REPORTED_KEYS = ("action_id", "block_id", "text", "value", "style", "url", "confirm", "type")


@dataclass(frozen=True)
class ConfirmDialog:
    """The texts of the confirmation dialog of an element."""

    title: str
    text: str
    labels: tuple[str, str]
    """The confirming label, then the refusing one."""


@dataclass(frozen=True)
class ElementPath:
    """Where an element stands: in which block, under which `action_id`. `value` tells the entries of a menu apart."""

    block_id: str
    action_id: str
    value: str = ""


@dataclass(frozen=True)
class Clickable:
    """A button, or (with `option`) an entry of an overflow menu; perhaps inside an attachment, which counts from 1."""

    label: str
    block_id: str
    element: Json
    option: Json | None = None
    attachment_id: int | None = None

    @property
    def path(self) -> ElementPath:
        """Where it stands."""
        return ElementPath(self.block_id, self.element["action_id"], (self.option or self.element).get("value", ""))

    @property
    def dialog(self) -> ConfirmDialog | None:
        """The dialog that comes first, if there is one."""
        confirm = self.element.get("confirm")
        if not confirm:
            return None
        labels = (_text(confirm, "confirm", "OK"), _text(confirm, "deny", "Cancel"))
        return ConfirmDialog(_text(confirm, "title", ""), _text(confirm, "text", ""), labels)

    def action(self, ts: str) -> Json:
        """Return the entry of `actions` in the payload; buttons that open a page are reported like any other."""
        pressed = {**self.element, "block_id": self.block_id}
        if self.option is not None:
            pressed["selected_option"] = self.option
        keys = (*REPORTED_KEYS, "selected_option")
        return {key: pressed[key] for key in keys if key in pressed} | {"action_ts": ts}


def find_clickables(blocks: list[Json]) -> Iterator[Clickable]:
    """Find all buttons and menu entries, from top to bottom."""
    for block in blocks:
        accessory = [block["accessory"]] if "accessory" in block else []
        for element in (*block.get("elements", []), *accessory):
            yield from _element_clickables(element, block["block_id"])


def find_at_path(path: ElementPath, among: Iterable[Clickable]) -> Clickable:
    """Return what stands at a path. Raises `AssertionError` when nothing there can be clicked (any more)."""
    for found in among:
        at = found.path
        if (at.block_id, at.action_id) == (path.block_id, path.action_id) and path.value in ("", at.value):
            return found
    raise AssertionError(f"there is nothing to click at {path.block_id}/{path.action_id} (any more)")


def attachment_clickables(attachments: list[Json]) -> Iterator[Clickable]:
    """Find all buttons and menu entries in the blocks of attachments."""
    for attachment in attachments:
        for found in find_clickables(attachment.get("blocks", [])):
            yield replace(found, attachment_id=attachment["id"])


def _element_clickables(element: Json, block_id: str) -> Iterator[Clickable]:
    match element["type"]:
        case "button":
            yield Clickable(element["text"]["text"], block_id, element)
        case "overflow":
            for option in element["options"]:
                yield Clickable(option["text"]["text"], block_id, element, option)


def normalize_blocks(blocks: list[Json]) -> list[Json]:
    """Return the blocks as Slack keeps them: with the ids and defaults that the sender left out."""
    return [_normalize(block) | {"block_id": block.get("block_id") or _random_id()} for block in blocks]


def _normalize(value: Any) -> Any:  # noqa: ANN401 - walks any JSON
    if isinstance(value, list):
        return [_normalize(item) for item in value]
    if not isinstance(value, dict):
        return value
    kept = {key: _normalize(item) for key, item in value.items()}
    match kept.get("type"):
        case "plain_text":
            kept.setdefault("emoji", True)
        case "mrkdwn":
            kept.setdefault("verbatim", False)
        case "input":
            kept = {
                **kept,
                "optional": bool(kept.get("optional")),
                "dispatch_action": bool(kept.get("dispatch_action")),
            }
        case str(kind) if kind in STATE_KEYS or kind in ("button", "overflow"):
            kept.setdefault("action_id", _random_id())
    return kept


def _random_id() -> str:
    return "".join(random.choices("abcdefghijkmnopqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789", k=5))  # noqa: S311 - a name


def _text(confirm: Json, key: str, default: str) -> str:
    return str(confirm.get(key, {}).get("text", default))
