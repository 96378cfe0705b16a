"""
Pure: the Home tab of one person: what is theirs, what is open in their teams, who is on call, and how they are linked.

The most of each kind keeps the whole below the 100 blocks and 250 KB of a view (Slack's page on views), however long
the titles of the incidents are.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from bolt_app.commands.verbs import Scope, Verb
from bolt_app.modals.several import count_incidents
from bolt_app.open_incidents import OpenIncident, most_urgent
from bolt_app.queries.list_incidents import incident_row
from bolt_app.queries.notify import STANDING
from bolt_app.replies.builder import PARAGRAPH, as_code, headline, people_listed
from shared.model.actions import Action
from shared.model.direct_card import Level
from shared.model.event_types import Status
from shared.model.ids import IncidentId
from shared.slack.render.blocks import Block, clamp, date, section
from shared.slack.render.buttons import EVERYTHING, actions, notify_buttons, refresh_button, several_button

MOST = 8
"""Incidents of a person, and as many of their teams, that are shown with their buttons; the others are counted."""
SEVERAL = 2
"""Incidents of a person from which on they can act on several at once."""
DIVIDER: Block = {"type": "divider"}


@dataclass(frozen=True)
class HomeIncident:
    """
    An open incident. `able` is what the account can do.

    `ahead` says what happens to it next, such as the end of its snooze; empty if unknown.
    """

    incident: OpenIncident
    ahead: str = ""
    snoozed: bool = False
    able: frozenset[Action] = EVERYTHING

    @property
    def id(self) -> IncidentId:
        """The incident's id."""
        return self.incident.id


@dataclass(frozen=True)
class HomeList:
    """Open incidents, and a sentence on what the list leaves out, empty if it is complete."""

    incidents: Sequence[HomeIncident] = ()
    rest: str = ""


@dataclass(frozen=True)
class HomeParts:
    """
    The parts of a linked person's tab: each as it was read, or the words in its place if it could not be.

    `notify` is what they hear of by direct message; None where there are none.
    """

    linked: str
    mine: HomeList | str
    teams: HomeList | str
    on_call: Sequence[str] | str
    notify: Level | None = None


def home_view(parts: HomeParts, now_ms: int, command: str, until_ms: int) -> Block:
    """
    Return the tab of a linked person, read at `now_ms`, which follows changes until `until_ms`.

    `command` is the name of the slash command, such as `/pd`.
    """
    every = as_code(f"{command} {Verb.LIST} {Scope.ALL}")
    mine = as_code(f"{command} {Verb.LIST} {Scope.MINE}")
    shown = [
        [*_incidents("Assigned to you", parts.mine, now_ms, f"{mine} lists more."), *_several(parts.mine)],
        _incidents("Open in your teams, assigned to others", parts.teams, now_ms, f"{every} lists more."),
        _on_call(parts.on_call, command),
        [_paragraph(parts.linked)],
        *([_notify(parts.notify)] if parts.notify else []),
    ]
    until = f"; updates itself until {date(until_ms)}"
    return _view(now_ms, [block for part in shown for block in (DIVIDER, *part)], until)


def plain_home(text: str, now_ms: int) -> Block:
    """Return the tab of a person for whom there is nothing but words."""
    return _view(now_ms, [_paragraph(text)])


def _view(now_ms: int, blocks: Sequence[Block], until: str = "") -> Block:
    head = section(f"Updated {date(now_ms)}{until}. Only you see this.") | {"accessory": refresh_button()}
    return {"type": "home", "blocks": [head, *blocks]}


def _incidents(heading: str, listed: HomeList | str, now_ms: int, more: str) -> list[Block]:
    if isinstance(listed, str):
        return [_paragraph(f"*{heading}*\n{listed}")]
    found = listed.incidents
    head = section(f"*{heading}: {len(found)}*{_summary(found)}" if found else f"*{heading}*: nothing")
    by_id = {one.id: one for one in found}
    urgent = [by_id[one.id] for one in most_urgent(one.incident for one in found)]
    # Snoozed incidents need no action now, so they come last.
    ordered = sorted(urgent, key=lambda one: one.snoozed)
    left = len(found) - MOST
    rest = " ".join(filter(None, (f"…and {left} more. {more}" if left > 0 else "", listed.rest)))
    below = [_paragraph(rest)] if rest else []
    return [head, *(block for one in ordered[:MOST] for block in _incident(one, now_ms)), *below]


def _summary(found: Sequence[HomeIncident]) -> str:
    """Count those that wait to be acknowledged, and those that are snoozed."""
    waiting = sum(one.incident.snapshot.status is Status.TRIGGERED for one in found)
    snoozed = sum(one.snoozed for one in found)
    told = [f"{count_incidents(waiting)} waiting for acknowledgement"] if waiting else []
    return "".join(f" · {part}" for part in [*told, *([f"{snoozed} snoozed"] if snoozed else [])])


def _incident(one: HomeIncident, now_ms: int) -> list[Block]:
    snapshot = one.incident.snapshot
    row = incident_row(headline(one.id, snapshot), snapshot, now_ms, people_listed(snapshot.assignees))
    return [_paragraph("\n".join(filter(None, (row, one.ahead)))), actions(one.id, snapshot, one.able)]


def _several(mine: HomeList | str) -> list[Block]:
    """Offer to act on several at once, as below the list of the same incidents."""
    if isinstance(mine, str) or len(mine.incidents) < SEVERAL:
        return []
    return [{"type": "actions", "elements": [several_button(f"list:{Scope.MINE}")]}]


def _on_call(told: Sequence[str] | str, command: str) -> list[Block]:
    line = as_code(f"{command} {Verb.ONCALL} name")
    if isinstance(told, str):
        return [_paragraph(f"*On call*\n{told}")]
    if not told:
        return [section(f"*On call*: not you, in the next 8 days. {line} shows who is.")]
    return [section("*On call for your escalation policies*"), *map(_paragraph, told)]


def _notify(level: Level) -> list[Block]:
    return [section(STANDING[level]), {"type": "actions", "elements": notify_buttons(level)}]


def _paragraph(text: str) -> Block:
    return section(clamp(text, PARAGRAPH))
