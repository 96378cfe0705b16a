"""Trying again: only what is not done, only once, and by whoever asked."""

from dataclasses import replace

import pytest

from bolt_app.commands.interactive import RetryRequest, command_from_button
from bolt_app.commands.interactive import parse_press as read_press
from bolt_app.commands.retry import retry_command
from shared.model.actions import Action
from shared.model.command import ActionParams, Command, CommandQueue, CommandRecord, SlackActor, split
from shared.model.event import Ref
from shared.model.ids import CommandId, SlackUserId
from shared.model.outcome import Declined, Kind, Outcome
from tests.bolt_app.test_interactive import press
from tests.builders import INCIDENT, NOON

AGAIN_URL = "https://hooks.slack.com/actions/T0ACME/2/again"
PEOPLE = (Ref("PALICE1", "Alice"), Ref("PBOB1", "Bob"), Ref("PCAROL1", "Carol"))
ASKED = replace(
    command_from_button(press()),
    id=CommandId("c0ffee"),
    action=Action.ADD_RESPONDERS,
    params=ActionParams(text="Help", people=PEOPLE),
)


def parsed(command: CommandId, ts: str = "1700000009.000100") -> RetryRequest:
    """Press "Try again" on the answer about a command."""
    found = read_press(press(actions__0__action_ts=ts, response_url=AGAIN_URL))
    return RetryRequest(command, INCIDENT, found)


def queue(*commands: tuple[Command, Kind | None]) -> CommandQueue:
    """Make a queue of commands and how they ended."""
    return CommandQueue(INCIDENT, tuple(CommandRecord(c, NOON, outcome=Outcome(k) if k else None) for c, k in commands))


def parts(*kinds: Kind | None) -> CommandQueue:
    """Make the queue of a request to three people."""
    return queue(*zip(split(ASKED), kinds, strict=True))


def declined(known: CommandQueue, again: RetryRequest) -> str:
    """Say why there is nothing to try again."""
    with pytest.raises(Declined) as raised:
        retry_command(known, again)
    return f"{raised.value.outcome.why} {raised.value.outcome.next_step}"


def test_only_what_is_not_done_is_tried_again() -> None:
    """Alice has been asked; Bob and Carol are asked now, in the same words, and answered at the new press."""
    command = retry_command(parts(Kind.DONE, Kind.EXPIRED, Kind.REFUSED), parsed(CommandId("c0ffee")))

    assert PEOPLE[1:] == command.params.people
    assert "Help" == command.params.text
    assert (0, 1, AGAIN_URL) == (command.part, command.parts, command.response_url)
    assert command.id == command.parent_id != ASKED.id


def test_the_answer_that_was_pressed_is_replaced_though_the_card_was_not() -> None:
    """The first press was on a card; what comes of trying again is always told, in the place of the failure."""
    again = parsed(CommandId("c0ffee"))
    command = retry_command(parts(*[Kind.EXPIRED] * 3), replace(again, press=replace(again.press, on_answer=True)))

    assert (True, True) == (command.on_answer, command.always_reply)


def test_pressing_twice_is_one_try() -> None:
    """The second press finds the first one's command on its way."""
    known = parts(Kind.EXPIRED, Kind.EXPIRED, Kind.EXPIRED)
    first = retry_command(known, parsed(CommandId("c0ffee")))

    assert first.id == retry_command(known, parsed(CommandId("c0ffee"), "1700000019.000100")).id
    under_way = replace(known, records=(*known.records, CommandRecord(first, NOON)))
    assert "still being sent" in declined(under_way, parsed(CommandId("c0ffee")))


def test_the_button_of_an_older_try_leads_to_the_newest() -> None:
    """What the second try did is not done by a third; what it did not do is tried as it stands now."""
    known = parts(Kind.EXPIRED, Kind.EXPIRED, Kind.DONE)
    second = retry_command(known, parsed(CommandId("c0ffee")))
    ended = queue(*zip(split(second), (Kind.DONE, Kind.EXPIRED), strict=True)).records
    known = replace(known, records=(*known.records, *ended))

    third = retry_command(known, parsed(CommandId("c0ffee")))

    assert PEOPLE[1:2] == third.params.people
    assert third == retry_command(known, parsed(second.id))
    assert third.id not in {ASKED.id, second.id}


def test_what_is_done_is_not_repeated() -> None:
    """An echo may have shown meanwhile that it went through."""
    assert "already done" in declined(parts(Kind.DONE, Kind.ALREADY, Kind.DONE), parsed(CommandId("c0ffee")))


def test_what_is_not_remembered_cannot_be_tried_again() -> None:
    """Days later, or after the store lost its data: the card is the way."""
    assert "no longer stored" in declined(CommandQueue(INCIDENT), parsed(CommandId("c0ffee")))


def test_nobody_tries_again_for_somebody_else() -> None:
    """A command is carried out in the name of whoever gave it, so only they may repeat it."""
    known = queue((replace(ASKED, by=SlackActor(SlackUserId("U0BOB"), "T0ACME")), Kind.EXPIRED))

    assert "no longer stored" in declined(known, parsed(CommandId("c0ffee")))
