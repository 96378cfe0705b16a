"""Pure: what a dialog is about. It travels in the dialog itself, because its answer names neither card nor channel."""

from dataclasses import dataclass, replace

from pydantic import TypeAdapter, ValidationError

from shared.errors import Malformed
from shared.model.ids import ChannelId, IncidentId, MessageTs, SlackUserId, UserId, incident_id

LONGEST = 3000
"""Characters of a view's `private_metadata` (Slack's page on views)."""


@dataclass(frozen=True)
class ModalContext:
    """
    The incident and the place of the press that opened a dialog, and where to answer it privately.

    `incident` is None for one that is still to be opened. `label` and `url` are the card's, hints for words only.
    `seen` are the assignees whom the card or the dialog showed, `assigned` is the only one among the people of Slack.
    `opened_ms` is when the dialog was opened, by the store's clock, since Slack does not say when one was sent; 0 where
    that is not known. `on_answer` is true if the press was on a private answer.
    """

    incident: IncidentId | None
    channel: ChannelId
    message: MessageTs | None
    response_url: str
    label: str = ""
    url: str = ""
    seen: frozenset[UserId] | None = None
    assigned: SlackUserId | None = None
    opened_ms: int = 0
    on_answer: bool = False


_JSON = TypeAdapter(ModalContext)


def dump_context(context: ModalContext) -> str:
    """Write it for `private_metadata`, leaving out what has no room: first who was seen, then the incident's page."""
    without = replace(context, seen=None)
    candidates = (_JSON.dump_json(each).decode() for each in (context, without, replace(without, url="")))
    return next((text for text in candidates if len(text) <= LONGEST), "{}")


def parse_context(text: object) -> ModalContext:
    """Parse `private_metadata` that `dump_context` wrote. Raises `Malformed` for anything else."""
    try:
        context = _JSON.validate_json(text if isinstance(text, str) else "")
    except (ValidationError, ValueError):
        raise Malformed("a dialog that does not say what it is about") from None
    if context.incident is not None:
        incident_id(context.incident)
    return context
