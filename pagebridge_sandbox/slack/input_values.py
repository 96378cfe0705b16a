"""What people put into a field, turned into what Slack reports of it."""

from typing import Any

from pagebridge_sandbox.slack.fields import TYPED, Field
from pagebridge_sandbox.slack.responses import Json
from pagebridge_sandbox.slack.workspace import Workspace

Given = str | int | list[str]
"""Words, a number of seconds, an id, the label of an option, or several ids or labels."""


def meant(workspace: Workspace, of: Field, given: Given, suggested: list[Json]) -> Any:  # noqa: ANN401 - JSON
    """Return the value that the state holds. Raises `AssertionError` when there is nothing like `given` to choose."""
    if of.kind in TYPED:
        return given
    if of.many != isinstance(given, list):
        raise AssertionError(f"{of.label!r} takes {'a list' if of.many else 'one value'}")
    if isinstance(given, list):
        return [_one(workspace, of, each, suggested) for each in given]
    return _one(workspace, of, str(given), suggested)


def _one(workspace: Workspace, of: Field, given: str, suggested: list[Json]) -> Any:  # noqa: ANN401 - JSON
    if of.key.startswith("selected_option"):
        return _option(of, given, suggested)
    known = workspace.users if of.key.startswith("selected_user") else workspace.channels
    if given not in known:
        raise AssertionError(f"there is no {given!r} to choose at {of.label!r}")
    return given


def _option(of: Field, label: str, suggested: list[Json]) -> Json:
    offered = of.options or suggested
    for option in offered:
        if option["text"]["text"] == label:
            return option
    words = [option["text"]["text"] for option in offered]
    raise AssertionError(f"there is no {label!r} to choose at {of.label!r}, only {words}")


def action(of: Field, value: Any, ts: str) -> Json:  # noqa: ANN401 - JSON
    """Return the entry of `actions` in the payload."""
    told = {"type": of.kind, "action_id": of.element["action_id"], "block_id": of.block_id, of.key: value}
    return told | {"action_ts": ts}


def named(label: str, among: list[Field]) -> Field:
    """Find a field by its label. Raises `AssertionError` naming those that there are."""
    for each in among:
        if each.label == label:
            return each
    raise AssertionError(f"there is no {label!r} to fill in, only {[each.label for each in among]}")
