"""The fields of a view and the choices on a message, found by the words beside them."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from pagebridge_sandbox.slack.responses import Json

STATE_KEYS = {
    "plain_text_input": "value",
    "email_text_input": "value",
    "url_text_input": "value",
    "number_input": "value",
    "rich_text_input": "rich_text_value",
    "file_input": "files",
    "static_select": "selected_option",
    "external_select": "selected_option",
    "radio_buttons": "selected_option",
    "users_select": "selected_user",
    "conversations_select": "selected_conversation",
    "channels_select": "selected_channel",
    "multi_static_select": "selected_options",
    "multi_external_select": "selected_options",
    "checkboxes": "selected_options",
    "multi_users_select": "selected_users",
    "multi_conversations_select": "selected_conversations",
    "multi_channels_select": "selected_channels",
    "datepicker": "selected_date",
    "timepicker": "selected_time",
    "datetimepicker": "selected_date_time",
}
"""Under which name the state of a view holds what was put into each kind of element. Source: the pages of elements."""
FREE_INPUT_TYPES = {kind for kind, key in STATE_KEYS.items() if key == "value"} | {
    "datepicker",
    "timepicker",
    "datetimepicker",
}
INPUT_PATTERNS = {
    "email_text_input": (re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+"), "Enter an email address"),
    "url_text_input": (re.compile(r"https?://\S+"), "Enter a link"),
    "number_input": (re.compile(r"-?\d+(\.\d+)?"), "Enter a number"),
}


@dataclass(frozen=True)
class Field:
    """
    One element that holds a value.

    `dispatches_action`: the app is told of every change, because the element stands outside of input blocks or its
    block says so.
    """

    label: str
    block_id: str
    element: Json
    optional: bool = True
    dispatches_action: bool = True

    @property
    def element_type(self) -> str:
        """The `type` of the element."""
        return str(self.element["type"])

    @property
    def state_key(self) -> str:
        """The name under which its value is reported."""
        return STATE_KEYS[self.element_type]

    @property
    def is_multi(self) -> bool:
        """Whether it takes several values."""
        return self.state_key.endswith("s")

    @property
    def state_path(self) -> tuple[str, str]:
        """Where its value stands: as long as both ids stay, a view that is updated keeps what was filled in."""
        return self.block_id, str(self.element["action_id"])

    @property
    def initial_value(self) -> Any:  # noqa: ANN401 - JSON
        """Its initial value; several values are a list, also when there is none."""
        named = "initial_value" if self.state_key.endswith("value") else self.state_key.replace("selected_", "initial_")
        return self.element.get(named, [] if self.is_multi else None)

    @property
    def options(self) -> list[Json]:
        """The options that it offers by itself, those of groups included."""
        grouped = [option for group in self.element.get("option_groups", []) for option in group["options"]]
        return [*self.element.get("options", []), *grouped]

    def validation_error(self, value: Any) -> str | None:  # noqa: ANN401 - JSON
        """Return what Slack itself has against a value before it asks the app, None when there is nothing."""
        if value in (None, "", []):
            return None if self.optional else "Please complete this required field."
        least, most = self.element.get("min_length", 0), self.element.get("max_length", 3000)
        if isinstance(value, str) and not least <= len(value) <= most:
            return f"Enter {least} to {most} characters"
        pattern, words = INPUT_PATTERNS.get(self.element_type, (None, ""))
        return words if pattern and not pattern.fullmatch(str(value)) else None


def find_fields(blocks: list[Json]) -> Iterator[Field]:
    """Find everything that holds a value, from top to bottom."""
    for block in blocks:
        block_id = block.get("block_id", "")
        if block["type"] == "input":
            dispatches_action = bool(block.get("dispatch_action"))
            optional = bool(block.get("optional"))
            yield Field(
                block["label"]["text"],
                block_id,
                block["element"],
                optional=optional,
                dispatches_action=dispatches_action,
            )
            continue
        accessory = [block["accessory"]] if "accessory" in block else []
        for element in (*block.get("elements", []), *accessory):
            if element["type"] in STATE_KEYS:
                yield Field(_element_label(block, element), block_id, element)


def _element_label(block: Json, element: Json) -> str:
    """Return what stands in the element or, without that, beside it."""
    shown = element.get("placeholder") or block.get("text") or {"text": element["action_id"]}
    return str(shown["text"])
