"""What people type is understood, or answered with a line that would have worked, whatever it is."""

import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bolt_app.commands.slash_grammar import ACTIONS, DIALOGS, NAMES, ParsedCommand, ParseError, parse
from bolt_app.commands.spelling import PREFIXES
from bolt_app.commands.verbs import USAGES, Scope, Verb
from shared.model.ids import SlackUserId

BOB = SlackUserId("U0BOB")
LINK = "<https://acme.pagerduty.com/incidents/Q1INCIDENT|the incident>"

UNDERSTOOD = {
    "": ParsedCommand(Verb.HELP),
    "help": ParsedCommand(Verb.HELP),
    "ack": ParsedCommand(Verb.ACK),
    "ack 37": ParsedCommand(Verb.ACK, "37"),
    "  ACK   #037 ": ParsedCommand(Verb.ACK, "37"),
    "acknowledge Q1INCIDENT": ParsedCommand(Verb.ACK, "Q1INCIDENT"),
    f"ack {LINK}": ParsedCommand(Verb.ACK, "Q1INCIDENT"),
    "ack mine": ParsedCommand(Verb.ACK_MINE),
    "Acknowledge\n mine": ParsedCommand(Verb.ACK_MINE),
    "note 37 Rolled back": ParsedCommand(Verb.NOTE, "37", "Rolled back"),
    "note 37: Rolled back\nto 1.4": ParsedCommand(Verb.NOTE, "37", "Rolled back\nto 1.4"),
    "note Rolled back": ParsedCommand(Verb.NOTE, "", "Rolled back"),
    "note 37% of all calls fail": ParsedCommand(Verb.NOTE, "", "37% of all calls fail"),
    "note Problem solved": ParsedCommand(Verb.NOTE, "", "Problem solved"),
    "resolve": ParsedCommand(Verb.RESOLVE),
    "resolve 37 Rolled back": ParsedCommand(Verb.RESOLVE, "37", "Rolled back"),
    "close Rolled back": ParsedCommand(Verb.RESOLVE, "", "Rolled back"),
    "escalate 37": ParsedCommand(Verb.ESCALATE, "37"),
    "reassign 37 <@U0BOB|bob>": ParsedCommand(Verb.REASSIGN, "37", person=BOB, name="@bob"),
    "reassign <@U0BOB|bob> 37": ParsedCommand(Verb.REASSIGN, "37", person=BOB, name="@bob"),
    "assign to <@U0BOB>": ParsedCommand(Verb.REASSIGN, person=BOB, name="@U0BOB"),
    "list": ParsedCommand(Verb.LIST),
    "list mine": ParsedCommand(Verb.LIST, scope=Scope.MINE),
    "LIST All": ParsedCommand(Verb.LIST, scope=Scope.ALL),
    "show 37": ParsedCommand(Verb.SHOW, "37"),
    "oncall": ParsedCommand(Verb.ONCALL),
    "on call checkout api": ParsedCommand(Verb.ONCALL, text="checkout api"),
    "on-call checkout": ParsedCommand(Verb.ONCALL, text="checkout"),
    "who is on call": ParsedCommand(Verb.ONCALL),
    "trigger Checkout is down": ParsedCommand(Verb.TRIGGER, text="Checkout is down"),
    "new": ParsedCommand(Verb.TRIGGER),
    "whoami": ParsedCommand(Verb.WHOAMI),
    "who am i": ParsedCommand(Verb.WHOAMI),
}
MENDED = {
    "akc 37": "ack 37",
    "acknolwedge 37": "ack 37",
    "ack 37 38": "ack 37",
    "ack incident 37": "ack 37",
    "ack mien": "ack mine",
    "ack it": "ack 37",
    "nte 38 Rolled back": "note 38 Rolled back",
    "note": "note 37 Looking into it",
    "note 38": "note 38 Looking into it",
    "note <mailto:>": "note 37 Looking into it",
    "resolve 38 39": "resolve 38",
    "resolv 38 done": "resolve 38 done",
    "escalte": "escalate",
    "escalate 38 now": "escalate 38",
    "reassign 38": "reassign 38 @name",
    "reassign 38 bob": "reassign 38 @bob",
    "reassign 38 to @bob": "reassign 38 @bob",
    "reassign 38 <@U0BOB|bob> <@U0ALICE|alice>": "reassign 38 @name",
    "reassign 38 <@U0BOB|bob> now": "reassign 38 @name",
    "list mien": "list mine",
    "list yours": "list",
    "shwo 38": "show 38",
    "38": "show 38",
    "#38 ack": "ack 38",
    "38 escalate": "escalate 38",
    "38 is my fault": "note 38 is my fault",
    "who": "whoami",
    "frobnicate": "help",
    "37 akc": "ack 37",
    "notes 38 Rolled back": "note 38 Rolled back",
    "detials 38": "show 38",
    "remove 38": "help",
    "list unmine": "list",
    "ack unmine": "ack 37",
    "ack not mine": "ack 37",
    "<@U0BOB|bob>": "help",
}

