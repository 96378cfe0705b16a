"""Pure: a Slack payload as a command. Who clicked is taken from where Slack puts it, never from the button."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

from bolt_app.modals.context import ModalContext
from shared.errors import Malformed
from shared.model.actions import SPECS, Action
from shared.model.command import HOME_TAB, ActionParams, Command, SlackActor, command_id
from shared.model.event import SECOND
from shared.model.ids import ChannelId, CommandId, IncidentId, MessageTs, SlackUserId, UserId, incident_id, slack_id
from shared.slack.render.buttons import DETAILS, LEVEL, NO_NUMBER, OPEN, RETRY

Payload = Mapping[str, Any]

NEW_INCIDENT = "NEW"
"""Begins what stands for an incident that is still to be opened; PagerDuty's own ids begin with P or Q."""


@dataclass(frozen=True)
class Press:
    """
    A press on a button or menu entry of ours, and its value.

    `message` names the message that it is on, or the view that is the Home tab, whose `channel` is `HOME_TAB`.
    `pressed_ms` is Slack's time of it, 0 if not said. `on_answer` is true if it is on a private answer.
    """

    id: CommandId
    action_id: str
    value: str
    by: SlackActor
    channel: ChannelId
    message: MessageTs
    response_url: str
    trigger_id: str
    pressed_ms: int
    on_answer: bool = False


@dataclass(frozen=True)
class ModalRequest:
    """A wish for the dialog of an action, which begins with `text`, or for everything about an incident (None)."""

    action: Action | None
    context: ModalContext
    by: SlackActor
    trigger_id: str
    text: str = ""


@dataclass(frozen=True)
class RetryRequest:
    """A wish to try again what is not done of an earlier command of the same incident."""

    command: CommandId
    incident: IncidentId
    press: Press


def command_from_button(payload: Payload) -> Command:
    """
    Make the command that a press on a button means, which can be an escalation to the level that was chosen.

    Raises `Malformed` for what no button of ours can send.
    """
    found = parse_press(payload)
    with malformed_on_bad_input():
        level = None
        if found.action_id.startswith(f"{LEVEL}:"):
            action, level = Action.ESCALATE, int(found.action_id.removeprefix(f"{LEVEL}:"))
        else:
            action = Action(found.action_id.removeprefix("pagebridge:"))
        context = _modal_context(found, found.value)
        if context.incident is None or (level < 1 if level is not None else not SPECS[action].one_press):
            raise ValueError("without an incident or a level, or it asks for more")
        return Command(
            id=found.id,
            action=action,
            incident=context.incident,
            by=found.by,
            channel=found.channel,
            message=found.message,
            response_url=found.response_url,
            label=context.label,
            url=context.url,
            params=ActionParams(expected_assignees=context.seen, level=level),
            always_reply=found.on_answer,
            on_answer=found.on_answer,
            requested_ms=found.pressed_ms,
        )


def parse_modal_request(payload: Payload) -> ModalRequest | None:
    """Return the modal that a press opens; None for a mere link. Raises `Malformed` for what none of ours sends."""
    found = parse_press(payload)
    with malformed_on_bad_input():
        name, hint = found.action_id.removeprefix("pagebridge:"), found.value
        if name == "menu":
            name, _, hint = found.value.partition(" ")
        if name == OPEN:
            return None
        action = None if name == DETAILS else Action(name)
        if (action and SPECS[action].one_press) or action is Action.TRIGGER:
            raise ValueError("not a dialog about an incident")
        text = "".join(hint.split(" ", 4)[4:])
        return ModalRequest(action, _modal_context(found, hint), found.by, found.trigger_id, text)


def parse_retry(payload: Payload, button: str = RETRY) -> RetryRequest:
    """Read which command is to be tried again, or what led to the linking of a person. Raises `Malformed`."""
    found = parse_press(payload)
    with malformed_on_bad_input():
        command, incident = found.value.split(" ")
        if found.action_id != button or not command.replace(".", "").isalnum():
            raise ValueError("not the id of a command")
        return RetryRequest(CommandId(command), incident_id(incident), found)


