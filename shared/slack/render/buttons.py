"""
Pure: what can be pressed: on a card, by state, by urgency and by what the account can do; and on a private answer.

A value is a hint only: what it names is read again when the button is pressed. Acknowledging is never confirmed,
because seconds matter; what cannot be taken back asks first, or opens a dialog.
"""

from collections.abc import Sequence

from shared.model.action_spec import Placement
from shared.model.actions import SPECS, Action
from shared.model.card_content import CardLink
from shared.model.command import Command
from shared.model.direct_card import Level
from shared.model.event import Snapshot
from shared.model.ids import IncidentId, UserId
from shared.model.outcome import Choice, Kind, Outcome
from shared.slack.render.blocks import Block, linkable, number, plain

NO_NUMBER = "-"
"""Stands in a value for a missing number, address or assignee."""
MENU = "pagebridge:menu"
RETRY = "pagebridge:retry"
ACK_MINE = "pagebridge:ack_mine"
SEVERAL = "pagebridge:act_on_several"
DIGEST_MINE = "pagebridge:digest_mine"
REFRESH = "pagebridge:refresh_home"
POST_HANDOVER = "pagebridge:post_handover"
NOTIFY = "pagebridge:notify"
LEVEL = "pagebridge:level"
LINK = "pagebridge:link"
LINK_YOURSELF = "pagebridge:link_yourself"
APPROVE_LINK, REJECT_LINK = "pagebridge:approve_link", "pagebridge:reject_link"
MOST_LEVELS = 20
"""Levels that an escalation policy has at most."""
MOST_ENTRIES = 5
"""Entries of a menu (Slack's page on the overflow element)."""
ESCALATES = "Pages the next level of the incident's escalation policy and assigns it to them."
"""The question that people confirm before an escalation."""
OPEN = "open"
DETAILS = "details"
"""The menu entry that shows everything for which a card has no room."""
LONGEST_VALUE = 2000
"""Characters of a button's value (Slack's page on the button element)."""
LONGEST_VALUES = 8000
"""Characters of the values of one row: Slack refuses messages of some 13,000 as JSON, and documents no number."""
LONGEST_CHOICE = 150
"""Characters of the value of an option (Slack's page on the option object)."""

ROW = tuple(action for action in Action if SPECS[action].placement is Placement.BUTTON)
MENU_ROW = tuple(action for action in Action if SPECS[action].placement is Placement.MENU)
EVERYTHING = frozenset(Action)
NOTIFY_LABELS = {Level.ON: "Message me", Level.HIGH: "Message me: high urgency only", Level.OFF: "Don't message me"}


def actions(incident: IncidentId, snapshot: Snapshot, able: frozenset[Action] = EVERYTHING) -> Block:
    """Make the row of a card: the buttons that work, then the menu with the rest. `able` is what the account can do."""
    label, url, urgent = number(snapshot), snapshot.url, snapshot.urgency != "low"
    works = {each for each in able if snapshot.status in SPECS[each].works_in and (SPECS[each].low_urgency or urgent)}
    row = [
        button(
            action,
            SPECS[action].label,
            incident,
            label,
            url,
            seen=snapshot.assignee_ids if SPECS[action].changes_assignees else None,
        )
        for action in ROW
        if action in works
    ]
    entries = [(SPECS[action].label, str(action)) for action in MENU_ROW if action in works]
    options: list[Block] = [
        {
            "text": {"type": "plain_text", "text": entry},
            "value": f"{name} {_hint(incident, label, url, LONGEST_CHOICE - len(name) - 1)}",
        }
        for entry, name in [*entries, ("Details", DETAILS)]
    ]
    if linkable(url):
        options.append({"text": {"type": "plain_text", "text": "Open in PagerDuty"}, "value": OPEN, "url": url})
    # Where all that can be done leaves no room for the last entry, the title leads to PagerDuty as well.
    menu: Block = {"type": "overflow", "action_id": MENU, "options": options[:MOST_ENTRIES]}
    return {"type": "actions", "elements": [*row, menu]}


def button(
    action: Action,
    label: str,
    incident: IncidentId,
    number: str,
    url: str,
    *,
    seen: frozenset[UserId] | None = None,
    text: str = "",
) -> Block:
    """
    Make the button for `action`; a change of assignees is refused if they are not `seen` (those shown) any more.

    `text` is what its dialog begins with.
    """
    asks: tuple[str, ...] = ()
    if action is Action.ESCALATE:
        asks = (f"Escalate {number}?".replace(" ?", "?"), ESCALATES, "Escalate", "Not now")
    value = _hint(incident, number, url, LONGEST_VALUE, seen, text)
    made = _button(f"pagebridge:{action}", label, value, number, asks)
    return {**made, "style": "primary"} if action is Action.ACKNOWLEDGE else made


def links(incident: IncidentId, snapshot: Snapshot, chosen: Sequence[CardLink]) -> list[Block]:
    """Make the row of the links that can be filled in; Slack reports a press on one all the same."""
    addresses = [(plain(link.label, 75).strip() or "Link", link.address(incident, snapshot).text) for link in chosen]
    row: list[Block] = [
        {
            "type": "button",
            "action_id": f"{LINK}:{place}",
            "text": {"type": "plain_text", "text": label},
            "url": address,
            "accessibility_label": plain(f"{label}: incident {number(snapshot)}", 75),
        }
        for place, (label, address) in enumerate(addresses)
        if address
    ]
    return [{"type": "actions", "elements": row}] if row else []


