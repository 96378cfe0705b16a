"""Pure: what a private answer offers to press: try again, or choose an escalation level."""

from shared.model.actions import SPECS
from shared.model.command import Action, Command
from shared.model.outcome import Choice, Kind, Outcome
from shared.slack.render.blocks import Block
from shared.slack.render.buttons import NO_NUMBER, ROW, button, seen_ids
from shared.slack.render.text import plain

RETRY = "pagebridge:retry"
LEVEL = "pagebridge:level"
MOST_LEVELS = 20
"""Levels that an escalation policy has at most."""


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
    made: Block = {
        "type": "button",
        "action_id": RETRY,
        "text": {"type": "plain_text", "text": "Try again"},
        "value": f"{command.parent_id} {command.incident}",
        "accessibility_label": plain(f"Try again: incident {command.label}", 75),
    }
    if outcome.kind is Kind.UNKNOWN and not SPECS[command.action].idempotent:
        made["confirm"] = _confirm()
    return made


def level_buttons(command: Command, choices: tuple[Choice, ...]) -> tuple[Block, ...]:
    """Offer the levels of an escalation policy, each with the people on call there."""
    return tuple(_level(command, choice) for choice in choices[:MOST_LEVELS])


def _level(command: Command, choice: Choice) -> Block:
    people = ", ".join(choice.people) or "nobody on call"
    known = f"{command.incident} {command.label or NO_NUMBER} {command.url or NO_NUMBER}"
    return {
        "type": "button",
        "action_id": f"{LEVEL}:{choice.level}",
        "text": {"type": "plain_text", "text": plain(f"Level {choice.level}: {people}", 75), "emoji": False},
        "value": f"{known} {choice.level} {seen_ids(command.params.expected_assignees)}".strip(),
    }


def _confirm() -> Block:
    texts = {
        "title": "It may have gone through",
        "text": "PagerDuty didn't confirm it. Check there first: trying again may do it twice.",
        "confirm": "Try again",
        "deny": "Cancel",
    }
    return {name: {"type": "plain_text", "text": text} for name, text in texts.items()}
