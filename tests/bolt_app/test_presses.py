"""Menus, levels, "Try again" and dialogs: what our own buttons write is read back, and nothing else is."""

import json
from contextlib import suppress
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bolt_app.commands.interactive import (
    command_from_button,
    command_from_submission,
    parse_modal_request,
    parse_retry,
)
from bolt_app.modals import context as abouts
from bolt_app.modals.context import ModalContext
from bolt_app.replies.outcome_text import outcome_reply
from pagebridge_sandbox.slack.validation import MAX_BLOCKS_SIZE, check_blocks
from shared.errors import Malformed
from shared.model.actions import Action
from shared.model.command import ActionParams
from shared.model.event_types import Status
from shared.model.ids import ChannelId, CommandId, UserId
from shared.model.outcome import Choice, Kind, Outcome
from shared.slack.render.buttons import actions, level_buttons, retry_button
from tests.bolt_app.test_interactive import JSON, places, press, put
from tests.builders import ALICE, INCIDENT, snapshot

SHOWN = snapshot(Status.ACKNOWLEDGED, "Slow", ALICE)
URL = "https://acme.pagerduty.com/incidents/Q1INCIDENT"
SEEN = frozenset({UserId("PALICE1")})
COMMAND = replace(command_from_button(press()), label="#37", url=URL, params=ActionParams(expected_assignees=SEEN))
VIEW: dict[str, Any] = {
    "type": "view_submission",
    "user": {"id": "U0ALICE", "team_id": "T0ACME"},
    "team": {"id": "T0ACME"},
    "trigger_id": "1.2.abc",
    "view": {"id": "V0NOTE", "callback_id": "pagebridge:note"},
}


def pressed(element: dict[str, Any], option: str = "") -> dict[str, Any]:
    """Press an element of ours, or an entry of a menu by its label."""
    action: dict[str, Any] = {key: value for key, value in element.items() if key in {"action_id", "value"}}
    if option:
        action["selected_option"] = next(o for o in element["options"] if o["text"]["text"] == option)
    return press(actions__0=action | {"action_ts": "1700000001.000200"})


def on_card(label: str) -> dict[str, Any]:
    """Press what bears this label on a card: a button or an entry of the menu."""
    *row, menu = actions(INCIDENT, SHOWN)["elements"]
    found = [element for element in row if element["text"]["text"] == label]
    return pressed(found[0]) if found else pressed(menu, label)


@pytest.mark.parametrize(
    ("label", "action"),
    [
        ("Add note", Action.NOTE),
        ("Reassign", Action.REASSIGN),
        ("Resolve", Action.RESOLVE),
        ("Add responders", Action.ADD_RESPONDERS),
        ("Snooze", Action.SNOOZE),
        ("Change priority", Action.PRIORITY),
        ("Status update", Action.STATUS_UPDATE),
    ],
)
def test_what_asks_for_a_dialog(label: str, action: Action) -> None:
    """The dialog knows the incident, the place and the way to answer; a reassignment also whom the card showed."""
    found = parse_modal_request(on_card(label))

    assert found is not None
    seen = SEEN if action is Action.REASSIGN else None
    assert (action, INCIDENT, "#37", URL, seen) == (
        found.action,
        found.context.incident,
        found.context.label,
        found.context.url,
        found.context.seen,
    )
    assert ("C0INCIDENTS", "U0ALICE", "1.2.abc") == (found.context.channel, found.by.id, found.trigger_id)


def test_details_are_no_action() -> None:
    """They are about the incident of the card, and nothing is done."""
    found = parse_modal_request(on_card("Details"))

    assert found is not None
    assert (None, INCIDENT, "#37", URL) == (
        found.action,
        found.context.incident,
        found.context.label,
        found.context.url,
    )


def test_opening_a_page_asks_for_nothing() -> None:
    """The entry of the menu that is only a link is pressed too, as far as Slack is concerned."""
    options = actions(INCIDENT, replace(SHOWN, status=Status.TRIGGERED))["elements"][-1]

    assert parse_modal_request(pressed(options, "Open in PagerDuty")) is None


def test_an_escalation_knows_whom_the_person_saw() -> None:
    """It is done at once, and refused later if the incident has moved on."""
    command = command_from_button(on_card("Escalate"))

    assert (Action.ESCALATE, SEEN, None) == (command.action, command.params.expected_assignees, command.params.level)


@pytest.mark.parametrize("seen", [None, frozenset(), SEEN])
def test_a_level_is_an_escalation_to_it(seen: frozenset[UserId] | None) -> None:
    """What is sent is what the person read."""
    escalation = replace(COMMAND, action=Action.ESCALATE, params=ActionParams(expected_assignees=seen))
    made = level_buttons(escalation, (Choice(1, ("Alice",)), Choice(2, ())))

    command = command_from_button(pressed(made[1]))

    assert (Action.ESCALATE, INCIDENT, 2, seen) == (
        command.action,
        command.incident,
        command.params.level,
        command.params.expected_assignees,
    )
    assert ("#37", URL) == (command.label, command.url)
    assert command.id != command_from_button(pressed(made[0])).id


