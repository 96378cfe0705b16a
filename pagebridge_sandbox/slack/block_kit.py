"""
Block Kit's limits as tables. Source: Slack's pages on blocks, elements and composition objects, and slack_sdk's models.

Where the pages give no number the stricter guess stands here. Kinds of blocks that are not looked into are in
`UNCHECKED_BLOCKS`.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from pagebridge_sandbox.slack.rich_text import RICH_TEXT_FIELDS, URL
from pagebridge_sandbox.slack.schema import (
    Anything,
    ByType,
    Flag,
    Items,
    Number,
    Pattern,
    Rule,
    Shape,
    String,
    Violation,
)

IDENTIFIER = String(255)
"""Of a block or an action."""
PAGE_URL = Pattern(r"https?://[^\s/]\S*", "a valid URL")
DATE = Pattern(r"\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])", "a date like YYYY-MM-DD")
TIME = Pattern(r"([01]\d|2[0-3]):[0-5]\d", "a time like HH:mm")
UNCHECKED_BLOCKS = (
    "video", "file", "table", "data_table", "context_actions", "card", "carousel", "container", "plan", "task_card",
)  # fmt: skip


def plain_text(most: int) -> Rule:
    """Make the rule for a text object that must be plain."""
    return ByType({"plain_text": Shape({"text": String(most)}, {"emoji": Flag()})})


def text_object(most: int) -> Rule:
    """Make the rule for a text object of either kind."""
    mrkdwn = Shape({"text": String(most)}, {"verbatim": Flag()})
    return ByType({"plain_text": Shape({"text": String(most)}, {"emoji": Flag()}), "mrkdwn": mrkdwn})


def _require_one_of(*names: str) -> Any:  # noqa: ANN401 - a check of Shape
    words = " or ".join(f"`{name}`" for name in names)

    def check(value: Mapping[str, Any], at: str) -> Iterator[Violation]:
        if not any(name in value for name in names):
            yield Violation(f"must define either {words}", at, "required", list(names))

    return check


def _check_options(value: Mapping[str, Any], at: str) -> Iterator[Violation]:
    if "options" in value and "option_groups" in value:
        yield Violation("must not define both `options` and `option_groups`", at, "exclusive")
    yield from _require_one_of("options", "option_groups")(value, at)
    yield from _check_initial_options(value, at)


def _check_initial_options(value: Mapping[str, Any], at: str) -> Iterator[Violation]:
    """Look whether what is chosen at first is one of the options, written exactly like it."""
    groups = value.get("option_groups") if isinstance(value.get("option_groups"), list) else []
    known = [value, *(group for group in groups or [] if isinstance(group, dict))]
    lists = [each["options"] for each in known if isinstance(each.get("options"), list)]
    given = value.get("initial_options", [value["initial_option"]] if "initial_option" in value else [])
    for option in given if isinstance(given, list) else []:
        if not any(option in options for options in lists):
            name = "initial_options" if "initial_options" in value else "initial_option"
            yield Violation("must be one of the provided options", f"{at}/{name}", "enum")


def _check_lengths(value: Mapping[str, Any], at: str) -> Iterator[Violation]:
    least, most, first = value.get("min_length"), value.get("max_length"), value.get("initial_value")
    if isinstance(least, int) and isinstance(most, int) and least > most:
        yield Violation("`min_length` must not be greater than `max_length`", f"{at}/min_length", "range", most)
    if isinstance(first, str) and isinstance(most, int) and len(first) > most:
        yield Violation(f"must be less than {most + 1} characters", f"{at}/initial_value", "max_length", most)


CONFIRM = Shape(
    {"title": plain_text(100), "text": text_object(300)},
    {"confirm": plain_text(30), "deny": plain_text(30), "style": String(choices=("primary", "danger"))},
)
OPTION = Shape({"text": plain_text(75), "value": String(150)}, {"description": plain_text(75)})
"""Of a select."""
OVERFLOW_OPTION = Shape({"text": plain_text(75), "value": String(150)}, {"description": plain_text(75), "url": URL})
"""Of an overflow menu, which alone can lead somewhere."""
CHECKBOX_OPTION = Shape({"text": text_object(75), "value": String(150)}, {"description": text_object(75)})
"""Of checkboxes and radio buttons, which alone can be formatted."""
OPTION_GROUP = Shape({"label": plain_text(75), "options": Items(OPTION, 100)})
ACTION_FIELDS: dict[str, Rule] = {"action_id": IDENTIFIER}
CONFIRMABLE_FIELDS: dict[str, Rule] = ACTION_FIELDS | {"confirm": CONFIRM, "focus_on_load": Flag()}
SELECT_FIELDS: dict[str, Rule] = CONFIRMABLE_FIELDS | {"placeholder": plain_text(150)}
MULTI_SELECT_FIELDS: dict[str, Rule] = SELECT_FIELDS | {"max_selected_items": Number(1, 100)}
OPTION_FIELDS: dict[str, Rule] = {"options": Items(OPTION, 100), "option_groups": Items(OPTION_GROUP, 100)}
DISPATCH_CONFIG = Shape(
    optional={"trigger_actions_on": Items(String(choices=("on_enter_pressed", "on_character_entered")), 2)}
)
FILTER_FLAGS = ("exclude_external_shared_channels", "exclude_bot_users")
CONVERSATION_FILTER = Shape(
    {},
    {"include": Items(String(choices=("im", "mpim", "private", "public")), 4)} | dict.fromkeys(FILTER_FLAGS, Flag()),
    _require_one_of("include", *FILTER_FLAGS),
)
TEXT_INPUT_FIELDS: dict[str, Rule] = ACTION_FIELDS | {
    "placeholder": plain_text(150), "initial_value": String(3000, 0), "focus_on_load": Flag(),
    "dispatch_action_config": DISPATCH_CONFIG,
}  # fmt: skip

IMAGE = Shape(
    {"alt_text": String(2000)},
    {"image_url": PAGE_URL, "slack_file": Anything()},
    _require_one_of("image_url", "slack_file"),
)
BUTTONS: dict[str, Rule] = {
    "button": Shape(
        {"text": plain_text(75)},
        ACTION_FIELDS | {"url": URL, "value": String(2000), "style": String(choices=("primary", "danger")),
                  "confirm": CONFIRM, "accessibility_label": String(75)},
    ),
    "workflow_button": Shape(
        {"text": plain_text(75), "workflow": Anything()},
        ACTION_FIELDS | {"style": String(choices=("primary", "danger")), "accessibility_label": String(75)},
    ),
    "overflow": Shape({"options": Items(OVERFLOW_OPTION, 5)}, ACTION_FIELDS | {"confirm": CONFIRM}),
}  # fmt: skip
SELECTS: dict[str, Rule] = {
    "static_select": Shape({}, SELECT_FIELDS | OPTION_FIELDS | {"initial_option": OPTION}, _check_options),
    "external_select": Shape({}, SELECT_FIELDS | {"initial_option": OPTION, "min_query_length": Number(0, 100)}),
    "users_select": Shape({}, SELECT_FIELDS | {"initial_user": String()}),
    "conversations_select": Shape(
        {}, SELECT_FIELDS | {"initial_conversation": String(), "default_to_current_conversation": Flag(),
                      "response_url_enabled": Flag(), "filter": CONVERSATION_FILTER},
    ),
    "channels_select": Shape({}, SELECT_FIELDS | {"initial_channel": String(), "response_url_enabled": Flag()}),
}  # fmt: skip
MULTI_SELECTS: dict[str, Rule] = {
    "multi_static_select": Shape(
        {}, MULTI_SELECT_FIELDS | OPTION_FIELDS | {"initial_options": Items(OPTION, 100)}, _check_options
    ),
    "multi_external_select": Shape(
        {}, MULTI_SELECT_FIELDS | {"initial_options": Items(OPTION, 100), "min_query_length": Number(0, 100)}
    ),
    "multi_users_select": Shape({}, MULTI_SELECT_FIELDS | {"initial_users": Items(String(), 100)}),
    "multi_conversations_select": Shape(
        {}, MULTI_SELECT_FIELDS | {"initial_conversations": Items(String(), 100), "filter": CONVERSATION_FILTER,
                                   "default_to_current_conversation": Flag()},
    ),
    "multi_channels_select": Shape({}, MULTI_SELECT_FIELDS | {"initial_channels": Items(String(), 100)}),
}  # fmt: skip
PICKERS: dict[str, Rule] = {
    "datepicker": Shape({}, SELECT_FIELDS | {"initial_date": DATE}),
    "timepicker": Shape({}, SELECT_FIELDS | {"initial_time": TIME, "timezone": String()}),
    "datetimepicker": Shape({}, CONFIRMABLE_FIELDS | {"initial_date_time": Number(1_000_000_000, 9_999_999_999)}),
    "checkboxes": Shape(
        {"options": Items(CHECKBOX_OPTION, 10)},
        CONFIRMABLE_FIELDS | {"initial_options": Items(CHECKBOX_OPTION, 10)},
        _check_initial_options,
    ),
    "radio_buttons": Shape(
        {"options": Items(CHECKBOX_OPTION, 10)},
        CONFIRMABLE_FIELDS | {"initial_option": CHECKBOX_OPTION},
        _check_initial_options,
    ),
}
INPUTS: dict[str, Rule] = {
    "plain_text_input": Shape(
        {},
        TEXT_INPUT_FIELDS | {"multiline": Flag(), "min_length": Number(0, 3000), "max_length": Number(1, 3000)},
        _check_lengths,
    ),
    "email_text_input": Shape({}, TEXT_INPUT_FIELDS),
    "url_text_input": Shape({}, TEXT_INPUT_FIELDS),
    "number_input": Shape(
        {"is_decimal_allowed": Flag()}, TEXT_INPUT_FIELDS | {"min_value": String(), "max_value": String()}
    ),
    "rich_text_input": Shape(
        {},
        TEXT_INPUT_FIELDS | {"initial_value": ByType({"rich_text": Shape(RICH_TEXT_FIELDS, {"block_id": IDENTIFIER})})},
    ),
    "file_input": Shape({}, ACTION_FIELDS | {"filetypes": Items(String(), 100), "max_files": Number(1, 10)}),
}

INTERACTIVE_ELEMENTS = BUTTONS | SELECTS | MULTI_SELECTS | PICKERS
ACTIONS_BLOCK_ELEMENTS = INTERACTIVE_ELEMENTS | {"rich_text_input": INPUTS["rich_text_input"]}
"""The elements of sections and of rows of actions (the official JavaScript types)."""

BLOCK_FIELDS: dict[str, Rule] = {"block_id": IDENTIFIER}
BLOCKS: dict[str, Rule] = {
    "section": Shape(
        {},
        BLOCK_FIELDS | {"text": text_object(3000), "fields": Items(text_object(2000), 10), "expand": Flag(),
                 "accessory": ByType({"image": IMAGE} | INTERACTIVE_ELEMENTS)},
        _require_one_of("text", "fields"),
    ),
    "header": Shape({"text": plain_text(150)}, BLOCK_FIELDS | {"level": Number(1, 4)}),
    "divider": Shape({}, BLOCK_FIELDS),
    "context": Shape(
        {"elements": Items(ByType({
            "image": IMAGE,
            "plain_text": Shape({"text": String(3000)}, {"emoji": Flag()}),
            "mrkdwn": Shape({"text": String(3000)}, {"verbatim": Flag()}),
        }), 10)},
        BLOCK_FIELDS,
    ),
    "actions": Shape({"elements": Items(ByType(ACTIONS_BLOCK_ELEMENTS), 25, key="action_id")}, BLOCK_FIELDS),
    "image": Shape(
        {"alt_text": String(2000)},
        BLOCK_FIELDS | {"image_url": PAGE_URL, "slack_file": Anything(), "title": plain_text(2000)},
        _require_one_of("image_url", "slack_file"),
    ),
    "input": Shape(
        {"label": plain_text(2000), "element": ByType(INPUTS | SELECTS | MULTI_SELECTS | PICKERS)},
        BLOCK_FIELDS | {"hint": plain_text(2000), "optional": Flag(), "dispatch_action": Flag()},
    ),
    "markdown": Shape({"text": String(12_000)}, BLOCK_FIELDS),
    "rich_text": Shape(RICH_TEXT_FIELDS, BLOCK_FIELDS),
} | dict.fromkeys(UNCHECKED_BLOCKS, Anything())  # fmt: skip
MODAL_ONLY_BLOCKS: dict[str, Rule] = {
    "alert": Shape(
        {"text": text_object(3000)},
        BLOCK_FIELDS | {"level": String(choices=("default", "info", "warning", "error", "success"))},
    ),
}
"""A block that stands in modals only."""


def blocks_rule(most: int, least: int = 0) -> Rule:
    """Make the rule for the blocks of a surface."""
    return Items(ByType(BLOCKS), most, least, key="block_id")
