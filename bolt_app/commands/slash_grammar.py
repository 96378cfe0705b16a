"""
Pure: what people type after the slash command, as a wish, or as an error with the line that would have worked.

One table names every command; the parser, the help and the document read it.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from enum import StrEnum
from functools import partial

from shared.model.command import Action
from shared.model.ids import SlackUserId
from shared.slack.render.mrkdwn import readable


class Verb(StrEnum):
    """The commands, by the name that people type."""

    ACK = "ack"
    ACK_MINE = "ack mine"
    NOTE = "note"
    RESOLVE = "resolve"
    ESCALATE = "escalate"
    REASSIGN = "reassign"
    TRIGGER = "trigger"
    LIST = "list"
    SHOW = "show"
    ONCALL = "oncall"
    WHOAMI = "whoami"
    HELP = "help"


class Scope(StrEnum):
    """Which open incidents are to be listed."""

    CHANNEL = ""
    MINE = "mine"
    ALL = "all"


@dataclass(frozen=True)
class Usage:
    """One command: what it takes (in brackets what may be left out), what it does, and other names for it."""

    verb: Verb
    takes: str
    does: str
    also: tuple[str, ...] = ()

    @property
    def line(self) -> str:
        """The command with what it takes."""
        return f"{self.verb} {self.takes}".strip()


USAGES = (
    Usage(Verb.ACK, "[number]", "Acknowledge an incident", ("acknowledge", "acked")),
    Usage(Verb.ACK_MINE, "", "See what you have not acknowledged yet, and acknowledge it all", ("acknowledge mine",)),
    Usage(Verb.NOTE, "[number] text", "Add a note", ("comment",)),
    Usage(Verb.RESOLVE, "[number] [note]", "Resolve an incident, and say what solved it", ("resolved", "close")),
    Usage(Verb.ESCALATE, "[number]", "Page the next escalation level now"),
    Usage(Verb.REASSIGN, "[number] @user", "Give an incident to somebody else, or take it", ("assign",)),
    Usage(Verb.TRIGGER, "[title]", "Open a new incident", ("new", "create")),
    Usage(Verb.LIST, "[mine|all]", "List the open incidents of this channel, yours, or all", ("ls", "incidents")),
    Usage(Verb.SHOW, "[number]", "Show an incident with its alerts, notes and log", ("details",)),
    Usage(
        Verb.ONCALL,
        "[service or policy]",
        "Show who is on call, level by level",
        ("on call", "who is on call", "who's on call"),
    ),
    Usage(Verb.WHOAMI, "", "Show who you are in PagerDuty, and how that is known", ("who am i",)),
    Usage(Verb.HELP, "", "Show this list", ("?", "commands")),
)
ACTIONS: Mapping[Verb, Action] = {
    Verb.ACK: Action.ACKNOWLEDGE,
    Verb.NOTE: Action.NOTE,
    Verb.RESOLVE: Action.RESOLVE,
    Verb.ESCALATE: Action.ESCALATE,
    Verb.REASSIGN: Action.REASSIGN,
}
"""What changes an incident that is there already."""
EXAMPLE = "37"
"""Stands in a suggestion for the number of an incident that was not given."""
PERSON = "@name"
NOTE_EXAMPLE = "Looking into it"
LIKENESS = 0.65
"""How alike a mistyped name must be, from 0 to 1."""


@dataclass(frozen=True)
class Wish:
    """
    What somebody asked for.

    `incident` is a number or an id, as PagerDuty takes either; empty when it was left out. `text` is the note, the
    resolution note, the title, or the name of a service or policy, in plain words. `person` was mentioned by `name`.
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
class Mistyped:
    """That something cannot be understood: why, in a sentence, and the line that would have worked."""

    why: str
    line: str


NAMES: Mapping[str, Verb] = {name: usage.verb for usage in USAGES for name in (usage.verb, *usage.also)}
_LONGEST = max(len(name.split()) for name in NAMES)
_SCOPES = {"": Scope.CHANNEL, "here": Scope.CHANNEL, "mine": Scope.MINE, "my": Scope.MINE, "all": Scope.ALL}

_REF = re.compile(
    r"(?:#?(?P<number>[0-9]{1,18})|#?(?P<id>[PQ][A-Z0-9]{6,31})"
    r"|<?https://[^\s<>|]{1,200}/incidents/(?P<linked>[A-Z0-9]{1,32})[^\s<>|]{0,200}(?:\|[^<>]*)?>?)[:,]?(?:\s+|$)"
)
_NAME = re.compile(r"@?[^\W\d][\w.-]{0,39}")
_USER = re.compile(r"<@([UW][A-Z0-9]{1,31})(?:\|[^<>]*)?>")


def parse(text: str) -> Wish | Mistyped:
    """Understand what was typed after the command, as Slack sends it: with ids in the place of names."""
    verb, rest = _named(text)
    if verb is not None:
        return _PARSERS[verb](rest.strip())
    return _guess(text) if text.strip() else Wish(Verb.HELP)


def plain(text: str) -> str:
    """Write Slack's markup in words; people go by the name that Slack sends along."""
    return readable(text, {}).strip()


def _named(text: str) -> tuple[Verb | None, str]:
    """Find the command that a text begins with, and the rest of it."""
    for count in range(_LONGEST, 0, -1):
        words = text.split(None, count)
        verb = NAMES.get(" ".join(words[:count]).casefold())
        if verb is not None:
            return verb, words[count] if len(words) > count else ""
    return None, text


