"""Turns the input of people into the values that Slack reports."""

from typing import Any, Literal

from pagebridge_sandbox.slack.fields import FREE_INPUT_TYPES, Field
from pagebridge_sandbox.slack.interactive import ElementPath
from pagebridge_sandbox.slack.responses import Json
from pagebridge_sandbox.slack.workspace import Workspace

InputValue = str | int | list[str]
"""Words, a number of seconds, an id, the label of an option, or several ids or labels."""
OptionKey = Literal["label", "value"]
"""By which of the two an option is named: what people read, or what the app calls it."""


def resolve_value(
    workspace: Workspace,
    input_field: Field,
    given: InputValue,
    suggested: list[Json],
    options_by: OptionKey = "label",
) -> Any:  # noqa: ANN401 - JSON
    """Return the value that the state holds. Raises `AssertionError` when there is nothing like `given` to choose."""
    if input_field.element_type in FREE_INPUT_TYPES:
        return given
    if input_field.is_multi != isinstance(given, list):
        raise AssertionError(f"{input_field.label!r} takes {'a list' if input_field.is_multi else 'one value'}")
    if isinstance(given, list):
        return [_resolve_one(workspace, input_field, each, suggested, options_by) for each in given]
    return _resolve_one(workspace, input_field, str(given), suggested, options_by)


def resolve_entered(workspace: Workspace, input_field: Field, given: InputValue | None, suggested: list[Json]) -> Any:  # noqa: ANN401 - JSON
    """As `resolve_value`, with options named by their `value`; None or an empty text empties the field."""
    if given is None or given == "":
        return [] if input_field.is_multi else None
    return resolve_value(workspace, input_field, given, suggested, "value")


def _resolve_one(
    workspace: Workspace, input_field: Field, given: str, suggested: list[Json], options_by: OptionKey
) -> Any:  # noqa: ANN401 - JSON
    if input_field.state_key.startswith("selected_option"):
        return _find_option(input_field, given, suggested, options_by)
    known = workspace.users if input_field.state_key.startswith("selected_user") else workspace.channels
    if given not in known:
        raise AssertionError(f"there is no {given!r} to choose at {input_field.label!r}")
    return given


def _find_option(input_field: Field, wanted: str, suggested: list[Json], options_by: OptionKey) -> Json:
    offered = input_field.options or suggested
    for option in offered:
        if wanted == (option["text"]["text"] if options_by == "label" else option["value"]):
            return option
    words = [option["text"]["text"] for option in offered]
    raise AssertionError(f"there is no {wanted!r} to choose at {input_field.label!r}, only {words}")


def action_payload(input_field: Field, value: Any, ts: str) -> Json:  # noqa: ANN401 - JSON
    """Return the entry of `actions` in the payload."""
    payload = {
        "type": input_field.element_type,
        "action_id": input_field.element["action_id"],
        "block_id": input_field.block_id,
        input_field.state_key: value,
    }
    return payload | {"action_ts": ts}


def find_field(label: str, among: list[Field]) -> Field:
    """Find a field by its label. Raises `AssertionError` naming those that there are."""
    for each in among:
        if each.label == label:
            return each
    raise AssertionError(f"there is no {label!r} to fill in, only {[each.label for each in among]}")


def find_field_at(path: ElementPath, among: list[Field]) -> Field:
    """Find a field by where it stands. Raises `AssertionError`."""
    for each in among:
        if each.state_path == (path.block_id, path.action_id):
            return each
    raise AssertionError(f"there is nothing to fill in at {path.block_id}/{path.action_id}")
