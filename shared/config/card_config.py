"""The parts of `bridge.toml` that say what cards show besides the incident itself."""

import re
from collections.abc import Sequence
from difflib import get_close_matches
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict

from shared.config.setting_types import shaped
from shared.model.card_content import LONGEST_ADDRESS, PLACEHOLDER, PLACEHOLDERS, CardField, CardLink

MOST_FIELDS = 10
"""Fields of a card: as many as Slack takes in one section (Slack's page on the section block)."""
MOST_LINKS = 5
ROOTS = ("details", "severity")
_LONGEST_PATH = 200
_ADDRESS = re.compile(r"""https://[^\s<>|"\\^`]+""", re.ASCII)


class Table(BaseModel):
    """A table of `bridge.toml`: read once, never changed, and every key in it is known."""

    model_config = ConfigDict(frozen=True, extra="forbid")


def _path(text: str) -> str:
    """Take the path of a field that an alert may have."""
    if _is_path(text):
        return text
    root, dot, rest = text.partition(".")
    close = get_close_matches(root, ROOTS, 1)
    meant = f"{close[0]}{dot}{rest}" if close else f"details.{text}"
    hint = f"; did you mean {meant}?" if _is_path(meant) else ""
    raise ValueError(f"must be severity, or a path such as details.region{hint}")


def _is_path(text: str) -> bool:
    root, *steps = text.split(".")
    named = all(step.strip() and step.isprintable() for step in steps)
    return len(text) <= _LONGEST_PATH and named and (text == "severity" or (root == "details" and bool(steps)))


def _address(text: str) -> str:
    """Take an address on the web, whose host is certain, and whose placeholders are all known."""
    for name in PLACEHOLDER.findall(text):
        if name not in PLACEHOLDERS:
            close = get_close_matches(name, PLACEHOLDERS, 1)
            hint = f"; did you mean {{{close[0]}}}?" if close else ""
            known = ", ".join(f"{{{each}}}" for each in PLACEHOLDERS)
            raise ValueError(f"names {{{name}}}, and a link can have {known}{hint}")
    if "{" in _host(text) or "}" in _host(text):
        raise ValueError("must have placeholders after the host only")
    bare = PLACEHOLDER.sub("", text)
    safe = text.isascii() and len(text) <= LONGEST_ADDRESS and _ADDRESS.fullmatch(bare) and not {"{", "}"} & set(bare)
    if not safe or not _host(text) or "@" in _host(text):
        raise ValueError("must be an https:// address such as https://runbooks.example.com/{service}")
    return text


def _host(text: str) -> str:
    try:
        return urlsplit(text).netloc
    except ValueError:
        return ""


Label = Annotated[str, shaped(r"(?=\S)[^\x00-\x1f\x7f]{1,40}", "a label of at most 40 characters, such as Region")]


class CardFieldConfig(Table):
    """A field of the first alert."""

    path: Annotated[str, AfterValidator(_path)]
    """Its place in the alert: `severity`, or below `details`, name by name: `details.pod.node`."""
    label: Label | None = None
    """The name of the field on the card; without it, the last name of its path."""

    @property
    def chosen(self) -> CardField:
        """The field with the label that the card shows."""
        return CardField(self.path, self.label or self.path.rpartition(".")[2])


class CardLinkConfig(Table):
    """A button that leads to a page."""

    label: Label
    """The text of the button."""
    url: Annotated[str, AfterValidator(_address)]
    """Where it leads: an https:// address; `{number}`, `{id}`, `{service}` and `{service_id}` in it are filled in."""

    @property
    def chosen(self) -> CardLink:
        """The link that the card shows."""
        return CardLink(self.label, self.url)


def _at_most(count: int) -> AfterValidator:
    def check(chosen: Sequence[object]) -> Sequence[object]:
        if len(chosen) > count:
            raise ValueError(f"has {len(chosen)} entries, and a card has room for {count}")
        return chosen

    return AfterValidator(check)


ShortField = BeforeValidator(lambda field: {"path": field} if isinstance(field, str) else field)
CardFields = Annotated[tuple[Annotated[CardFieldConfig, ShortField], ...], _at_most(MOST_FIELDS)]

CardLinks = Annotated[tuple[CardLinkConfig, ...], _at_most(MOST_LINKS)]
