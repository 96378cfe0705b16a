"""The payload of a slash command: read strictly, and the same command however often it is delivered."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bolt_app.commands.incident_lookup import Target
from bolt_app.commands.slash_grammar import ParsedCommand
from bolt_app.commands.slash_payload import parse_slash_payload
from bolt_app.commands.verbs import Verb
from shared.errors import Malformed
from shared.model.actions import Action
from shared.model.event_types import Status
from shared.model.ids import UserId
from tests.builders import ALICE, BOB, INCIDENT, snapshot

PAYLOAD: dict[str, Any] = {
    "token": "verification-token",
    "team_id": "T0ACME",
    "team_domain": "acme",
    "channel_id": "C0INCIDENTS",
    "channel_name": "incidents",
    "user_id": "U0ALICE",
    "user_name": "alice",
    "command": "/pd",
    "text": "note 37 Rolled back",
    "api_app_id": "A0APP",
    "is_enterprise_install": "false",
    "response_url": "https://hooks.slack.com/commands/T0ACME/1/x",
    "trigger_id": "1.2.abc",
}
TEXT = st.text(st.characters(exclude_categories=()), max_size=8)


def test_what_was_typed_where_and_by_whom() -> None:
    """The person is whom Slack names, in the workspace and organisation that Slack names."""
    what = parse_slash_payload({**PAYLOAD, "enterprise_id": "E0ACME"})

    assert ("U0ALICE", "T0ACME", "E0ACME") == (what.by.id, what.by.team, what.by.enterprise)
    assert ("/pd", "note 37 Rolled back", "C0INCIDENTS") == (what.command, what.text, what.channel)


def test_a_redelivery_is_the_same_command_and_nothing_else_is() -> None:
    """The id comes from who, where, which command and which typing of it."""
    known = parse_slash_payload(PAYLOAD).id

    assert known == parse_slash_payload({**PAYLOAD, "response_url": "https://hooks.slack.com/other"}).id
    assert known != parse_slash_payload({**PAYLOAD, "trigger_id": "1.3.abd"}).id
    assert known != parse_slash_payload({**PAYLOAD, "user_id": "U0BOB"}).id


@given(st.sampled_from(sorted(PAYLOAD)), st.none() | TEXT | st.integers() | st.lists(TEXT, max_size=2))
def test_any_payload_is_read_or_malformed(name: str, value: object) -> None:
    """Whatever stands in a field, nothing but `Malformed` comes of it, and what is read can be stored."""
    try:
        what = parse_slash_payload({**PAYLOAD, name: value})
    except Malformed:
        return
    assert what.text.encode() is not None


@pytest.mark.parametrize("name", ["user_id", "channel_id", "trigger_id"])
def test_what_names_nobody_and_nothing_is_malformed(name: str) -> None:
    """Without these there is nobody to answer, or no telling one command from another."""
    with pytest.raises(Malformed):
        parse_slash_payload({key: value for key, value in PAYLOAD.items() if key != name})


@pytest.mark.parametrize("name", ["user_id", "team_id", "enterprise_id", "channel_id"])
def test_what_is_no_id_of_slacks_is_malformed(name: str) -> None:
    """It would become part of a card and of addresses."""
    with pytest.raises(Malformed):
        parse_slash_payload({**PAYLOAD, name: "U1> <!channel"})


def test_a_wish_becomes_a_command() -> None:
    """It is answered in words, in its own place, and knows whom its person saw assigned."""
    target = Target.from_snapshot(INCIDENT, snapshot(Status.TRIGGERED, "Checkout is slow", ALICE, BOB))

    command = target.command(ParsedCommand(Verb.NOTE, "37", "Rolled back"), parse_slash_payload(PAYLOAD))

    assert (Action.NOTE, INCIDENT, "#37", "Rolled back") == (
        command.action,
        command.incident,
        command.label,
        command.params.text,
    )
    assert command.always_reply
    assert command.message is None
    assert command.response_url == PAYLOAD["response_url"]
    assert command.params.expected_assignees == frozenset({UserId("PALICE1"), UserId("PBOB001")})
