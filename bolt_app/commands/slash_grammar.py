"""Pure: what people type after the slash command, as a wish or an error with a line that works, by one table."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from bolt_app.commands.spelling import closest, negated
from bolt_app.commands.typed_text import find_incident, quoted, strip_markup, take_incident
from bolt_app.commands.verbs import USAGES, Scope, Verb
from shared.model.actions import Action
from shared.model.direct_card import Level
from shared.model.ids import SlackUserId

ACTIONS: Mapping[Verb, Action] = {
    Verb.ACK: Action.ACKNOWLEDGE,
    Verb.UNACK: Action.UNACKNOWLEDGE,
    Verb.NOTE: Action.NOTE,
    Verb.REASSIGN: Action.REASSIGN,
    Verb.CHANNEL: Action.OPEN_CHANNEL,
}
"""The verbs that change an existing incident at once."""
DIALOGS: Mapping[Verb, Action] = {
    Verb.RESOLVE: Action.RESOLVE,
    Verb.REOPEN: Action.REOPEN,
    Verb.MERGE: Action.MERGE,
    Verb.ESCALATE: Action.ESCALATE,
    Verb.SNOOZE: Action.SNOOZE,
    Verb.PRIORITY: Action.PRIORITY,
    Verb.RESPONDERS: Action.ADD_RESPONDERS,
    Verb.STATUS: Action.STATUS_UPDATE,
}
"""The verbs that open the dialog of an action about an existing incident."""
EXAMPLE = "37"
"""Stands in a suggestion for the number of an incident that was not given."""
PERSON = "@name"
NOTE_EXAMPLE = "Looking into it"
ANTONYMS: Mapping[str, Verb] = {"nack": Verb.ACK, "open": Verb.RESOLVE, "wake": Verb.SNOOZE}
"""Words that mean the opposite of a command and do not show it by their beginning."""
UNDOING: Mapping[Verb, Verb] = {
    Verb.ACK: Verb.UNACK,
    Verb.ACK_MINE: Verb.UNACK,
    Verb.UNACK: Verb.ACK,
    Verb.RESOLVE: Verb.REOPEN,
    Verb.REOPEN: Verb.RESOLVE,
}
"""The commands that another command undoes."""
HANDED_OVER = frozenset({Verb.ESCALATE, Verb.REASSIGN})
"""The commands after which handing the incident over is as good as undoing them."""


@dataclass(frozen=True)
class ParsedCommand:
    """
    A parsed slash command.

    `incident` is a number or an id, as PagerDuty takes either; empty if it was left out. `text` is the note, the
    resolution note, the title, the name of a service or policy, or a choice, without markup. `person` is the mentioned
    Slack user, shown as `name`.
    """

    verb: Verb
    incident: str = ""
    text: str = ""
    person: SlackUserId | None = None
    name: str = ""
    scope: Scope = Scope.CHANNEL

    @property
    def line(self) -> str:
        """How it is typed."""
        return " ".join(part for part in (self.verb, self.incident, self.name, self.scope, self.text) if part)


@dataclass(frozen=True)
class ParseError:
    """That something cannot be understood: why, in a sentence, and the line that would have worked."""

    why: str
    line: str


NAMES: Mapping[str, Verb] = {name: usage.verb for usage in USAGES for name in (usage.verb, *usage.aliases)}
_LONGEST = max(len(name.split()) for name in NAMES)
SCOPED: Mapping[Verb, tuple[Scope, ...]] = {
    Verb.LIST: (Scope.CHANNEL, Scope.MINE, Scope.ALL),
    Verb.HANDOVER: (Scope.CHANNEL, Scope.MINE),
}
"""The verbs that are about a channel unless another scope is named, and what can be named."""
_SCOPES = {"": Scope.CHANNEL, "here": Scope.CHANNEL, "mine": Scope.MINE, "my": Scope.MINE, "all": Scope.ALL}

_NAME = re.compile(r"@?[^\W\d][\w.-]{0,39}")
_USER = re.compile(r"<@([UW][A-Z0-9]{1,31})(?:\|[^<>]*)?>")


def parse(text: str) -> ParsedCommand | ParseError:
    """Understand what was typed after the command, as Slack sends it: with ids in the place of names."""
    verb, rest = _split_verb(text)
    if verb is not None:
        return _PARSERS[verb](verb, rest.strip())
    return _closest_command(text) if text.strip() else ParsedCommand(Verb.HELP)


def _split_verb(text: str) -> tuple[Verb | None, str]:
    """Find the command that a text begins with, and the rest of it."""
    for count in range(_LONGEST, 0, -1):
        words = text.split(None, count)
        verb = NAMES.get(" ".join(words[:count]).casefold())
        if verb is not None:
            return verb, words[count] if len(words) > count else ""
    return None, text


def _no_arguments(verb: Verb, _rest: str) -> ParsedCommand:
    return ParsedCommand(verb)


def _one_incident(verb: Verb, text: str) -> ParsedCommand | ParseError:
    """Read a command that takes one incident and nothing else."""
    incident, rest = take_incident(text)
    if not rest:
        return ParsedCommand(verb, incident)
    if verb is Verb.ACK and closest(rest, ["mine"]):
        return ParseError(f"`ack` doesn't understand “{quoted(rest)}”.", Verb.ACK_MINE)
    if incident:
        asks = " Its dialog asks for the rest." if verb in DIALOGS else ""
        return ParseError(f"`{verb}` takes one incident.{asks}", f"{verb} {incident}")
    return ParseError(f"“{quoted(text)}” is not an incident number.", f"{verb} {find_incident(rest) or EXAMPLE}")


def _note(verb: Verb, text: str) -> ParsedCommand | ParseError:
    incident, rest = take_incident(text)
    note = strip_markup(rest)
    if note:
        return ParsedCommand(verb, incident, note)
    return ParseError("A note needs text.", f"{verb} {incident or EXAMPLE} {NOTE_EXAMPLE}")


def _resolve(verb: Verb, text: str) -> ParsedCommand | ParseError:
    incident, rest = take_incident(text)
    if incident and rest and not take_incident(rest)[1]:
        return ParseError(f"`{verb}` takes one incident.", f"{verb} {incident}")
    return ParsedCommand(verb, incident, strip_markup(rest))


def _reopen(verb: Verb, text: str) -> ParsedCommand | ParseError:
    parsed = _one_incident(verb, text)
    if isinstance(parsed, ParsedCommand) and not parsed.incident:
        return ParseError("A resolved incident is named by its number.", f"{verb} {EXAMPLE}")
    return parsed


def _reassign(verb: Verb, text: str) -> ParsedCommand | ParseError:
    people = list(_USER.finditer(text))
    incident, rest = take_incident(_USER.sub(" ", text).strip())
    rest = re.sub(r"^to\b", "", rest, flags=re.IGNORECASE).strip()
    line = f"{verb} {incident or EXAMPLE} "
    if len(people) > 1:
        return ParseError(f"`{verb}` takes one person.", line + PERSON)
    if not people:
        why = "Type @ and pick the person from Slack's list."
        return ParseError(why, line + (f"@{rest.lstrip('@')}" if _NAME.fullmatch(rest) else PERSON))
    if rest:
        return ParseError(f"`{verb}` takes one incident and one person.", line + PERSON)
    return ParsedCommand(verb, incident, person=SlackUserId(people[0][1]), name=strip_markup(people[0][0]))


def _scoped(verb: Verb, text: str) -> ParsedCommand | ParseError:
    scope = _SCOPES.get(text.casefold())
    if scope in SCOPED[verb]:
        return ParsedCommand(verb, scope=scope)
    line = f"{verb} {closest(text, [*filter(None, SCOPED[verb])])}".strip()
    return ParseError(f"`{verb}` doesn't understand “{quoted(text)}”.", line)


def _level(verb: Verb, text: str) -> ParsedCommand | ParseError:
    level = text.casefold()
    if level in {"", *Level}:
        return ParsedCommand(verb, text=level)
    line = f"{verb} {closest(text, [*Level])}".strip()
    return ParseError(f"`{verb}` doesn't understand “{quoted(text)}”.", line)


def _text(verb: Verb, text: str) -> ParsedCommand:
    return ParsedCommand(verb, text=strip_markup(text))


_PARSERS: Mapping[Verb, Callable[[Verb, str], ParsedCommand | ParseError]] = {
    Verb.ACK: _one_incident,
    Verb.UNACK: _one_incident,
    Verb.ACK_MINE: _no_arguments,
    Verb.NOTE: _note,
    Verb.RESOLVE: _resolve,
    Verb.REOPEN: _reopen,
    Verb.MERGE: _one_incident,
    Verb.ESCALATE: _one_incident,
    Verb.REASSIGN: _reassign,
    Verb.SNOOZE: _one_incident,
    Verb.PRIORITY: _one_incident,
    Verb.RESPONDERS: _one_incident,
    Verb.STATUS: _one_incident,
    Verb.CHANNEL: _one_incident,
    Verb.TRIGGER: _text,
    Verb.LIST: _scoped,
    Verb.SHOW: _one_incident,
    Verb.TIMELINE: _one_incident,
    Verb.HANDOVER: _scoped,
    Verb.ONCALL: _text,
    Verb.NOTIFY: _level,
    Verb.WHOAMI: _no_arguments,
    Verb.LINK: _text,
    Verb.UNLINK: _no_arguments,
    Verb.HELP: _no_arguments,
}


def _closest_command(text: str) -> ParseError:
    """Find what was probably meant by a text that begins with no command."""
    first, *_ = text.split(None, 1)
    why = f"Unknown command “{quoted(strip_markup(first))}”."
    incident, rest = take_incident(text.strip())
    if undone := _opposite(rest):
        return _undoing(undone, rest, incident)
    if incident:
        return ParseError(why, _swapped_arguments(incident, rest))
    close = closest(first, NAMES)
    if not close:
        return ParseError(why, Verb.HELP)
    return ParseError(why, _as_typed(f"{NAMES[close]} {text.strip()[len(first) :].strip()}"))


def _opposite(text: str) -> Verb | None:
    """Return the command whose opposite a text begins with; None if it does with none, or that changes nothing."""
    first = text.split(None, 1)[0].casefold() if text.strip() else ""
    verb = ANTONYMS.get(first) or NAMES.get(negated(text, NAMES))
    return verb if verb in {*ACTIONS, *DIALOGS, Verb.ACK_MINE} else None


def _undoing(verb: Verb, text: str, incident: str) -> ParseError:
    """Name the command that undoes another, or say that none does and what comes nearest; `text` asked for it."""
    if verb in UNDOING:
        undoing = UNDOING[verb]
        return ParseError(f"`{undoing}` undoes `{verb}`.", f"{undoing} {incident or find_incident(text) or EXAMPLE}")
    asked = f"`{verb}` can't be undone from Slack"
    if verb not in HANDED_OVER:
        return ParseError(f"{asked}, only in PagerDuty.", Verb.HELP)
    meant = incident or find_incident(text) or EXAMPLE
    return ParseError(f"{asked}, but you can hand the incident over.", f"{Verb.REASSIGN} {meant} {PERSON}")


def _swapped_arguments(incident: str, rest: str) -> str:
    """Return the line with verb and incident swapped, for people who typed the incident first."""
    verb, after = _split_verb(rest)
    if verb is None and " " not in rest:
        verb, after = NAMES.get(closest(rest, NAMES)), ""
    if verb is not None:
        return _as_typed(f"{verb} {incident} {after}")
    return _as_typed(f"note {incident} {rest}") if rest else f"{Verb.SHOW} {incident}"


def _as_typed(line: str) -> str:
    """Make sure that a line works, as far as that can be told."""
    understood = parse(line)
    return understood.line if isinstance(understood, ParseError) else strip_markup(line)