@pytest.mark.parametrize(("levels", "people"), [(1, 150), (3, 150), (20, 150), (20, 3)])
def test_however_many_assignees_the_levels_can_be_chosen(levels: int, people: int) -> None:
    """What has no room in the buttons is left out: first who was seen, never the incident or the level."""
    seen = frozenset(UserId(f"P{number:013}") for number in range(people))
    escalation = replace(COMMAND, action=Action.ESCALATE, params=ActionParams(expected_assignees=seen))
    choices = tuple(Choice(level, ("Alice", "Bob")) for level in range(1, levels + 1))

    blocks = list(outcome_reply(escalation, Outcome(Kind.CHOOSE, choices=choices), URL).blocks)

    assert ([], True) == (check_blocks(blocks), len(json.dumps(blocks)) < MAX_BLOCKS_SIZE)
    command = command_from_button(pressed(blocks[1]["elements"][-1]))
    assert (INCIDENT, "#37", URL, levels) == (command.incident, command.label, command.url, command.params.level)
    assert command.params.expected_assignees in ({seen} if people == 3 else {None})


def test_trying_again_names_the_whole_command() -> None:
    """A part's button is about all parts."""
    failed = replace(COMMAND, action=Action.ADD_RESPONDERS, id=CommandId("c0ffee.1"))

    found = parse_retry(pressed(retry_button(failed, Outcome(Kind.EXPIRED))))

    assert ("c0ffee", INCIDENT) == (found.command, found.incident)


def test_an_acknowledge_and_what_was_not_kept_are_pressed_anew() -> None:
    """Nothing needs to be remembered of them."""
    acknowledge = retry_button(COMMAND, Outcome(Kind.EXPIRED))
    escalate = retry_button(replace(COMMAND, action=Action.ESCALATE), Outcome(Kind.NOT_STORED))

    assert Action.ACKNOWLEDGE is command_from_button(pressed(acknowledge)).action
    assert (Action.ESCALATE, SEEN) == (
        command_from_button(pressed(escalate)).action,
        command_from_button(pressed(escalate)).params.expected_assignees,
    )


def test_a_submission_is_one_command_however_often_it_comes() -> None:
    """The dialog names it: another envelope or another try of the same dialog is the same wish."""
    about = ModalContext(INCIDENT, ChannelId("C0INCIDENTS"), None, "https://hooks.slack.com/x", "#37", URL)

    command = command_from_submission(VIEW, Action.NOTE, about, ActionParams(text="Hi"))

    assert (
        command.id
        == command_from_submission({**VIEW, "trigger_id": "9.9.z"}, Action.NOTE, about, ActionParams(text="Hi")).id
    )
    assert (
        command.id
        != command_from_submission({**VIEW, "user": {"id": "U0BOB"}}, Action.NOTE, about, ActionParams(text="Hi")).id
    )
    assert (INCIDENT, "Hi", "U0ALICE", "#37") == (command.incident, command.params.text, command.by.id, command.label)


def test_a_new_incident_has_a_place_of_its_own() -> None:
    """Each wish for one waits in a queue of its own, under a name that is no incident's."""
    about = ModalContext(None, ChannelId("C0INCIDENTS"), None, "")

    command = command_from_submission(VIEW, Action.TRIGGER, about, ActionParams(title="Slow"))

    assert "NEW" + command.id.upper() == command.incident
    with pytest.raises(Malformed):
        command_from_submission(VIEW, Action.NOTE, about, ActionParams(text="Hi"))
    with pytest.raises(Malformed):
        command_from_submission(VIEW, Action.TRIGGER, replace(about, incident=INCIDENT), ActionParams(title="Slow"))


@pytest.mark.parametrize("read", [parse_modal_request, command_from_button, parse_retry])
@pytest.mark.parametrize(
    ("action_id", "value"),
    [
        ("pagebridge:note", "../users #37"),
        ("pagebridge:acknowledge", "q1"),
        ("pagebridge:menu", "acknowledge q1"),
        ("pagebridge:menu", "trigger Q1INCIDENT"),
        ("pagebridge:level:", "Q1INCIDENT #37 -"),
        ("pagebridge:level:x", "Q1INCIDENT #37 -"),
        ("pagebridge:level:0", "Q1INCIDENT #37 -"),
        ("pagebridge:retry", "c0ffee"),
        ("pagebridge:retry", "c0/ffee Q1INCIDENT"),
        ("pagebridge:retry", "c0ffee q1"),
    ],
)
def test_what_none_of_ours_writes_is_refused(read: Any, action_id: str, value: str) -> None:  # noqa: ANN401 -- three kinds
    """A value that was tampered with, or of another kind of button."""
    with pytest.raises(Malformed):
        read(press(actions__0__action_id=action_id, actions__0__value=value))


@given(st.sampled_from(["Snooze", "Reassign"]), st.sampled_from(places(on_card("Snooze"))), JSON)
def test_anything_anywhere_is_understood_or_malformed(label: str, place: tuple[str, ...], value: object) -> None:
    """No payload, in whatever shape, raises anything else."""
    payload = on_card(label)
    with suppress(KeyError):
        put(payload, list(place), value)

    for read in (parse_modal_request, parse_retry, command_from_button):
        with suppress(Malformed):
            read(payload)


def test_what_a_dialog_carries_survives() -> None:
    """From the card into the dialog and back."""
    found = parse_modal_request(on_card("Reassign"))

    assert found is not None
    assert found.context == abouts.parse_context(abouts.dump_context(found.context))
