"""What a person who presses a button can press, and the command that the press means."""

from shared.model.actions import Action
from shared.model.command import Command, SlackActor, command_id
from shared.model.ids import ChannelId, MessageTs, SlackUserId, incident_id
from tests.proof.evidence import EPOCH, Press
from tests.proof.slack_client import RESPONSE_URL, TEAM
from tests.proof.slack_model import CHANNEL, Posted

HESITATION = 4.0
"""Seconds for which somebody may still press a button that has just gone."""


def button(card: Posted, verb: str, now: float) -> str | None:
    """Find the value of a button that a card shows, or showed a moment ago."""
    for place in range(len(card.versions) - 1, -1, -1):
        value = card.versions[place].buttons.get(f"pagebridge:{verb}")
        if value is not None:
            return value
        if card.versions[place].at < now - HESITATION:
            return None
    return None


def command(press: Press, verb: str, card: Posted, value: str) -> Command:
    """Make the command, as `bolt_app.commands.interactive` reads it off the payload."""
    incident, label, url = [*value.split(" ", 2), "", ""][:3]
    user = SlackUserId(press.by.slack)
    return Command(
        id=command_id(user, f"pagebridge:{verb}", card.ts, press.id),
        action=Action(verb),
        incident=incident_id(incident),
        by=SlackActor(user, TEAM),
        channel=ChannelId(CHANNEL),
        message=MessageTs(card.ts),
        response_url=RESPONSE_URL + press.id,
        label=label,
        url=url,
        requested_ms=int((EPOCH + press.at) * 1000),
    )
