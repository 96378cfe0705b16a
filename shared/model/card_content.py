"""Pure: what a card shows besides the incident itself, as `bridge.toml` chooses it for a route."""

from dataclasses import dataclass


@dataclass(frozen=True)
class CardField:
    """A field of the first alert, by its path, and what the card calls it."""

    path: str
    label: str


@dataclass(frozen=True)
class CardContent:
    """What is chosen; nothing if nothing is."""

    fields: tuple[CardField, ...] = ()


NOTHING_MORE = CardContent()
