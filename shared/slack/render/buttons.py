"""
Pure: what can be pressed on a card, by state, by urgency and by what the account can do.

A value is a hint only: what it names is read again when the button is pressed. Acknowledging is never confirmed,
because seconds matter; what cannot be taken back asks first, or opens a dialog.
"""

from collections.abc import Iterator

from shared.model.actions import SPECS, Action, Placement
from shared.model.event import Snapshot
from shared.model.ids import IncidentId, UserId
from shared.slack.render.blocks import Block
from shared.slack.render.text import linkable, plain

NO_NUMBER = "-"
"""Stands in a value for a missing number, address or assignee."""
MENU = "pagebridge:menu"
MOST_ENTRIES = 5
"""Entries of a menu (Slack's page on the overflow element)."""
OPEN = "open"
DETAILS = "details"
"""The menu entry that shows everything for which a card has no room."""
LONGEST_VALUE = 2000
"""Characters of a button's value (Slack's page on the button element)."""
LONGEST_CHOICE = 150
"""Characters of the value of an option (Slack's page on the option object)."""

ROW = tuple(action for action in Action if SPECS[action].placement is Placement.BUTTON)
MENU_ROW = tuple(action for action in Action if SPECS[action].placement is Placement.MENU)
EVERYTHING = frozenset(Action)


def actions(incident: IncidentId, snapshot: Snapshot, able: frozenset[Action] = EVERYTHING) -> Block:
    """Make the row of a card: the buttons that work, then the menu with the rest. `able` is what the account can do."""
    label = number(snapshot)
    row = [
        button(action, SPECS[action].label, incident, label, snapshot.url, seen=_seen(action, snapshot))
        for action in ROW
        if _works(action, snapshot, able)
    ]
    # Where all that can be done leaves no room for the last entry, the title leads to PagerDuty as well.
    menu: Block = {
        "type": "overflow",
        "action_id": MENU,
        "options": list(_options(incident, snapshot, able))[:MOST_ENTRIES],
    }
    return {"type": "actions", "elements": [*row, menu]}


def button(
    action: Action,
    label: str,
    incident: IncidentId,
    number: str,
    url: str,
    *,
    seen: frozenset[UserId] | None = None,
) -> Block:
    """
    Make the button for `action`.

    `seen` are the assignees whom the card shows beside it: what changes them is refused if they are others by then.
    """
    made: Block = {
        "type": "button",
        "action_id": f"pagebridge:{action}",
        "text": {"type": "plain_text", "text": label},
        "value": _hint(incident, number, url, LONGEST_VALUE, seen),
        "accessibility_label": plain(f"{label}: incident {number}", 75),
    }
    if action is Action.ACKNOWLEDGE:
        made["style"] = "primary"
    if action is Action.ESCALATE:
        made["confirm"] = _confirm(number)
    return made


def number(snapshot: Snapshot) -> str:
    """Name an incident the way people do."""
    return f"#{snapshot.number}" if snapshot.number is not None else ""


def seen_ids(seen: frozenset[UserId] | None) -> str:
    """Return the shown assignees as part of a value; empty if unknown."""
    if seen is None:
        return ""
    return ",".join(sorted(seen)) or NO_NUMBER


def read_seen(written: str) -> frozenset[UserId] | None:
    """Read what `seen_ids` wrote."""
    if not written:
        return None
    return frozenset() if written == NO_NUMBER else frozenset(UserId(user) for user in written.split(","))


def _works(action: Action, snapshot: Snapshot, able: frozenset[Action]) -> bool:
    spec = SPECS[action]
    return action in able and snapshot.status in spec.works_in and (spec.low_urgency or snapshot.urgency != "low")


def _options(incident: IncidentId, snapshot: Snapshot, able: frozenset[Action]) -> Iterator[Block]:
    for action in MENU_ROW:
        if _works(action, snapshot, able):
            yield _option(
                SPECS[action].label, f"{action} {_hint(incident, number(snapshot), snapshot.url, _room(action))}"
            )
    yield _option("Details", f"{DETAILS} {_hint(incident, number(snapshot), snapshot.url, _room(DETAILS))}")
    if linkable(snapshot.url):
        yield _option("Open in PagerDuty", OPEN) | {"url": snapshot.url}


def _room(name: str) -> int:
    return LONGEST_CHOICE - len(name) - 1


def _option(label: str, value: str) -> Block:
    return {"text": {"type": "plain_text", "text": label}, "value": value}


def _hint(incident: IncidentId, number: str, url: str, room: int, seen: frozenset[UserId] | None = None) -> str:
    """Write what a press is about, leaving out what has no room: first who was seen, then the address."""
    known = f"{incident} {number or NO_NUMBER}"
    full = f"{known} {url}" if seen is None else f"{known} {url or NO_NUMBER} {seen_ids(seen)}"
    fitting = (hint.strip() for hint in (full, f"{known} {url}") if len(hint.strip()) <= room)
    return next(fitting, known)


def _seen(action: Action, snapshot: Snapshot) -> frozenset[UserId] | None:
    return snapshot.assignee_ids if SPECS[action].changes_assignees else None


def _confirm(number: str) -> Block:
    texts = {
        "title": f"Escalate {number}?".replace(" ?", "?"),
        "text": "Pages the next level of its escalation policy and assigns the incident to them.",
        "confirm": "Escalate",
        "deny": "Not now",
    }
    return {name: {"type": "plain_text", "text": text} for name, text in texts.items()}
