"""Pure: an outcome in the words for the person who clicked. What it says about PagerDuty, PagerDuty has confirmed."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from shared.model.actions import SPECS, ActionWording
from shared.model.command import Action, Command
from shared.model.outcome import Kind, Outcome
from shared.slack.render.blocks import Block
from shared.slack.render.buttons import button
from shared.slack.render.reply_buttons import level_buttons, retry_button
from shared.slack.render.text import clamp, date, escape, link

LONGEST_RETURNED_TEXT = 2500
"""Characters of the person's own text returned to them if it could not be sent."""


@dataclass(frozen=True)
class Reply:
    """A private answer; `blocks` only when there is something to press."""

    text: str
    blocks: tuple[Block, ...] = ()


@dataclass(frozen=True)
class Part:
    """The outcome of one part of a command."""

    command: Command
    outcome: Outcome


def sending_reply(command: Command) -> Reply:
    """Reply that the command was accepted and PagerDuty has not answered yet."""
    return Reply(f":hourglass_flowing_sand: Your {_noun(command)} is on its way to PagerDuty.")


def still_trying_reply(command: Command, url: str, *, unclear: bool) -> Reply:
    """Reply that PagerDuty has not answered and the command has not taken effect yet."""
    words = SPECS[command.action].words
    if unclear:
        doubt = f"Your {_noun(command)} may or may not have gone through. Until PagerDuty says so, count on it that"
        return Reply(f":warning: *PagerDuty has not confirmed.* {doubt} {words.meanwhile}. {_link(url)}")
    head = f"*{words.waiting.format(it=_it(command))}*, {words.meanwhile}."
    return Reply(f":warning: {head} PagerDuty cannot be reached at the moment; still trying. {_link(url)}")


def outcome_reply(command: Command, outcome: Outcome, url: str) -> Reply:
    """Reply with the outcome and the next step."""
    words = SPECS[command.action].words
    match outcome.kind:
        case Kind.DONE:
            at = f" {date(outcome.at_ms)}." if outcome.at_ms else ""
            came_of_it = f" {escape(outcome.why)}{at}" if outcome.why else ""
            return Reply(f":white_check_mark: {words.done.format(it=_it(command))}.{came_of_it}")
        case Kind.ALREADY:
            return Reply(f"{words.already.format(it=_it(command))}{_actor(outcome)}. This changed nothing.")
        case Kind.REOPENED:
            return _sentence(
                _reopened_reply(command, outcome),
                button(Action.RESOLVE, "Resolve", command.incident, command.label, command.url),
            )
        case Kind.CHOOSE:
            return _sentence(_level_choice(command, outcome), *level_buttons(command, outcome.choices))
        case Kind.EXPIRED | Kind.UNKNOWN | Kind.NOT_STORED:
            return _sentence(_failed_reply(command, outcome, url), retry_button(command, outcome))
        case _:
            return Reply(_declined(command, words, outcome, url))


def summary_reply(parts: Sequence[Part], url: str) -> Reply:
    """Reply for a command sent as several calls: one line each, and what is left to do."""
    first = parts[0].command
    lines = [_part(part) for part in parts]
    text = "\n".join([f"*{_noun(first).capitalize()}:*", *lines, _link(url)]).strip()
    left = [part for part in parts if part.outcome.kind in {Kind.EXPIRED, Kind.UNKNOWN}]
    if not left:
        return Reply(text)
    return _sentence(text, retry_button(replace(first, id=first.parent_id), left[0].outcome))


def late_success_reply(command: Command) -> Reply:
    """Reply that a command with an unknown outcome succeeded after all, as PagerDuty reported."""
    return Reply(f":white_check_mark: Your {_noun(command)} went through after all.")


def _part(part: Part) -> str:
    who = " and ".join(escape(person.name or person.id) for person in part.command.params.people)
    outcome = part.outcome
    match outcome.kind:
        case Kind.DONE:
            return f":white_check_mark: {who}: done"
        case Kind.ALREADY:
            return f":white_check_mark: {who}: already there, so not asked again"
        case Kind.UNKNOWN:
            return f":grey_question: {who}: *not known*. PagerDuty did not say{_reference(outcome)}"
        case _:
            return f":x: {who}: *not done*. {escape(outcome.why)}{_reference(outcome)}"


