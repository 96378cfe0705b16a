"""Pure: the parts of which dialogs are made, within Slack's limits."""

from collections.abc import Sequence
from dataclasses import dataclass

from bolt_app.modals.context import ModalContext, dump_context
from shared.model.actions import SPECS, Action
from shared.slack.render.blocks import Block, plain

CALLBACK = "pagebridge:"
"""How the `callback_id` of every dialog begins; the action follows."""
VALUE = "value"
"""The `action_id` of every field; its block says which it is."""
LONGEST_TEXT = 3000
"""Characters that Slack lets people type into one field."""
MOST_OPTIONS = 100
"""Options that Slack shows in one menu; of more than that, people type what they look for."""


@dataclass(frozen=True)
class Option:
    """Something to choose: the name that people read, and the id of what it stands for."""

    id: str
    name: str


def modal(about: ModalContext, action: Action, blocks: Sequence[Block], submit: str = "") -> Block:
    """Put the dialog of an action together; without `submit` there is nothing to send."""
    made: Block = {
        "type": "modal",
        "callback_id": f"{CALLBACK}{action}",
        "private_metadata": dump_context(about),
        "title": _plain(f"{SPECS[action].label} {about.label}".strip(), 24),
        "close": _plain("Cancel" if submit else "Close", 24),
        "blocks": list(blocks),
    }
    return made | {"submit": _plain(submit, 24)} if submit else made


def text_input(
    name: str, label: str, *, most: int = LONGEST_TEXT, lines: bool = True, optional: bool = False, first: str = ""
) -> Block:
    """Make a field for text, of several lines or one."""
    element: Block = {"type": "plain_text_input", "multiline": lines, "max_length": most}
    if first:
        element["initial_value"] = first[:most]
    return input_block(name, label, element, optional=optional)


def select_input(
    name: str, label: str, options: Sequence[Option] | None, *, optional: bool = False, first: str = ""
) -> Block:
    """
    Make a menu, with the option of the id `first` chosen if it is listed.

    With more options than Slack can list (None) it asks the bridge while people type.
    """
    hint = _plain("Choose one", 150)
    if options is not None and len(options) < MOST_OPTIONS:
        element: Block = {"type": "static_select", "options": option_list(options), "placeholder": hint}
        chosen = [each for each in options if each.id == first]
        if chosen:
            element["initial_option"] = option(chosen[0].id, chosen[0].name)
        return input_block(name, label, element, optional=optional)
    search = {"type": "external_select", "min_query_length": 1, "placeholder": _plain("Type its name", 150)}
    block = input_block(name, label, search, optional=optional)
    return block | {"element": {**search, "action_id": search_select(name)}}


def radio_input(name: str, label: str, choices: Sequence[Block]) -> Block:
    """Make a choice of one, the first of which is chosen at the beginning."""
    element: Block = {"type": "radio_buttons", "options": list(choices), "initial_option": choices[0]}
    return input_block(name, label, element)


def search_select(name: str) -> str:
    """Name the field of a menu that asks us what it offers."""
    return f"pagebridge:search:{name}"


def option_list(options: Sequence[Option]) -> list[Block]:
    """Write options as Slack lists them, as many as it takes."""
    return [option(each.id, each.name) for each in options[:MOST_OPTIONS]]


def option(value: str, label: str) -> Block:
    """Write one option."""
    return {"text": _plain(plain(label, 75).strip() or value, 75), "value": value}


def input_block(name: str, label: str, element: Block, *, optional: bool = False) -> Block:
    """Make a field of any kind."""
    return {
        "type": "input",
        "block_id": name,
        "label": _plain(label, 2000),
        "optional": optional,
        "element": {"action_id": VALUE, **element},
    }


def _plain(text: str, most: int) -> Block:
    return {"type": "plain_text", "text": plain(text, most), "emoji": False}
