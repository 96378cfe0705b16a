"""How dialogs look to the person who has them in front of them."""

from collections.abc import Callable, Iterator, Mapping

from pagebridge_sandbox.slack import Modal
from pagebridge_sandbox.slack.interactive import Dialog

Names = Callable[[str], str]


def drawn(modal: Modal, first: str, names: Names, errors: Mapping[str, str]) -> str:
    """Draw a modal with what is filled in, and below a field what is wrong with it."""
    lines = [line for shown in modal.plain.splitlines() for line in _line(shown, modal, names, errors)]
    buttons = " ".join(f"[{_button(modal, which)}]" for which in ("close", "submit") if which in modal.content)
    return _box(f"{first}'s dialog: {modal.title}", [*lines, buttons])


def question(dialog: Dialog, first: str) -> str:
    """Draw the question that comes before a button does something."""
    yes, no = dialog.labels
    return _box(f"{first} is asked: {dialog.title}", [dialog.text, f"[{no}] [{yes}]"])


def _line(shown: str, modal: Modal, names: Names, errors: Mapping[str, str]) -> Iterator[str]:
    """Put what is filled in into the place of the field, and the words about it below."""
    label = next((label for label in modal.labels if shown.startswith(f"{label}: [")), None)
    if label is None:
        yield shown
        return
    yield f"{label}: {_value(modal.values[label], names)}"
    if label in errors:
        yield f"  ! {errors[label]}"


def _value(value: object, names: Names) -> str:
    """Write a value as people see it: people by name, options by their words, and an empty field as one."""
    if isinstance(value, list):
        return ", ".join(_value(each, names) for each in value) or "[ ]"
    if isinstance(value, dict):
        return str(value["text"]["text"])
    return names(str(value)) if value else "[ ]"


def _button(modal: Modal, which: str) -> str:
    return str(modal.content[which]["text"])


def _box(title: str, lines: list[str]) -> str:
    return "\n".join([title, *(f"│ {line}" for line in lines)])
