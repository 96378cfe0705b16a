"""`ack mine`: everything that one press acknowledges was seen before, and each is a command of its own."""

import json
from dataclasses import replace
from typing import Any

import pytest

from bolt_app.open_incidents import OpenIncident
from bolt_app.queries.acknowledge_mine import MOST_INCIDENTS, accepted_reply, command_from_press, lost_reply, preview
from pagebridge_sandbox.slack.validation import MAX_BLOCKS_SIZE, check_blocks
from shared.errors import Malformed
from shared.model.actions import Action
from shared.model.command import split
from shared.model.ids import IncidentId
from shared.slack.render.buttons import ACK_MINE
from tests.builders import NOON, snapshot


def waiting(count: int, title: str = "Checkout is slow") -> list[OpenIncident]:
    """Make incidents that wait for an acknowledge."""
    shown = replace(snapshot(title=title), url="https://acme-of-a-long-name.pagerduty.com/incidents/Q0123456789ABC")
    return [OpenIncident(IncidentId(f"Q{at:013}"), replace(shown, number=100_000 + at)) for at in range(count)]


def press(value: object, **changed: object) -> dict[str, Any]:
    """Make the press on the button."""
    action = {"type": "button", "action_id": ACK_MINE, "value": value, "action_ts": "1700000001.000200"}
    return {
        "type": "block_actions",
        "user": {"id": "U0ALICE", "team_id": "T0ACME"},
        "container": {"type": "message", "message_ts": "1700000000.000100", "channel_id": "C0INCIDENTS"},
        "response_url": "https://hooks.slack.com/actions/T0ACME/1/x",
        "trigger_id": "1.2.abc",
        "actions": [{**action, **changed}],
    }


@pytest.mark.parametrize("count", [1, 2, MOST_INCIDENTS, MOST_INCIDENTS + 30])
def test_what_is_seen_is_what_is_acknowledged(count: int) -> None:
    """Each incident that the button acknowledges stands above it by its number; of further ones the number is told."""
    found = waiting(count, "<!here> & such " * 40)

    shown = preview(found, NOON + 120_000, "/pd")

    value = shown.blocks[-1]["elements"][0]["value"]
    commands = split(command_from_press(press(value)))
    assert [one.id for one in found[:MOST_INCIDENTS]] == [command.incident for command in commands]
    assert all(f"*{command.label}*" in shown.text for command in commands)
    assert (count > MOST_INCIDENTS) == ("30 more" in shown.text)
    assert [] == check_blocks(list(shown.blocks))
    assert MAX_BLOCKS_SIZE > len(json.dumps(shown.blocks, ensure_ascii=False))


def test_each_is_a_command_of_its_own() -> None:
    """One press is one command, split into one for each incident; a redelivered press makes the same."""
    whole = command_from_press(press("Q1:37 Q2:38 Q1:37"))
    commands = split(whole)

    assert ["#37", "#38"] == [command.label for command in commands]
    assert ["Q1", "Q2"] == [command.incident for command in commands]
    assert 2 == len({command.id for command in commands})
    assert {whole.incident} == {command.together for command in commands}
    assert all(command.action is Action.ACKNOWLEDGE and command.always_reply for command in commands)
    assert whole == command_from_press(press("Q1:37 Q2:38"))
    assert whole.id != command_from_press(press("Q1:37 Q2:38", action_ts="1700000009.000100")).id


def test_one_incident_is_an_ordinary_command() -> None:
    """A press on one incident is told like any other."""
    command = command_from_press(press("Q1:37"))

    assert ("Q1", "#37", None, (command,)) == (command.incident, command.label, command.together, split(command))


@pytest.mark.parametrize("value", ["q1", "../x:1", 7, None, "Q1:\ud800"])
def test_what_the_button_cannot_have_sent_is_malformed(value: object) -> None:
    """No other text becomes an incident."""
    with pytest.raises(Malformed):
        split(command_from_press(press(value)))


def test_what_is_lost_is_said() -> None:
    """A press that could not be stored names every incident, and how to go on."""
    command = command_from_press(press("Q1:37 Q2:38 Q3:39"))

    assert "Acknowledging 3 incidents: #37, #38, #39" in accepted_reply(command).text
    assert "nothing was sent:* #37, #38, #39" in lost_reply(command, "/pd").text
    assert "/pd ack 37" in lost_reply(command, "/pd").text
