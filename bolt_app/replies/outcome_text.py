"""Pure: an outcome in the words for the person who clicked. What it says about PagerDuty, PagerDuty has confirmed."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from bolt_app.replies.builder import Reply, build_reply, names, quoted_paragraphs
from shared.model.actions import SPECS, Action
from shared.model.command import Command
from shared.model.outcome import Kind, Outcome
from shared.slack.render.blocks import Block, clamp, date, escape, link
from shared.slack.render.buttons import acknowledge_several, button, level_buttons, link_yourself_button, retry_button

PER_PARAGRAPH = 5
"""Incidents of one press in a paragraph: a message takes 50 blocks."""
AGAIN = frozenset({Kind.EXPIRED, Kind.UNKNOWN, Kind.NOT_STORED})
"""The outcomes after which the same command may be sent again."""


@dataclass(frozen=True)
class Part:
    """The outcome of one part of a command."""

    command: Command
    outcome: Outcome


def sending_reply(command: Command, ahead: int | None = None) -> Reply:
    """Reply that the command was accepted, and that it waits in line or that PagerDuty has not answered yet."""
    if command.together:
        place = "PagerDuty hasn't answered yet" if ahead is None else f"The last one is in line: {_line(ahead)}"
        noun = _noun(command, _many(command))
        return Reply(f":hourglass_flowing_sand: Your {noun} is on its way. {place}.")
    if ahead is not None:
        return Reply(f":hourglass_flowing_sand: Your {_noun(command)} is in line: {_line(ahead)}.")
    where = " to PagerDuty" if _is_sent(command) else ""
    return Reply(f":hourglass_flowing_sand: Your {_noun(command)} is on its way{where}.")


def still_trying_reply(command: Command, url: str, ahead: int | None = None, *, unclear: bool) -> Reply:
    """Reply that the command has not taken effect yet: it waits in line, or PagerDuty has not answered."""
    meanwhile = SPECS[command.action].words.meanwhile
    if command.together:
        head = f"*Your {_noun(command, _many(command))} is not done for all of them yet*: {meanwhile}."
        place = "PagerDuty hasn't answered yet; still trying" if ahead is None else f"Still in line: {_line(ahead)}"
        return Reply(f":warning: {head} {place}. The cards show which.")
    if unclear:
        head = f"*{_worded(command, 'unclear')}.*"
        return Reply(f":warning: {head} Until PagerDuty confirms it, assume {meanwhile}. {_link(url)}")
    head = f"*{_worded(command, 'waiting')}*: {meanwhile}."
    trying = "PagerDuty hasn't answered yet; still trying" if _is_sent(command) else "The bridge is still trying"
    why = trying if ahead is None else f"It is still in line, {_line(ahead)}"
    return Reply(f":warning: {head} {why}. {_link(url)}")


def outcome_reply(command: Command, outcome: Outcome, url: str) -> Reply:
    """Reply with the outcome and the next step."""
    match outcome.kind:
        case Kind.DONE:
            at = f" {date(outcome.at_ms)}." if outcome.at_ms else ""
            came_of_it = f" {escape(outcome.why)}{at}" if outcome.why else ""
            undo = [button(Action.REOPEN, "Reopen", command.incident, command.label, command.url)]
            done = f":white_check_mark: {_worded(command, 'done')}.{came_of_it}"
            return _with_buttons(done, *undo) if command.action is Action.RESOLVE else Reply(done)
        case Kind.ALREADY:
            who = escape(outcome.actor)
            past = _worded(command, "past", who) if who else ""
            return Reply(f"{past or _worded(command, 'already')}{_when(outcome)}. Nothing changed.")
        case Kind.REOPENED:
            return _with_buttons(
                _reopened_reply(command, outcome),
                button(Action.RESOLVE, "Resolve", command.incident, command.label, command.url),
            )
        case Kind.CHOOSE:
            return _with_buttons(_level_choice(command, outcome), *level_buttons(command, outcome.choices))
        case Kind.EXPIRED | Kind.UNKNOWN | Kind.NOT_STORED:
            failed = _failed_reply(command, outcome, url)
            return build_reply(failed, *_returned(command), press=[retry_button(command, outcome)])
        case _:
            press = [link_yourself_button(command)] if outcome.can_link else []
            return build_reply(_declined(command, outcome, url), *_returned(command), press=press)


def summary_reply(parts: Sequence[Part], url: str) -> Reply:
    """Reply for a command sent as several calls: one line each, and what is left to do."""
    first = parts[0].command
    lines = [_part(part) for part in parts]
    text = "\n".join([f"*{_noun(first).capitalize()}:*", *lines, _link(url)]).strip()
    left = [part for part in parts if part.outcome.kind in {Kind.EXPIRED, Kind.UNKNOWN}]
    undone = any(part.outcome.kind not in {Kind.DONE, Kind.ALREADY} for part in parts)
    press = [retry_button(replace(first, id=first.parent_id), left[0].outcome)] if left else []
    return build_reply(text, *(_returned(first) if undone else []), press=press)


def several_reply(parts: Sequence[Part]) -> Reply:
    """Reply for one press on several incidents: what was done, each that was not and why, and a button for those."""
    done = [escape(part.command.label) for part in parts if part.outcome.kind is Kind.DONE]
    others = [part for part in parts if part.outcome.kind is not Kind.DONE]
    left = [part.command for part in parts if part.outcome.kind in AGAIN]
    symbol = ":warning:" if left else ":white_check_mark:" if done else ":no_entry:"
    first = parts[0].command
    did = SPECS[first.action].words.done.format(it=f"{len(done)} of {len(parts)} incidents")
    head = f"{symbol} *{did}*{': ' if done else '.'}{', '.join(done)}"
    named = [(command.incident, command.label.removeprefix("#")) for command in left]
    told = [outcome_reply(_textless(part.command), part.outcome, "").text for part in others]
    paragraphs = ["\n".join(told[at : at + PER_PARAGRAPH]) for at in range(0, len(told), PER_PARAGRAPH)]
    if not left or first.action is Action.ACKNOWLEDGE:
        return build_reply(head, *paragraphs, press=[acknowledge_several(named, "Try again")] if left else [])
    return build_reply(head, *paragraphs, "Try those again from their cards.", *_returned(first))


def late_success_reply(command: Command) -> Reply:
    """Reply that a command with an unknown outcome succeeded after all, as PagerDuty reported."""
    return Reply(f":white_check_mark: {_worded(command, 'late')}.")


def _textless(command: Command) -> Command:
    return replace(command, params=replace(command.params, text=""))


def _part(part: Part) -> str:
    who = escape(names(part.command.params.people))
    outcome = part.outcome
    match outcome.kind:
        case Kind.DONE:
            return f":white_check_mark: {who}: asked"
        case Kind.ALREADY:
            return f":white_check_mark: {who}: already asked"
        case Kind.UNKNOWN:
            return f":grey_question: {who}: *unknown*. PagerDuty did not confirm it.{_reference(outcome)}"
        case _:
            return f":x: {who}: *NOT asked*. {escape(outcome.why)}{_reference(outcome)}"


def _declined(command: Command, outcome: Outcome, url: str) -> str:
    head = f":no_entry: *{_worded(command, 'declined')}.*"
    if outcome.is_failure:
        head = f":warning: *{_worded(command, 'undone')}.*"
    if outcome.kind is Kind.STALE:
        return f"{head} {_stale_text(command, outcome)} The card shows its state."
    step = f" {escape(outcome.next_step)}." if outcome.next_step else ""
    return f"{head} {escape(outcome.why)}{step} {_link(url)}{_reference(outcome)}".rstrip()


def _stale_text(command: Command, outcome: Outcome) -> str:
    if outcome.why:
        changed = f" Last changed by {escape(outcome.actor)}{_when(outcome)}." if outcome.actor else ""
        return f"{escape(outcome.why)}{changed}"
    would = " Acknowledging it now would reopen it." if command.action is Action.ACKNOWLEDGE else ""
    return f"{_state(outcome)}.{would}"


def _failed_reply(command: Command, outcome: Outcome, url: str) -> str:
    rest = f"{_link(url)}{_reference(outcome)}".strip()
    if outcome.kind is Kind.UNKNOWN:
        who, where = ("PagerDuty", "PagerDuty") if _is_sent(command) else ("The bridge's database", "the card's thread")
        head = f":warning: *{_worded(command, 'unclear')}.* {who} did not confirm it."
        now = f" {_state(outcome)}." if outcome.status else ""
        return f"{head}{now} {escape(outcome.next_step) or f'Check {where} before you rely on it.'} {rest}"
    if outcome.kind is Kind.NOT_STORED:
        return f":warning: *Your {_noun(command)} could not be saved.* {escape(outcome.why)} {rest}"
    return f":warning: *{_worded(command, 'undone')}.* {escape(outcome.why)} {rest}"


def returned_text(*texts: str) -> list[str]:
    """Give people back all that they wrote, in as many paragraphs as it needs, so that they need not write it again."""
    return quoted_paragraphs("Your text:", *texts)


def _returned(command: Command) -> list[str]:
    return returned_text(command.params.title, command.params.text)


def _level_choice(command: Command, outcome: Outcome) -> str:
    why = escape(outcome.why or "PagerDuty does not show which level it is at.")
    return f":arrow_double_up: *Which level of {_it(command)} should be paged?* {why} Nothing was sent yet."


def _reopened_reply(command: Command, outcome: Outcome) -> str:
    who = escape(outcome.actor) or "PagerDuty"
    resolved = f"{who} resolved it at the same moment{_when(outcome)}"
    return f":warning: *Your acknowledgement reopened {_it(command)}:* {resolved}."


def _with_buttons(text: str, *elements: Block) -> Reply:
    section: Block = {"type": "section", "text": {"type": "mrkdwn", "text": clamp(text, 3000)}}
    row: Block = {"type": "actions", "elements": list(elements)}
    return Reply(text, (section, row) if elements else (section,))


def _line(ahead: int) -> str:
    match ahead:
        case 0:
            return "next to be sent"
        case 1:
            return "1 request is ahead of it"
    return f"{ahead} requests are ahead of it"


def _is_sent(command: Command) -> bool:
    """True if PagerDuty is sent anything: what only the bridge notes fails with what it reads, or with its database."""
    return bool(SPECS[command.action].request)


def _noun(command: Command, it: str = "") -> str:
    return _worded(command, "noun", it=it)


def _many(command: Command) -> str:
    return f"{command.parts} incidents"


def _worded(command: Command, form: str, who: str = "", it: str = "") -> str:
    it, words = it or _it(command), SPECS[command.action].words
    text: str = getattr(words, form)
    return text.format(it=it, It=it[:1].upper() + it[1:], who=who, noun=words.noun.format(it=it))


def _it(command: Command) -> str:
    return f"incident {escape(command.label)}" if command.label else "the incident"


def _state(outcome: Outcome) -> str:
    """Return who brought the incident into its state, and when; only the state if that is unknown."""
    state = f"{escape(outcome.actor)} {outcome.status} it" if outcome.actor else f"It is {outcome.status}"
    return f"{state}{_when(outcome)}"


def _when(outcome: Outcome) -> str:
    return f" ({date(outcome.at_ms)})" if outcome.at_ms else ""


def _link(url: str) -> str:
    return link(url, "Open in PagerDuty") if url else ""


def _reference(outcome: Outcome) -> str:
    return f" (reference `{outcome.reference}`)" if outcome.reference else ""