UNDONE = {
    "de-escalate 38": "reassign 38 @name",
    "unassign 38 <@U0BOB|bob>": "reassign 38 @name",
    "unsnooze 38": "help",
    "wake 38": "help",
    "cancel snooze 38": "help",
}
UNDONE_BY = {
    "unacknowlege 38": "unack 38",
    "38 unack": "unack 38",
    "don't ack 38": "unack 38",
    "undo ack 38": "unack 38",
    "unack mine": "unack 37",
    "nack": "unack 37",
    "undo resolve 38": "reopen 38",
    "open 38": "reopen 38",
    "undo reopen 38": "resolve 38",
    "reopen": "reopen 37",
}


@pytest.mark.parametrize("text", UNDERSTOOD)
def test_a_command_is_understood(text: str) -> None:
    """Numbers, ids and links name incidents, mentions name people; synonyms, spaces and capitals do not matter."""
    assert UNDERSTOOD[text] == parse(text)


@pytest.mark.parametrize("text", MENDED)
def test_a_mistyped_command_gets_the_line_that_works(text: str) -> None:
    """The answer says what was not understood, and quotes a line for what was probably meant."""
    found = parse(text)

    assert isinstance(found, ParseError)
    assert MENDED[text] == found.line
    assert found.why.endswith(".")


@pytest.mark.parametrize("text", UNDONE)
def test_what_would_undo_a_command_is_explained(text: str) -> None:
    """The answer says that it can't be done from Slack, and what can."""
    found = parse(text)

    assert isinstance(found, ParseError)
    assert "can't be undone from Slack" in found.why
    assert UNDONE[text] == found.line


@pytest.mark.parametrize("text", UNDONE_BY)
def test_what_undoes_a_command_is_named(text: str) -> None:
    """The answer has the line that undoes what was meant."""
    found = parse(text)

    assert isinstance(found, ParseError)
    assert UNDONE_BY[text] == found.line


@pytest.mark.parametrize("name", sorted(name for name, verb in NAMES.items() if verb in {*ACTIONS, *DIALOGS}))
@pytest.mark.parametrize("before", [*PREFIXES, "de-", "un-", "undo ", "don't ", "cancel "])
def test_a_command_is_never_suggested_to_those_who_want_its_opposite(name: str, before: str) -> None:
    """Whatever says the opposite of a command gets another line, and never the command."""
    found = parse(f"{before}{name} 38")

    meant = parse(escaped(found.line)) if isinstance(found, ParseError) else found
    assert isinstance(meant, ParsedCommand)
    # Handing over is the nearest to undoing a change of assignees.
    assert meant.verb is not NAMES[name] or meant.verb is Verb.REASSIGN


@pytest.mark.parametrize("text", [*MENDED, *UNDONE, *UNDONE_BY])
def test_the_line_works(text: str) -> None:
    """What is suggested is understood, once Slack has put ids in the place of names."""
    found = parse(text)

    assert isinstance(found, ParseError)
    assert isinstance(parse(escaped(found.line)), ParsedCommand)


@pytest.mark.parametrize(
    "parsed", [parsed for text, parsed in UNDERSTOOD.items() if "@U0BOB" not in parsed.name], ids=str
)
def test_a_wish_can_be_typed(parsed: ParsedCommand) -> None:
    """A wish writes the line that asks for it, which is how candidates are offered."""
    parsed = replace(parsed, incident=parsed.incident or "37") if parsed.verb in {Verb.NOTE, Verb.RESOLVE} else parsed

    assert parsed == parse(escaped(parsed.line))


@given(st.text(st.characters(exclude_categories=()), max_size=60))
def test_nothing_that_is_typed_raises(text: str) -> None:
    """Any text is a wish or an error with a line."""
    found = parse(text)

    assert isinstance(found, ParsedCommand) or found.line


@given(
    st.sampled_from(sorted(NAMES)),
    st.lists(st.sampled_from(["37", "#38", "<@U0BOB|bob>", LINK, "mine", "all", "to", "POSTGRES", "&amp;", "\n", "x"])),
)
def test_nothing_after_a_command_raises(name: str, rest: list[str]) -> None:
    """Whatever follows a command gives a wish of that command, or a line that works."""
    found = parse(" ".join([name, *rest]))

    if isinstance(found, ParseError):
        assert isinstance(parse(escaped(found.line)), ParsedCommand)
    else:
        assert found.verb in {NAMES[name], Verb.ACK_MINE}


def test_every_command_has_its_line_in_the_table() -> None:
    """The table names each command once, and no name means two."""
    names = [name for usage in USAGES for name in (usage.verb, *usage.aliases)]

    assert sorted(Verb) == sorted(usage.verb for usage in USAGES)
    assert len(names) == len(set(names))


def escaped(line: str) -> str:
    """Put an id in the place of a name, as Slack does."""
    return re.sub(r"@\w+", "<@U0BOB|bob>", line)