def _declined(command: Command, words: ActionWording, outcome: Outcome, url: str) -> str:
    # Not in capitals: nothing failed, and no one needs to be woken.
    by_you = " by you" if words.by_you else ""
    head = f":no_entry: *{words.undone.format(it=_it(command)).replace(' NOT ', ' not ')}{by_you}.*"
    if outcome.kind is Kind.STALE:
        return f"{head} {_stale_text(command, outcome)} The card shows its state.{_returned_text(command)}"
    step = f" {escape(outcome.next_step)}." if outcome.next_step else ""
    return f"{head} {escape(outcome.why)}{step} {_link(url)}{_reference(outcome)}{_returned_text(command)}"


def _stale_text(command: Command, outcome: Outcome) -> str:
    if outcome.why:
        return f"{escape(outcome.why)}{f' Last changed{_actor(outcome)}.' if _actor(outcome) else ''}"
    would = f", and to {command.action} it now would open it again" if command.action is Action.ACKNOWLEDGE else ""
    return f"It is {outcome.status}{_actor(outcome)}{would}."


def _failed_reply(command: Command, outcome: Outcome, url: str) -> str:
    words = SPECS[command.action].words
    if outcome.kind is Kind.UNKNOWN:
        head = f":warning: *It is not known whether your {_noun(command)} went through.* PagerDuty did not say."
        now = f" It is {outcome.status}{_actor(outcome)} now." if outcome.status else ""
        return (
            f"{head}{now} Look there before you rely on it. {_link(url)}{_reference(outcome)}{_returned_text(command)}"
        )
    if outcome.kind is Kind.NOT_STORED:
        head = f":warning: *Your {_noun(command)} could not be kept.*"
        return f"{head} {escape(outcome.why)} {_link(url)}{_reference(outcome)}{_returned_text(command)}"
    head = f":warning: *{words.undone.format(it=_it(command))}.*"
    return f"{head} {escape(outcome.why)} {_link(url)}{_reference(outcome)}{_returned_text(command)}"


def _returned_text(command: Command) -> str:
    """Give people back what they wrote, so that they need not write it again."""
    if not command.params.text:
        return ""
    quoted = "\n".join(f"> {escape(line)}" for line in command.params.text.splitlines())
    return f"\nYour text:\n{clamp(quoted, LONGEST_RETURNED_TEXT)}"


def _level_choice(command: Command, outcome: Outcome) -> str:
    why = escape(outcome.why or "PagerDuty does not say which level it is at.")
    return f":arrow_double_up: *Which level of {_it(command)} shall be paged?* {why} Nothing was sent yet."


def _reopened_reply(command: Command, outcome: Outcome) -> str:
    at = f" {date(outcome.at_ms)}" if outcome.at_ms else ""
    who = escape(outcome.actor) or "PagerDuty"
    return f":warning: *Your acknowledge opened {_it(command)} again:* {who} had resolved it{at}, in the same moment."


def _sentence(text: str, *elements: Block) -> Reply:
    section: Block = {"type": "section", "text": {"type": "mrkdwn", "text": clamp(text, 3000)}}
    row: Block = {"type": "actions", "elements": list(elements)}
    return Reply(text, (section, row) if elements else (section,))


def _noun(command: Command) -> str:
    return SPECS[command.action].words.noun.format(it=_it(command))


def _it(command: Command) -> str:
    return f"Incident {escape(command.label)}" if command.label else "the incident"


def _actor(outcome: Outcome) -> str:
    who = f" by {escape(outcome.actor)}" if outcome.actor else ""
    return f"{who} {date(outcome.at_ms)}" if outcome.at_ms else who


def _link(url: str) -> str:
    return link(url, "Open it in PagerDuty") if url else ""


def _reference(outcome: Outcome) -> str:
    return f" (reference `{outcome.reference}`)" if outcome.reference else ""
