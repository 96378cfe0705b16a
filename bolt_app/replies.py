"""Pure: an outcome in the words for the person who clicked. What it says about PagerDuty, PagerDuty has confirmed."""

from dataclasses import dataclass

from shared.model.command import Action, Command
from shared.model.outcome import Kind, Outcome
from shared.slack.card import Block, button
from shared.slack.text import date, escape, link

DONE_WORD = {Action.ACKNOWLEDGE: "acknowledged", Action.RESOLVE: "resolved"}
BUTTON = {Action.ACKNOWLEDGE: "Acknowledge", Action.RESOLVE: "Resolve"}


@dataclass(frozen=True)
class Reply:
    """A private answer; `blocks` only when there is something to press."""

    text: str
    blocks: tuple[Block, ...] = ()


def on_its_way(command: Command) -> Reply:
    """Say that the click was taken and PagerDuty has not answered yet."""
    return Reply(f":hourglass_flowing_sand: Your {command.action} of {_it(command)} is on its way to PagerDuty.")


def not_yet(command: Command, url: str, *, unclear: bool) -> Reply:
    """Say the honest thing while PagerDuty does not answer."""
    goes_on = "escalation continues" if command.action is Action.ACKNOWLEDGE else "it is still open"
    if unclear:
        doubt = f"Your {command.action} may or may not have gone through. Until PagerDuty says so, count on it that"
        return Reply(f":warning: *{_it(command)}: PagerDuty has not confirmed.* {doubt} {goes_on}. {_link(url)}")
    head = f"*{_it(command)} is NOT {DONE_WORD[command.action]} yet*, {goes_on}."
    return Reply(f":warning: {head} PagerDuty cannot be reached at the moment; still trying. {_link(url)}")


def final(command: Command, outcome: Outcome, url: str) -> Reply:
    """Tell how it ended, and what to do about it."""
    match outcome.kind:
        case Kind.DONE:
            return Reply(f":white_check_mark: {_it(command)} is {DONE_WORD[command.action]}, in your name.")
        case Kind.ALREADY:
            return Reply(
                f"{_it(command)} was already {DONE_WORD[command.action]}{_by(outcome)}. Your click changed nothing."
            )
        case Kind.REOPENED:
            return _with_button(_reopened(command, outcome), Action.RESOLVE, "Resolve", command)
        case Kind.EXPIRED | Kind.UNKNOWN | Kind.NOT_STORED:
            return _with_button(_failed(command, outcome, url), command.action, "Try again", command)
        case _:
            return Reply(_declined(command, outcome, url))


def after_all(command: Command) -> Reply:
    """Tell that an act whose outcome was unknown went through, now that PagerDuty reported it."""
    return Reply(f":white_check_mark: {_it(command)}: your {command.action} went through after all.")


def _declined(command: Command, outcome: Outcome, url: str) -> str:
    head = f":no_entry: *{_it(command)} was not {DONE_WORD[command.action]} by you.*"
    if outcome.kind is Kind.STALE:
        undo = f"It is {outcome.status}{_by(outcome)}, and to {command.action} it now would open it again."
        return f"{head} {undo} The card shows its state."
    step = f" {escape(outcome.next_step)}." if outcome.next_step else ""
    return f"{head} {escape(outcome.why)}{step} {_link(url)}{_quote(outcome)}"


def _failed(command: Command, outcome: Outcome, url: str) -> str:
    word = DONE_WORD[command.action]
    if outcome.kind is Kind.UNKNOWN:
        head = f":warning: *It is not known whether {_it(command)} was {word} by you.* PagerDuty did not say."
        now = f" It is {outcome.status}{_by(outcome)} now." if outcome.status else ""
        return f"{head}{now} Look there before you rely on it. {_link(url)}{_quote(outcome)}"
    if outcome.kind is Kind.NOT_STORED:
        head = f":warning: *Your {command.action} of {_it(command)} could not be kept.*"
        return f"{head} {escape(outcome.why)} {_link(url)}{_quote(outcome)}"
    return f":warning: *{_it(command)} was NOT {word}.* {escape(outcome.why)} {_link(url)}{_quote(outcome)}"


def _reopened(command: Command, outcome: Outcome) -> str:
    at = f" {date(outcome.at_ms)}" if outcome.at_ms else ""
    who = escape(outcome.who) or "PagerDuty"
    return f":warning: *Your acknowledge opened {_it(command)} again:* {who} had resolved it{at}, in the same moment."


def _with_button(text: str, action: Action, label: str, command: Command) -> Reply:
    section: Block = {"type": "section", "text": {"type": "mrkdwn", "text": text}}
    row: Block = {"type": "actions", "elements": [button(action, label, command.incident, command.label, command.url)]}
    return Reply(text, (section, row))


def _it(command: Command) -> str:
    return f"Incident {escape(command.label)}" if command.label else "The incident"


def _by(outcome: Outcome) -> str:
    who = f" by {escape(outcome.who)}" if outcome.who else ""
    return f"{who} {date(outcome.at_ms)}" if outcome.at_ms else who


def _link(url: str) -> str:
    return link(url, "Open it in PagerDuty") if url else ""


def _quote(outcome: Outcome) -> str:
    return f" (reference `{outcome.reference}`)" if outcome.reference else ""