def acknowledge_several(incidents: Sequence[tuple[IncidentId, str]], verb: str) -> Block:
    """Offer to acknowledge these incidents, by id and as they are typed: those that are shown, and no others."""
    count = "1 incident" if len(incidents) == 1 else f"{len(incidents)} incidents"
    return {
        "type": "button",
        "action_id": ACK_MINE,
        "style": "primary",
        "text": {"type": "plain_text", "text": f"{verb}: {count}" if verb != "Acknowledge" else f"{verb} {count}"},
        "value": " ".join(f"{incident}:{name}" for incident, name in incidents),
    }


def several_button(value: str) -> Block:
    """Offer to act on several incidents of a list, which the value names."""
    text = {"type": "plain_text", "text": "Act on several…"}
    return {"type": "button", "action_id": SEVERAL, "text": text, "value": value}


def digest_mine_button(begun_ms: int) -> Block:
    """Offer to acknowledge one's own incidents of a digest, which they see first; the value names the digest."""
    text = {"type": "plain_text", "text": "Acknowledge mine…"}
    return {"type": "button", "action_id": DIGEST_MINE, "style": "primary", "text": text, "value": str(begun_ms)}


def refresh_button() -> Block:
    """Offer to read the Home tab again."""
    return {"type": "button", "action_id": REFRESH, "text": {"type": "plain_text", "text": "Refresh"}}


def notify_buttons(now: Level) -> list[Block]:
    """Offer the levels of direct messages other than the one in force."""
    return [
        {
            "type": "button",
            "action_id": f"{NOTIFY}:{level}",
            "text": {"type": "plain_text", "text": label},
            "value": str(level),
        }
        for level, label in NOTIFY_LABELS.items()
        if level is not now
    ]


def post_handover_button() -> Block:
    """Offer to post the handover of a channel there, as it is when that is pressed."""
    text = {"type": "plain_text", "text": "Post in this channel"}
    return {"type": "button", "action_id": POST_HANDOVER, "text": text, "value": "handover"}


def retry_button(command: Command, outcome: Outcome) -> Block:
    """
    Offer to try again what is not done.

    An acknowledge, and what could not be kept, are offered as the card's own button, which needs nothing that the
    bridge remembers. What adds or notifies asks first when it may have gone through already.
    """
    forgotten = outcome.kind is Kind.NOT_STORED and command.action in ROW
    if forgotten or command.action is Action.ACKNOWLEDGE:
        seen = command.params.expected_assignees
        return button(command.action, "Try again", command.incident, command.label, command.url, seen=seen)
    asks: tuple[str, ...] = ()
    if outcome.kind is Kind.UNKNOWN and not SPECS[command.action].idempotent:
        what = "PagerDuty didn't confirm it. Check there first: trying again may do it twice."
        asks = ("It may have gone through", what, "Try again", "Cancel")
    return _button(RETRY, "Try again", f"{command.parent_id} {command.incident}", command.label, asks)


def link_yourself_button(command: Command) -> Block:
    """Offer to link oneself, after which the command that was refused for want of a link is carried out."""
    return _button(LINK_YOURSELF, "Link", f"{command.id} {command.incident}", command.label)


def level_buttons(command: Command, choices: tuple[Choice, ...]) -> tuple[Block, ...]:
    """Offer the levels of an escalation policy, each with the people on call there."""
    offered, seen = choices[:MOST_LEVELS], command.params.expected_assignees
    room = min(LONGEST_VALUE, LONGEST_VALUES // max(1, len(offered)))
    value = _hint(command.incident, command.label, command.url, room, seen)
    return tuple(
        {
            "type": "button",
            "action_id": f"{LEVEL}:{choice.level}",
            "text": {
                "type": "plain_text",
                "text": plain(f"Level {choice.level}: {', '.join(choice.people) or 'nobody on call'}", 75),
                "emoji": False,
            },
            "value": value,
        }
        for choice in offered
    )


def _button(action_id: str, label: str, value: str, number: str, asks: tuple[str, ...] = ()) -> Block:
    """Make a button about an incident. What it `asks` first: a title, a text, and the words for yes and no."""
    made: Block = {
        "type": "button",
        "action_id": action_id,
        "text": {"type": "plain_text", "text": label},
        "value": value,
        "accessibility_label": plain(f"{label}: incident {number}", 75),
    }
    if asks:
        parts = zip(("title", "text", "confirm", "deny"), asks, strict=True)
        made["confirm"] = {name: {"type": "plain_text", "text": said} for name, said in parts}
    return made


def _hint(
    incident: IncidentId, number: str, url: str, room: int, seen: frozenset[UserId] | None = None, text: str = ""
) -> str:
    """Write what a press is about, leaving out what has no room: first a text, then who was seen, then the address."""
    known = f"{incident} {number or NO_NUMBER}"
    whom = "" if seen is None else ",".join(sorted(seen)) or NO_NUMBER
    full = f"{known} {url or NO_NUMBER} {whom}" if whom else f"{known} {url}"
    with_text = [f"{known} {url or NO_NUMBER} {whom} {text}"] if text else []
    fitting = (hint.strip() for hint in (*with_text, full, f"{known} {url}") if len(hint.strip()) <= room)
    return next(fitting, known)