def _incident(text: str) -> tuple[str, str]:
    """Take the number or id that a text begins with, empty if it does not, and the rest of the text."""
    found = _REF.match(text)
    if found is None:
        return "", text
    number = found["number"]
    return (str(int(number)) if number else found["id"] or found["linked"]), text[found.end() :].strip()


def _alone(verb: Verb, _rest: str) -> Wish:
    return Wish(verb)


def _one(verb: Verb, text: str) -> Wish | Mistyped:
    """Read a command that takes one incident and nothing else."""
    incident, rest = _incident(text)
    if not rest:
        return Wish(verb, incident)
    if verb is Verb.ACK and get_close_matches(rest.casefold(), ["mine"], 1, LIKENESS):
        return Mistyped(f"`ack` does not know “{_quoted(rest)}”.", Verb.ACK_MINE)
    if incident:
        return Mistyped(f"`{verb}` takes one incident and nothing else.", f"{verb} {incident}")
    meant = next((ref for word in rest.split() if (ref := _incident(word)[0])), EXAMPLE)
    return Mistyped(f"“{_quoted(text)}” is not the number of an incident.", f"{verb} {meant}")


def _note(verb: Verb, text: str) -> Wish | Mistyped:
    incident, rest = _incident(text)
    note = plain(rest)
    if note:
        return Wish(verb, incident, note)
    return Mistyped("A note needs its text.", f"{verb} {incident or EXAMPLE} {NOTE_EXAMPLE}")


def _resolve(verb: Verb, text: str) -> Wish | Mistyped:
    incident, rest = _incident(text)
    if incident and rest and not _incident(rest)[1]:
        return Mistyped(f"`{verb}` takes one incident.", f"{verb} {incident}")
    return Wish(verb, incident, plain(rest))


def _reassign(verb: Verb, text: str) -> Wish | Mistyped:
    people = list(_USER.finditer(text))
    incident, rest = _incident(_USER.sub(" ", text).strip())
    rest = re.sub(r"^to\b", "", rest, flags=re.IGNORECASE).strip()
    line = f"{verb} {incident or EXAMPLE} "
    if len(people) > 1:
        return Mistyped(f"`{verb}` takes one person.", line + PERSON)
    if not people:
        why = "Choose the person from the list that Slack shows once you type @, so that they are named for certain."
        return Mistyped(why, line + _at(rest))
    if rest:
        return Mistyped(f"`{verb}` takes an incident and a person, and nothing else.", line + PERSON)
    return Wish(verb, incident, person=SlackUserId(people[0][1]), name=plain(people[0][0]))


def _list(verb: Verb, text: str) -> Wish | Mistyped:
    scope = _SCOPES.get(text.casefold())
    if scope is not None:
        return Wish(verb, scope=scope)
    close = get_close_matches(text.casefold(), ["mine", "all"], 1, LIKENESS)
    return Mistyped(f"`{verb}` does not know “{_quoted(text)}”.", " ".join([verb, *close]))


def _text(verb: Verb, text: str) -> Wish:
    return Wish(verb, text=plain(text))


_PARSERS: Mapping[Verb, Callable[[str], Wish | Mistyped]] = {
    Verb.ACK: partial(_one, Verb.ACK),
    Verb.ACK_MINE: partial(_alone, Verb.ACK_MINE),
    Verb.NOTE: partial(_note, Verb.NOTE),
    Verb.RESOLVE: partial(_resolve, Verb.RESOLVE),
    Verb.ESCALATE: partial(_one, Verb.ESCALATE),
    Verb.REASSIGN: partial(_reassign, Verb.REASSIGN),
    Verb.TRIGGER: partial(_text, Verb.TRIGGER),
    Verb.LIST: partial(_list, Verb.LIST),
    Verb.SHOW: partial(_one, Verb.SHOW),
    Verb.ONCALL: partial(_text, Verb.ONCALL),
    Verb.WHOAMI: partial(_alone, Verb.WHOAMI),
    Verb.HELP: partial(_alone, Verb.HELP),
}


def _guess(text: str) -> Mistyped:
    """Find what was probably meant by a text that begins with no command."""
    first, *_ = text.split(None, 1)
    why = f"There is no command “{_quoted(plain(first))}”."
    incident, rest = _incident(text.strip())
    if incident:
        return Mistyped(why, _turned(incident, rest))
    close = get_close_matches(first.casefold(), list(NAMES), 1, LIKENESS)
    if not close:
        return Mistyped(why, Verb.HELP)
    return Mistyped(why, _working(f"{NAMES[close[0]]} {text.strip()[len(first) :].strip()}"))


def _turned(incident: str, rest: str) -> str:
    """Make the line for somebody who named the incident first."""
    verb, after = _named(rest)
    if verb is not None:
        return _working(f"{verb} {incident} {after}")
    return _working(f"note {incident} {rest}") if rest else f"{Verb.SHOW} {incident}"


def _working(line: str) -> str:
    """Make sure that a line works, as far as that can be told."""
    understood = parse(line)
    return understood.line if isinstance(understood, Mistyped) else plain(line)


def _at(text: str) -> str:
    """Show what may be somebody's name as it would stand in a line."""
    return f"@{text.lstrip('@')}" if _NAME.fullmatch(text) else PERSON


def _quoted(text: str) -> str:
    """Cut what somebody typed to what is worth repeating."""
    words = " ".join(text.split())
    return words if len(words) <= 40 else words[:39].rstrip() + "…"  # noqa: PLR2004 -- one line's worth