def parse_press(payload: Payload) -> Press:
    """Read a press on anything of ours. Raises `Malformed` for a payload of another shape than Slack documents."""
    with malformed_on_bad_input():
        action = payload["actions"][0]
        action_id = require_text(action["action_id"])
        container = payload["container"]
        user = actor_from_payload(payload)
        at_home = (payload.get("view") or {}).get("type") == "home"
        message, at = slack_id(container["view_id" if at_home else "message_ts"]), require_text(action["action_ts"])
        pressed_ms = 0
        with suppress(OverflowError, ValueError):
            pressed_ms = int(float(at) * SECOND)
        return Press(
            id=command_id(user.id, action_id, message, at),
            action_id=action_id,
            value=require_text(action["selected_option"]["value"] if "selected_option" in action else action["value"]),
            by=user,
            channel=HOME_TAB if at_home else ChannelId(slack_id(container["channel_id"])),
            message=MessageTs(message),
            response_url=require_text(payload.get("response_url") or ""),
            trigger_id=require_text(payload.get("trigger_id") or ""),
            pressed_ms=pressed_ms,
            on_answer=container.get("is_ephemeral") is True,
        )


def actor_from_payload(payload: Payload) -> SlackActor:
    """Return the person behind an interactive payload. Raises `Malformed` if the payload names no user."""
    with malformed_on_bad_input():
        user = payload["user"]
        team = user.get("team_id") or (payload.get("team") or {}).get("id")
        enterprise = (payload.get("enterprise") or {}).get("id")
        return SlackActor(
            id=SlackUserId(slack_id(user["id"])),
            team=slack_id(team) if team else "",
            enterprise=None if enterprise is None else slack_id(enterprise),
        )


def command_from_submission(payload: Payload, action: Action, context: ModalContext, terms: ActionParams) -> Command:
    """Make the command that a filled-in dialog means. Sent again after a lost answer, the dialog means the same one."""
    user = actor_from_payload(payload)
    with malformed_on_bad_input():
        view = payload["view"]
        made = command_id(user.id, require_text(view["callback_id"]), require_text(view["id"]), "")
        if (context.incident is None) is not (action is Action.TRIGGER):
            raise ValueError("a dialog without an incident")
        return Command(
            id=made,
            action=action,
            incident=context.incident or IncidentId(f"{NEW_INCIDENT}{made.upper()}"),
            by=user,
            channel=context.channel,
            message=context.message,
            response_url=context.response_url,
            label=context.label,
            url=context.url,
            params=terms,
            always_reply=context.message is None or context.on_answer,
            on_answer=context.on_answer,
            requested_ms=context.opened_ms,
        )


@contextmanager
def malformed_on_bad_input() -> Iterator[None]:
    """Convert any parsing error inside the block to `Malformed`: the payload is not of Slack's documented shape."""
    try:
        yield
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
        raise Malformed(f"not a press on a button of this bridge: {type(error).__name__}") from None


def require_text(value: object) -> str:
    """Take a text that can be stored, which not every text in JSON can."""
    if not isinstance(value, str):
        raise TypeError("not a text")
    value.encode()
    return value


def _modal_context(found: Press, hint: str) -> ModalContext:
    incident, label, url, seen = [*hint.split(" "), "", "", ""][:4]
    assignees = [] if seen == NO_NUMBER else seen.split(",")
    return ModalContext(
        incident=incident_id(incident),
        channel=found.channel,
        message=found.message,
        response_url=found.response_url,
        label="" if label == NO_NUMBER else label,
        url="" if url == NO_NUMBER else url,
        seen=frozenset(map(UserId, assignees)) if seen else None,
        on_answer=found.on_answer,
    )
