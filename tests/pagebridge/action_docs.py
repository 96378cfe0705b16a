"""Pure: the tables of commands and actions for the documents, read off the grammar, a card, and the rules in force."""

from bolt_app.commands.verbs import USAGES
from bolt_app.modals.forms import TITLE
from bolt_app.replies.builder import as_code
from shared.config.people_config import AuthorizationConfig
from shared.model.actions import SPECS, Action
from shared.model.event import Snapshot
from shared.model.event_types import Status
from shared.model.ids import IncidentId
from shared.model.permissions import Rule
from shared.slack.render import buttons
from shared.slack.render.blocks import Block
from shared.slack.render.buttons import MENU_ROW, ROW

WHO = {
    Rule.LINKED: "`linked`",
    Rule.TEAM: "`team`",
    Rule.MEMBERS: "`members`",
}
HEAD = (
    "| Action | Where | In state | Asks first | What PagerDuty is sent | Who may, unless configured |",
    "| --- | --- | --- | --- | --- | --- |",
)
ELSEWHERE = {
    Action.UNACKNOWLEDGE: "command",
    Action.MERGE: "command",
    Action.STILL_ON_IT: "reminder",
    Action.OPEN_CHANNEL: "command",
}
"""Where an action is offered that no card has."""
READING = (
    "| **Details** | menu | in any state | nothing | nothing: it reads | anyone who sees the card |",
    "| **Open in PagerDuty** | title; menu unless acknowledged | any | nothing | nothing | anyone who sees the card |",
)
"""What changes nothing. While an incident can be snoozed, the menu has no room for the link."""


def actions_table() -> str:
    """Write the table of actions."""
    rows = [_row(action) for action in (*ROW, *MENU_ROW, *ELSEWHERE, Action.TRIGGER)]
    return "\n".join([*HEAD, *rows[: -len(ELSEWHERE) - 1], *READING, *rows[-len(ELSEWHERE) - 1 :]]) + "\n"


def commands_table(command: str) -> str:
    """Write what can be typed after `command` as a table."""
    lines = [as_code(f"{command} {usage.line}").replace("|", "\\|") for usage in USAGES]
    rows = [f"| {line} | {usage.description} |" for line, usage in zip(lines, USAGES, strict=True)]
    return "\n".join(["| command | what it does |", "|---|---|", *rows]) + "\n"


def _row(action: Action) -> str:
    who = WHO[AuthorizationConfig().rules[action]]
    method, path, *fields = [*SPECS[action].request.split(" ", 2), ""]
    sent = ": ".join(filter(None, [f"`{method} {path}`", *fields])) if method else "nothing: the bridge notes it"
    cells = (f"**{TITLE[action]}**", _where(action), _while(action), _first(action))
    return f"| {' | '.join(cells)} | {sent} | {who} |"


def _where(action: Action) -> str:
    if action in ROW:
        return "button"
    return "menu" if action in MENU_ROW else ELSEWHERE.get(action, "command")


def _while(action: Action) -> str:
    """Say in which states a card offers an action; a new incident has no card yet."""
    if action is Action.TRIGGER:
        return "—"
    if action in ELSEWHERE:
        return " or ".join(status for status in Status if status in SPECS[action].works_in)
    states = [status for status in Status if _button(action, status, "high")]
    words = "in any state" if len(states) == len(Status) else " or ".join(states)
    urgent = not any(_button(action, status, "low") for status in states)
    return f"{words}, and its urgency high" if urgent else words


def _first(action: Action) -> str:
    """Say what comes between the press and the call."""
    if not SPECS[action].one_press:
        return "a dialog"
    return "a confirmation" if "confirm" in (_button(action, Status.TRIGGERED, "high") or {}) else "nothing"


def _button(action: Action, status: Status, urgency: str) -> Block | None:
    """Find what stands for an action on the card of an incident, None when it is not offered."""
    snapshot = Snapshot(
        status=status, title="", number=1, url="", urgency=urgency, service=None, priority=None, assignees=(), teams=(),
        escalation_policy=None,
    )  # fmt: skip
    for element in buttons.actions(IncidentId("Q1"), snapshot)["elements"]:
        if element["action_id"] == f"pagebridge:{action}":
            return element  # type: ignore[no-any-return]  # a block is any JSON object
        for option in element.get("options", ()):
            if option["value"].split()[0] == action:
                return option  # type: ignore[no-any-return]  # as above
    return None
