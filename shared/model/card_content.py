"""Pure: what a card shows besides the incident itself, as `bridge.toml` chooses it for a route. None of it can fail."""

import re
from dataclasses import dataclass
from typing import Literal
from urllib.parse import quote

from shared.model.event import Snapshot
from shared.model.ids import IncidentId

LONGEST_ADDRESS = 500
"""Characters of a link's address; a longer one is of no use when it is cut."""
PLACEHOLDERS = ("number", "id", "service", "service_id")
"""The placeholders of a link's address, in braces: facts of the incident, which are percent-encoded."""
PLACEHOLDER = re.compile(r"\{([^{}]*)\}")


@dataclass(frozen=True)
class CardPart:
    """The text that a card shows, or the reason why it is left out."""

    text: str = ""
    left_out: Literal["", "missing", "not_scalar", "too_long"] = ""


@dataclass(frozen=True)
class CardField:
    """A field of the first alert, by its path, and what the card calls it."""

    path: str
    label: str


@dataclass(frozen=True)
class CardLink:
    """A link button; its `url` may have placeholders."""

    label: str
    url: str

    def address(self, incident: IncidentId, snapshot: Snapshot) -> CardPart:
        """Fill in the placeholders."""
        service, number = snapshot.service, snapshot.number
        known = {
            "number": "" if number is None else str(number),
            "id": incident,
            "service": service.name if service else "",
            "service_id": service.id if service else "",
        }
        # Of dots alone an address takes another path.
        if not all(known[name].strip(".") for name in PLACEHOLDER.findall(self.url)):
            return CardPart(left_out="missing")
        filled = PLACEHOLDER.sub(lambda found: quote(known[found[1]], safe="", errors="replace"), self.url)
        return CardPart(filled) if len(filled) <= LONGEST_ADDRESS else CardPart(left_out="too_long")


@dataclass(frozen=True)
class CardContent:
    """The fields, links and images that are configured for a card, and whether it shows old values for a while."""

    fields: tuple[CardField, ...] = ()
    links: tuple[CardLink, ...] = ()
    images: bool = False
    changes: bool = False


NOTHING_MORE = CardContent()
