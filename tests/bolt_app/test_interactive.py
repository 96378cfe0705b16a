"""Slack's payloads as commands: anything at all becomes a command or `Malformed`, and one press is one command."""

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from bolt_app.commands.interactive import actor_from_payload, command_from_button
from shared.errors import Malformed
from shared.model.actions import Action
from shared.model.command import Command
from shared.model.ids import UserId
from shared.slack.render.buttons import button
from tests.builders import INCIDENT

PRESS: dict[str, Any] = {
    "type": "block_actions",
    "user": {"id": "U0ALICE", "username": "alice", "name": "alice", "team_id": "T0ACME"},
    "container": {"type": "message", "message_ts": "1700000000.000100", "channel_id": "C0INCIDENTS"},
    "team": {"id": "T0ACME", "domain": "acme"},
    "enterprise": None,
    "trigger_id": "1.2.abc",
    "channel": {"id": "C0INCIDENTS", "name": "incidents"},
    "response_url": "https://hooks.slack.com/actions/T0ACME/1/x",
    "actions": [
        {
            "type": "button",
            "action_id": "pagebridge:acknowledge",
            "block_id": "b",
            "value": "Q1INCIDENT #37",
            "action_ts": "1700000001.000200",
        }
    ],
}

STORED = TypeAdapter(Command)
TEXT = st.text(st.characters(exclude_categories=()), max_size=8)
"""Any text that JSON can carry, lone surrogates included."""
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=8,
)


def press(**changed: object) -> dict[str, Any]:
    """Make a press on Acknowledge; a keyword such as `actions__0__value` replaces what is at that place."""
    payload = copy.deepcopy(PRESS)
    for place, value in changed.items():
        put(payload, place.split("__"), value)
    return payload


def put(payload: Any, place: list[str], value: object) -> None:  # noqa: ANN401 -- JSON, in whatever shape
    """Put a value in its place."""
    for step in place[:-1]:
        payload = payload[int(step) if isinstance(payload, list) else step]
    payload[int(place[-1]) if isinstance(payload, list) else place[-1]] = value


