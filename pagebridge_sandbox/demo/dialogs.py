"""How dialogs look to the person who has them in front of them."""

from collections.abc import Callable, Iterator, Mapping

from pagebridge_sandbox.slack import Modal
from pagebridge_sandbox.slack.interactive import ConfirmDialog

NameLookup = Callable[[str], str]


def draw_modal(modal: Modal, first: str, name_of: NameLookup, errors: Mapping[str, str]) -> str:
    """Draw a modal with what is filled in, and below a field what is wrong with it."""
    lines = [line for shown in modal.plain.splitlines() for line in _draw_line(shown, modal, name_of, errors)]
    buttons = " ".join(f"[{_button_label(modal, which)}]" for which in ("close", "submit") if which in modal.content)
    return _draw_box(f"{first}'s dialog: {modal.title}", [*lines, buttons])


def draw_confirmation(dialog: ConfirmDialog, first: str) -> str:
    """Draw the question that comes before a button does something."""
    yes, no = dialog.labels
    return _draw_box(f"{first} is asked: {dialog.title}", [dialog.text, f"[{no}] [{yes}]"])


def _draw_line(shown: str, modal: Modal, name_of: NameLookup, errors: Mapping[str, str]) -> Iterator[str]:
    """Put what is filled in into the place of the field, and the words about it below."""
    label = next((label for label in modal.labels if shown.startswith(f"{label}: [")), None)
    if label is None:
        yield shown
        return
    yield f"{label}: {_format_value(modal.values[label], name_of)}"
    if label in errors:
        yield f"  ! {errors[label]}"


def _format_value(value: object, name_of: NameLookup) -> str:
    """Write a value as people see it: people by name, options by their words, and an empty field as one."""
    if isinstance(value, list):
        return ", ".join(_format_value(each, name_of) for each in value) or "[ ]"
    if isinstance(value, dict):
        return str(value["text"]["text"])
    return name_of(str(value)) if value else "[ ]"


def _button_label(modal: Modal, which: str) -> str:
    return str(modal.content[which]["text"])


def _draw_box(title: str, lines: list[str]) -> str:
    return "\n".join([title, *(f"│ {line}" for line in lines)])
