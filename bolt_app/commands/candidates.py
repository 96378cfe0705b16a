"""
Pure: the answer to a typed command that could mean several incidents: each with the button that does just that.

The button is that of the card, so it asks, checks and refuses as the card's does. A command that has none is answered
with the line that works for each incident.
"""

from collections.abc import Sequence
from dataclasses import replace

from bolt_app.commands.slash_grammar import ACTIONS, DIALOGS, EXAMPLE, ParsedCommand
from bolt_app.commands.verbs import READING, Verb
from bolt_app.open_incidents import OpenIncident, OpenList, most_urgent
from bolt_app.replies.builder import Reply, as_code, build_reply, command_reference, headline, label
from bolt_app.replies.outcome_text import returned_text
from shared.model.actions import SPECS, Action
from shared.slack.render.blocks import Block
from shared.slack.render.buttons import button

MOST_CANDIDATES = 8
LONGEST_LINE = 60
"""Characters of the person's text repeated in each candidate line; a longer text is returned once."""
LONGEST_VALUE = 600
"""Characters of the person's text that each button carries into its dialog; a longer text is returned to be copied."""


def candidates(parsed: ParsedCommand, command: str, shown: OpenList) -> Reply:
    """List what could have been meant, the most urgent first, each with what does it."""
    if not shown.incidents:
        return _nothing_open(parsed, command, shown)
    action = ACTIONS.get(parsed.verb) or DIALOGS.get(parsed.verb)
    if action is None or parsed.person is not None:
        return _with_lines(parsed, command, shown)
    fitting = [one for one in most_urgent(shown.incidents) if _works_on(action, one)]
    return _with_buttons(parsed, command, action, shown, fitting) if fitting else _nothing_fits(action, shown)


def _nothing_open(parsed: ParsedCommand, command: str, shown: OpenList) -> Reply:
    line = as_code(f"{command} {replace(parsed, incident=EXAMPLE).line}")
    every = as_code(f"{command} {Verb.LIST} all")
    return build_reply(f"No incident is open in this channel. Name one: {line}. {every} lists all.", shown.rest)


def _nothing_fits(action: Action, shown: OpenList) -> Reply:
    spec = SPECS[action]
    states = " or ".join(sorted(spec.works_in, reverse=True))
    needed = states if spec.low_urgency else f"{states} and of high urgency"
    return build_reply(f"{_head(shown)} Nothing was sent: *{spec.label}* needs one that is {needed}.")


def _with_buttons(
    parsed: ParsedCommand, command: str, action: Action, shown: OpenList, fitting: Sequence[OpenIncident]
) -> Reply:
    """Offer the button of the card beside each incident on which it works."""
    carried = parsed.text if len(parsed.text) <= LONGEST_VALUE else ""
    head, others = f"{_head(shown)} Which one do you mean? Nothing was sent.", len(shown.incidents) - len(fitting)
    lines = [headline(one.id, one.snapshot) for one in fitting[:MOST_CANDIDATES]]
    more = _more(command, len(fitting))
    left_out = [f"*{SPECS[action].label}* doesn't work on the other {'one' if others == 1 else others}."] * (others > 0)
    below = [*more, *left_out, *([] if carried else returned_text(parsed.text))]
    reply = build_reply(head, *lines, *below)
    first, rows, rest = reply.blocks[:1], reply.blocks[1 : len(lines) + 1], reply.blocks[len(lines) + 1 :]
    pressed = (row | {"accessory": _button(action, one, carried)} for row, one in zip(rows, fitting, strict=False))
    return replace(reply, blocks=(*first, *pressed, *rest))


def _with_lines(parsed: ParsedCommand, command: str, shown: OpenList) -> Reply:
    """Offer the line that works beside each incident."""
    short = parsed if len(parsed.text) <= LONGEST_LINE else replace(parsed, text="…")
    nothing = "" if parsed.verb in READING else " Nothing was sent."
    lines = [f"{_head(shown)} Which one do you mean?{nothing}"]
    for known in most_urgent(shown.incidents)[:MOST_CANDIDATES]:
        line = replace(short, incident=command_reference(known.id, known.snapshot)).line
        lines.append(f"{headline(known.id, known.snapshot)}\n        {as_code(f'{command} {line}')}")
    lines += _more(command, len(shown.incidents))
    return build_reply("\n".join(lines), *([] if short is parsed else returned_text(parsed.text)))


def _head(shown: OpenList) -> str:
    count = f"{len(shown.incidents)} or more" if shown.older else str(len(shown.incidents))
    return f"*{count} {'incident is' if count == '1' else 'incidents are'} open in this channel.*"


def _more(command: str, count: int) -> list[str]:
    left = count - MOST_CANDIDATES
    return [f"…and {left} more: {as_code(f'{command} {Verb.LIST}')}"] if left > 0 else []


def _works_on(action: Action, one: OpenIncident) -> bool:
    spec = SPECS[action]
    return one.snapshot.status in spec.works_in and (spec.low_urgency or one.snapshot.urgency != "low")


def _button(action: Action, one: OpenIncident, text: str) -> Block:
    spec, shown = SPECS[action], one.snapshot
    seen = shown.assignee_ids if spec.changes_assignees else None
    return button(action, spec.label, one.id, label(one.id, shown), shown.url, seen=seen, text=text)
