"""
Block Kit's limits as tables. Source: Slack's pages on blocks, elements and composition objects, and slack_sdk's models.

Where the pages give no number the stricter guess stands here. Kinds of blocks that are not looked into are in `OPEN`.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from pagebridge_sandbox.slack.rich_text import RICH_TEXT, URL
from pagebridge_sandbox.slack.schema import Anything, ByType, Flag, Form, Items, Number, Problem, Rule, Shape, String

NAME = String(255)
"""Of a block or an action."""
PAGE = Form(r"https?://[^\s/]\S*", "a valid URL")
DATE = Form(r"\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])", "a date like YYYY-MM-DD")
TIME = Form(r"([01]\d|2[0-3]):[0-5]\d", "a time like HH:mm")
OPEN = (
    "video", "file", "table", "data_table", "context_actions", "card", "carousel", "container", "plan", "task_card",
)  # fmt: skip


def plain(most: int) -> Rule:
    """Make the rule for a text object that must be plain."""
    return ByType({"plain_text": Shape({"text": String(most)}, {"emoji": Flag()})})


def text(most: int) -> Rule:
    """Make the rule for a text object of either kind."""
    mrkdwn = Shape({"text": String(most)}, {"verbatim": Flag()})
    return ByType({"plain_text": Shape({"text": String(most)}, {"emoji": Flag()}), "mrkdwn": mrkdwn})


def _one_of(*names: str) -> Any:  # noqa: ANN401 - a check of Shape
    words = " or ".join(f"`{name}`" for name in names)

    def check(value: Mapping[str, Any], at: str) -> Iterator[Problem]:
        if not any(name in value for name in names):
            yield Problem(f"must define either {words}", at, "required", list(names))

    return check


def _offered(value: Mapping[str, Any], at: str) -> Iterator[Problem]:
    if "options" in value and "option_groups" in value:
        yield Problem("must not define both `options` and `option_groups`", at, "exclusive")
    yield from _one_of("options", "option_groups")(value, at)
    yield from _initial(value, at)


def _initial(value: Mapping[str, Any], at: str) -> Iterator[Problem]:
    """Look whether what is chosen at first is one of the options, written exactly like it."""
    groups = value.get("option_groups") if isinstance(value.get("option_groups"), list) else []
    known = [value, *(group for group in groups or [] if isinstance(group, dict))]
    lists = [each["options"] for each in known if isinstance(each.get("options"), list)]
    given = value.get("initial_options", [value["initial_option"]] if "initial_option" in value else [])
    for option in given if isinstance(given, list) else []:
        if not any(option in options for options in lists):
            name = "initial_options" if "initial_options" in value else "initial_option"
            yield Problem("must be one of the provided options", f"{at}/{name}", "enum")


def _lengths(value: Mapping[str, Any], at: str) -> Iterator[Problem]:
    least, most, first = value.get("min_length"), value.get("max_length"), value.get("initial_value")
    if isinstance(least, int) and isinstance(most, int) and least > most:
        yield Problem("`min_length` must not be greater than `max_length`", f"{at}/min_length", "range", most)
    if isinstance(first, str) and isinstance(most, int) and len(first) > most:
        yield Problem(f"must be less than {most + 1} characters", f"{at}/initial_value", "max_length", most)


CONFIRM = Shape(
    {"title": plain(100), "text": text(300)},
    {"confirm": plain(30), "deny": plain(30), "style": String(choices=("primary", "danger"))},
)
OPTION = Shape({"text": plain(75), "value": String(150)}, {"description": plain(75)})
"""Of a select."""
ENTRY = Shape({"text": plain(75), "value": String(150)}, {"description": plain(75), "url": URL})
"""Of an overflow menu, which alone can lead somewhere."""
BOX = Shape({"text": text(75), "value": String(150)}, {"description": text(75)})
"""Of checkboxes and radio buttons, which alone can be formatted."""
GROUP = Shape({"label": plain(75), "options": Items(OPTION, 100)})
ACTION: dict[str, Rule] = {"action_id": NAME}
ASKING: dict[str, Rule] = ACTION | {"confirm": CONFIRM, "focus_on_load": Flag()}
SELECT: dict[str, Rule] = ASKING | {"placeholder": plain(150)}
MULTI: dict[str, Rule] = SELECT | {"max_selected_items": Number(1, 100)}
OPTIONS: dict[str, Rule] = {"options": Items(OPTION, 100), "option_groups": Items(GROUP, 100)}
DISPATCH = Shape(
    optional={"trigger_actions_on": Items(String(choices=("on_enter_pressed", "on_character_entered")), 2)}
)
LEFT_OUT = ("exclude_external_shared_channels", "exclude_bot_users")
FILTER = Shape(
    {},
    {"include": Items(String(choices=("im", "mpim", "private", "public")), 4)} | dict.fromkeys(LEFT_OUT, Flag()),
    _one_of("include", *LEFT_OUT),
)
TYPED: dict[str, Rule] = ACTION | {
    "placeholder": plain(150), "initial_value": String(3000, 0), "focus_on_load": Flag(),
    "dispatch_action_config": DISPATCH,
}  # fmt: skip

IMAGE = Shape(
    {"alt_text": String(2000)},
    {"image_url": PAGE, "slack_file": Anything()},
    _one_of("image_url", "slack_file"),
)
BUTTONS: dict[str, Rule] = {
    "button": Shape(
        {"text": plain(75)},
        ACTION | {"url": URL, "value": String(2000), "style": String(choices=("primary", "danger")),
                  "confirm": CONFIRM, "accessibility_label": String(75)},
    ),
    "workflow_button": Shape(
        {"text": plain(75), "workflow": Anything()},
        ACTION | {"style": String(choices=("primary", "danger")), "accessibility_label": String(75)},
    ),
    "overflow": Shape({"options": Items(ENTRY, 5)}, ACTION | {"confirm": CONFIRM}),
}  # fmt: skip
SELECTS: dict[str, Rule] = {
    "static_select": Shape({}, SELECT | OPTIONS | {"initial_option": OPTION}, _offered),
    "external_select": Shape({}, SELECT | {"initial_option": OPTION, "min_query_length": Number(0, 100)}),
    "users_select": Shape({}, SELECT | {"initial_user": String()}),
    "conversations_select": Shape(
        {}, SELECT | {"initial_conversation": String(), "default_to_current_conversation": Flag(),
                      "response_url_enabled": Flag(), "filter": FILTER},
    ),
    "channels_select": Shape({}, SELECT | {"initial_channel": String(), "response_url_enabled": Flag()}),
}  # fmt: skip
MULTIS: dict[str, Rule] = {
    "multi_static_select": Shape(
        {}, MULTI | OPTIONS | {"initial_options": Items(OPTION, 100)}, _offered
    ),
    "multi_external_select": Shape(
        {}, MULTI | {"initial_options": Items(OPTION, 100), "min_query_length": Number(0, 100)}
    ),
    "multi_users_select": Shape({}, MULTI | {"initial_users": Items(String(), 100)}),
    "multi_conversations_select": Shape(
        {}, MULTI | {"initial_conversations": Items(String(), 100), "default_to_current_conversation": Flag(),
                     "filter": FILTER},
    ),
    "multi_channels_select": Shape({}, MULTI | {"initial_channels": Items(String(), 100)}),
}  # fmt: skip
PICKERS: dict[str, Rule] = {
    "datepicker": Shape({}, SELECT | {"initial_date": DATE}),
    "timepicker": Shape({}, SELECT | {"initial_time": TIME, "timezone": String()}),
    "datetimepicker": Shape({}, ASKING | {"initial_date_time": Number(1_000_000_000, 9_999_999_999)}),
    "checkboxes": Shape({"options": Items(BOX, 10)}, ASKING | {"initial_options": Items(BOX, 10)}, _initial),
    "radio_buttons": Shape({"options": Items(BOX, 10)}, ASKING | {"initial_option": BOX}, _initial),
}
INPUTS: dict[str, Rule] = {
    "plain_text_input": Shape(
        {}, TYPED | {"multiline": Flag(), "min_length": Number(0, 3000), "max_length": Number(1, 3000)}, _lengths
    ),
    "email_text_input": Shape({}, TYPED),
    "url_text_input": Shape({}, TYPED),
    "number_input": Shape({"is_decimal_allowed": Flag()}, TYPED | {"min_value": String(), "max_value": String()}),
    "rich_text_input": Shape(
        {}, TYPED | {"initial_value": ByType({"rich_text": Shape(RICH_TEXT, {"block_id": NAME})})}
    ),
    "file_input": Shape({}, ACTION | {"filetypes": Items(String(), 100), "max_files": Number(1, 10)}),
}

TOUCHED = BUTTONS | SELECTS | MULTIS | PICKERS
ACTING = TOUCHED | {"rich_text_input": INPUTS["rich_text_input"]}
"""What stands in sections and in rows of actions (the official JavaScript types)."""

BLOCK: dict[str, Rule] = {"block_id": NAME}
BLOCKS: dict[str, Rule] = {
    "section": Shape(
        {},
        BLOCK | {"text": text(3000), "fields": Items(text(2000), 10), "expand": Flag(),
                 "accessory": ByType({"image": IMAGE} | TOUCHED)},
        _one_of("text", "fields"),
    ),
    "header": Shape({"text": plain(150)}, BLOCK | {"level": Number(1, 4)}),
    "divider": Shape({}, BLOCK),
    "context": Shape(
        {"elements": Items(ByType({
            "image": IMAGE,
            "plain_text": Shape({"text": String(3000)}, {"emoji": Flag()}),
            "mrkdwn": Shape({"text": String(3000)}, {"verbatim": Flag()}),
        }), 10)},
        BLOCK,
    ),
    "actions": Shape({"elements": Items(ByType(ACTING), 25, key="action_id")}, BLOCK),
    "image": Shape(
        {"alt_text": String(2000)},
        BLOCK | {"image_url": PAGE, "slack_file": Anything(), "title": plain(2000)},
        _one_of("image_url", "slack_file"),
    ),
    "input": Shape(
        {"label": plain(2000), "element": ByType(INPUTS | SELECTS | MULTIS | PICKERS)},
        BLOCK | {"hint": plain(2000), "optional": Flag(), "dispatch_action": Flag()},
    ),
    "markdown": Shape({"text": String(12_000)}, BLOCK),
    "rich_text": Shape(RICH_TEXT, BLOCK),
} | dict.fromkeys(OPEN, Anything())  # fmt: skip
MODAL_ONLY: dict[str, Rule] = {
    "alert": Shape(
        {"text": text(3000)}, BLOCK | {"level": String(choices=("default", "info", "warning", "error", "success"))}
    ),
}
"""A block that stands in modals only."""


def blocks(most: int, least: int = 0) -> Rule:
    """Make the rule for the blocks of a surface."""
    return Items(ByType(BLOCKS), most, least, key="block_id")
