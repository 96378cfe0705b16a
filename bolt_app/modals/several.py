"""Pure: the two dialogs about several incidents: what is to be done with which, and what that would be."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from pydantic import TypeAdapter, ValidationError

from bolt_app.modals.forms import HOURS
from bolt_app.modals.inputs import input_block, option, radio_input, text_input
from bolt_app.open_incidents import OpenIncident, most_urgent
from bolt_app.replies.builder import label, names
from shared.errors import Malformed
from shared.model.actions import SPECS, Action
from shared.model.command import ActionParams
from shared.model.event_types import Status
from shared.model.ids import ChannelId, UserId
from shared.slack.render.blocks import Block, context, escape, section

ACTIONS = (Action.ACKNOWLEDGE, Action.RESOLVE, Action.SNOOZE, Action.REASSIGN)
"""The actions for several incidents at once."""
CHOOSE, SEND = "pagebridge:several", "pagebridge:several_send"
"""The `callback_id` of the two dialogs."""
MOST = 20
"""Incidents that one dialog is about."""
HOUR = 3600
LONGEST = 3000
"""Characters of a view's `private_metadata` (Slack's page on views)."""
LONGEST_VALUE = 150
"""Characters of the value of an option (Slack's page on the option object)."""
_ROW = 75
_BETWEEN = ":"


@dataclass(frozen=True)
class Chosen:
    """An incident that was chosen, as the dialog showed it; `seen` are its assignees, None where there was no room."""

    id: str
    label: str
    status: Status
    seen: frozenset[UserId] | None
    title: str = ""

    @classmethod
    def read(cls, value: str, title: str) -> "Chosen":
        """Read an option's value. Raises `ValueError`."""
        name, shown, status, people = [*value.split(_BETWEEN), ""][:4]
        if not (name.isascii() and name.isalnum()):
            raise ValueError("not an id")
        seen = frozenset(UserId(user) for user in people.split(",") if user) if people else None
        return cls(name, shown, Status(status), seen, title)

    @classmethod
    def option(cls, one: OpenIncident) -> Block:
        """Write an incident as an option."""
        shown = one.snapshot
        begin = _BETWEEN.join([one.id, label(one.id, shown), shown.status])
        whole = _BETWEEN.join([begin, ",".join(sorted(shown.assignee_ids))])
        text = f"{label(one.id, shown)} {shown.title}"
        room = _ROW - len(f" · {shown.status}")
        return option(whole if len(whole) <= LONGEST_VALUE else begin, f"{text[:room]} · {shown.status}")


@dataclass(frozen=True)
class Place:
    """Where the list stands whose button was pressed, and how its person is answered there."""

    channel: ChannelId
    response_url: str


@dataclass(frozen=True)
class SeveralWish:
    """An action and its incidents; `left_out` counts the chosen ones on which it does not work."""

    action: Action
    incidents: tuple[Chosen, ...]
    left_out: int
    terms: ActionParams
    place: Place = field(default_factory=lambda: Place(ChannelId(""), ""))


_PLACE = TypeAdapter(Place)


def parse_place(text: object) -> Place:
    """Read where a dialog came from. Raises `Malformed` for what none of ours says."""
    try:
        return _PLACE.validate_json(text if isinstance(text, str) else "")
    except (ValidationError, ValueError):
        raise Malformed("a dialog that does not say where it came from") from None


def choose(place: Place, incidents: Sequence[OpenIncident]) -> Block:
    """Ask what is to be done with which of the incidents that the person sees."""
    shown = [Chosen.option(one) for one in most_urgent(incidents)[:MOST]]
    hours: Block = {"type": "static_select", "options": [option(value, f"For {said}") for value, said in HOURS.items()]}
    blocks = [
        input_block("incidents", "Which incidents?", {"type": "multi_static_select", "options": shown}),
        radio_input("action", "What is to be done?", [option(action, SPECS[action].label) for action in ACTIONS]),
        input_block("person", "Reassign: to whom?", {"type": "users_select"}, optional=True),
        input_block("how_long", "Snooze: for how long?", hours, optional=True),
        text_input("text", "Resolve: what fixed them?", optional=True),
        context("Nothing is sent yet: next you see what would be done."),
    ]
    return _view(CHOOSE, _PLACE.dump_json(place).decode(), blocks, "Preview")


def loading(place: Place) -> Block:
    """Show that the list is being read."""
    return _view(CHOOSE, _PLACE.dump_json(place).decode(), [section("Loading… reading the open incidents.")])


def nothing(place: Place, words: str) -> Block:
    """Show why there is nothing to choose from."""
    return _view(CHOOSE, _PLACE.dump_json(place).decode(), [section(words)])


def preview(wish: SeveralWish, metadata: str) -> Block:
    """Show what would be done, to be sent."""
    spec, count = SPECS[wish.action], count_incidents(len(wish.incidents))
    rows = "\n".join(f"• {escape(one.title)}" for one in wish.incidents)
    blocks = [section(f"*{_intent(wish)}*"), section(rows)]
    if wish.left_out:
        others = f"{spec.label} doesn't work on {wish.left_out} of those that you chose, so they are left as they are."
        blocks.append(section(others))
    blocks.append(
        context("Each is checked again when you send this. What you may not do, or has changed, is left out.")
    )
    return _view(SEND, metadata, blocks, f"{spec.label} {count}")


def count_incidents(number: int) -> str:
    """Count incidents in words."""
    return "1 incident" if number == 1 else f"{number} incidents"


def _intent(wish: SeveralWish) -> str:
    count = count_incidents(len(wish.incidents))
    match wish.action:
        case Action.REASSIGN:
            return f"{count} will be assigned to {escape(names(wish.terms.people))}, and to no one else."
        case Action.SNOOZE:
            return f"{count} will be snoozed for {HOURS[str(wish.terms.seconds // HOUR)]}."
        case Action.RESOLVE:
            return f"{count} will be resolved, which stops paging."
    return f"{count} will be acknowledged."


def _view(callback: str, metadata: str, blocks: Sequence[Block], submit: str = "") -> Block:
    made: Block = {
        "type": "modal",
        "callback_id": callback,
        "private_metadata": metadata,
        "title": {"type": "plain_text", "text": "Several incidents"},
        "close": {"type": "plain_text", "text": "Cancel" if submit else "Close"},
        "blocks": list(blocks),
    }
    return made | {"submit": {"type": "plain_text", "text": submit[:24]}} if submit else made