def places(payload: object, above: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    """List every place in a payload."""
    inside = payload.items() if isinstance(payload, dict) else enumerate(payload) if isinstance(payload, list) else ()
    found = [] if not above else [above]
    for step, value in inside:
        found += places(value, (*above, str(step)))
    return found


def understood(payload: Any) -> Command | None:  # noqa: ANN401 -- anything at all
    """Translate, where `Malformed` is the only error allowed; a command must survive being stored."""
    try:
        command = command_from_button(payload)
    except Malformed:
        return None
    assert command == STORED.validate_json(STORED.dump_json(command))
    return command


@pytest.mark.parametrize(
    "seen", [None, frozenset(), frozenset({UserId("P1")}), frozenset({UserId("P1"), UserId("P2")})]
)
def test_whom_somebody_saw_can_be_read_again(seen: frozenset[UserId] | None) -> None:
    """A button that says that no one is assigned differs from one that names no assignees."""
    shown = button(Action.ACKNOWLEDGE, "Acknowledge", INCIDENT, "#37", "", seen=seen)

    assert seen == command_from_button(press(actions__0__value=shown["value"])).params.expected_assignees


def test_a_press_is_a_command() -> None:
    """Who comes from where Slack puts it, what and which incident from the button."""
    command = command_from_button(press())

    assert (Action.ACKNOWLEDGE, "Q1INCIDENT", "#37") == (command.action, command.incident, command.label)
    assert ("U0ALICE", "T0ACME", None) == (command.by.id, command.by.team, command.by.enterprise)
    assert ("C0INCIDENTS", "1700000000.000100") == (command.channel, command.message)
    assert PRESS["response_url"] == command.response_url


@pytest.mark.parametrize(("said", "on_answer"), [(True, True), (False, False), (None, False), ("true", False)])
def test_only_a_private_answer_is_replaced(said: object, on_answer: bool) -> None:  # noqa: FBT001 -- a case
    """What follows a press on a private answer stands in its place, and is told in words; a card is never replaced."""
    command = command_from_button(press(container__is_ephemeral=said))

    assert (on_answer, on_answer) == (command.on_answer, command.always_reply)


def test_a_button_without_a_number_works_too() -> None:
    """The label is for words only."""
    assert "" == command_from_button(press(actions__0__value="Q1INCIDENT")).label


def test_the_enterprise_is_who_they_are_too() -> None:
    """In an Enterprise Grid the envelope names it."""
    assert "E0ACME" == command_from_button(press(enterprise={"id": "E0ACME", "name": "Acme"})).by.enterprise


def test_a_person_without_a_team_of_their_own_has_that_of_the_payload() -> None:
    """Some payloads name the team only once."""
    assert "T0ACME" == actor_from_payload({"user": {"id": "U0ALICE"}, "team": {"id": "T0ACME"}}).team
    assert "" == actor_from_payload({"user": {"id": "U0ALICE"}, "team": None}).team


def test_the_same_press_under_another_envelope_is_the_same_command() -> None:
    """What differs when Slack sends a press again does not count."""
    again = press(trigger_id="3.4.def", response_url="https://hooks.slack.com/actions/T0ACME/2/y")

    assert command_from_button(press()).id == command_from_button(again).id


@pytest.mark.parametrize(
    ("place", "value"),
    [
        ("user__id", "U0BOB"),
        ("container__message_ts", "1700000000.000999"),
        ("actions__0__action_ts", "1700000009.000200"),
        ("actions__0__action_id", "pagebridge:escalate"),
    ],
)
def test_another_press_is_another_command(place: str, value: str) -> None:
    """Another person, message, button or moment: another wish."""
    assert command_from_button(press()).id != command_from_button(press(**{place: value})).id


@pytest.mark.parametrize(
    "value",
    [
        "",
        " ",
        " #37",
        "q1incident",
        "Q1}:incident",
        "{Q1INCIDENT}",
        "../users",
        "Q1/../users",
        "Q1?x=1",
        "Q1\n",
        "Q1\x00",
        "Q" * 33,
        "\u0661\u0662",
        "*",
        None,
        7.5,
        ["Q1INCIDENT"],
    ],
)
def test_an_incident_id_that_could_break_a_key_is_refused(value: object) -> None:
    """What is no id of PagerDuty's never becomes part of a key, a path or a log line."""
    with pytest.raises(Malformed):
        command_from_button(press(actions__0__value=value))


@pytest.mark.parametrize("place", ["actions__0__value", "user__id", "response_url", "enterprise"])
@pytest.mark.parametrize("value", ["Q1INCIDENT \ud800", 5, {"id": 5}, {"id": "\ud800"}])
def test_what_could_not_be_stored_is_refused(place: str, value: object) -> None:
    """Half a surrogate pair, or something that is no text: found out before the click is acked, not after."""
    with pytest.raises(Malformed):
        command_from_button(press(**{place: value}))


@pytest.mark.parametrize("place", ["user__id", "user__team_id", "container__channel_id", "container__message_ts"])
@pytest.mark.parametrize(
    "value", ["U" * 33, "U1> <!channel", "U1|x", "u0alice", "U\x00", "1.2.3", "U1 ", "\uff35", ["U1"]]
)
def test_what_is_no_id_of_slacks_is_refused(place: str, value: object) -> None:
    """It would become part of a card, a key and an address: no markup, and nothing without end."""
    with pytest.raises(Malformed):
        command_from_button(press(**{place: value}))


@pytest.mark.parametrize(
    "action_id", ["", "pagebridge:", "pagebridge:delete", "pagebridge:ACKNOWLEDGE", "pagebridge:snooze", None, 1]
)
def test_a_button_that_is_not_ours(action_id: object) -> None:
    """Only the actions that exist are understood."""
    with pytest.raises(Malformed):
        command_from_button(press(actions__0__action_id=action_id))


@given(JSON)
def test_anything_at_all_is_a_command_or_malformed(payload: object) -> None:
    """No payload, in whatever shape, raises anything else."""
    assert understood(payload) is None


@given(st.sampled_from(places(PRESS)), JSON)
def test_anything_anywhere_in_a_press_is_a_command_or_malformed(place: tuple[str, ...], value: object) -> None:
    """A press with something else in any one place is still a press, or is refused as a whole."""
    payload = press()
    put(payload, list(place), value)

    command = understood(payload)

    assert command is None or "Q1INCIDENT" == command.incident or ("actions" in place)


@given(st.sampled_from(places(PRESS)))
def test_what_is_missing_is_noticed(place: tuple[str, ...]) -> None:
    """A press that lacks something is understood without it, or refused."""
    payload = press()
    inside: Any = payload
    for step in place[:-1]:
        inside = inside[int(step) if isinstance(inside, list) else step]
    del inside[int(place[-1]) if isinstance(inside, list) else place[-1]]

    understood(payload)
