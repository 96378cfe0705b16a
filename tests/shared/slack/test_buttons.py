"""What can be pressed on a card: in each state what works there, and nothing that hurts in Acknowledge's place."""

import json
from dataclasses import replace
from itertools import chain, combinations, product
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pagebridge_sandbox.slack.validation import check_blocks
from shared.model.actions import SPECS, Action
from shared.model.event import Ref, Snapshot
from shared.model.event_types import Status
from shared.slack.render.buttons import EVERYTHING, MENU_ROW, ROW, actions, button
from tests.builders import ALICE, BOB, INCIDENT, snapshot

HARMFUL = {"Escalate", "Resolve"}
SOME = frozenset({Action.ADD_RESPONDERS, Action.PRIORITY, Action.SNOOZE, Action.ESCALATE})
"""What may be missing: by account or by urgency."""


def shown(status: Status, urgency: str = "high") -> Snapshot:
    """Make an incident in a state, assigned to Alice and Bob."""
    return replace(snapshot(status, "Slow", ALICE, BOB), urgency=urgency)


def row(status: Status, urgency: str = "high", able: frozenset[Action] = EVERYTHING) -> list[str]:
    """List the labels of the buttons, without the menu."""
    made = actions(INCIDENT, shown(status, urgency), able)
    return [element["text"]["text"] for element in made["elements"] if element["type"] == "button"]


def menu(status: Status, able: frozenset[Action] = EVERYTHING) -> list[str]:
    """List what is in the menu."""
    made = actions(INCIDENT, shown(status), able)["elements"][-1]
    return [option["text"]["text"] for option in made["options"]]


def pressable(label: str, status: Status = Status.TRIGGERED) -> dict[str, Any]:
    """Find a button by its label."""
    elements = actions(INCIDENT, shown(status))["elements"]
    return next(element for element in elements if element.get("text", {}).get("text") == label)


@pytest.mark.parametrize("urgency", ["high", "low"])
@pytest.mark.parametrize("status", Status)
def test_each_state_offers_what_works_in_it(status: Status, urgency: str) -> None:
    """A button for each action that works; which these are, in their order, stands on `tests/words/cards.md`."""
    works = [SPECS[action].label for action in ROW if status in SPECS[action].works_in]
    offered = row(status, urgency)

    assert not check_blocks([actions(INCIDENT, shown(status, urgency))])
    assert set(offered) <= set(works)
    assert [] == [label for label in works if label not in offered and urgency == "high"]
    assert ("Acknowledge" in offered) is (status is Status.TRIGGERED)


def test_pagerduty_snoozes_only_what_is_acknowledged() -> None:
    """Snooze is in the menu of an acknowledged incident and of no other."""
    assert [False, True, False] == ["Snooze" in menu(status) for status in Status]


def test_what_the_account_cannot_do_is_not_offered() -> None:
    """Without priorities or coordinated responding there is nothing to press for them."""
    able = EVERYTHING - {Action.PRIORITY, Action.ADD_RESPONDERS}

    assert ["Snooze", "Status update", "Details", "Open in PagerDuty"] == menu(Status.ACKNOWLEDGED, able)


def test_low_urgency_cannot_be_escalated() -> None:
    """PagerDuty does not escalate it, so there is no button for it."""
    assert "Escalate" in row(Status.TRIGGERED)
    assert "Escalate" not in row(Status.TRIGGERED, "low")


def test_nothing_harmful_ever_takes_the_place_of_acknowledge() -> None:
    """Whatever a card changes from and to: a late second press never escalates or resolves."""
    lacking = chain.from_iterable(combinations(SOME, count) for count in range(len(SOME) + 1))
    cards = [
        row(status, urgency, EVERYTHING - set(missing))
        for status, urgency, missing in product(Status, ("high", "low"), lacking)
    ]
    for before, after in product(cards, cards):
        if "Acknowledge" in before:
            place = before.index("Acknowledge")
            assert place >= len(after) or after[place] not in HARMFUL


def test_only_escalate_asks_first() -> None:
    """Seconds matter for an acknowledge, the others open a dialog; escalating pages somebody at once."""
    elements = actions(INCIDENT, shown(Status.TRIGGERED))["elements"]

    assert ["Escalate"] == [e["text"]["text"] for e in elements if "confirm" in e]
    assert "Pages the next level" in pressable("Escalate")["confirm"]["text"]["text"]
    assert ["Acknowledge"] == [e["text"]["text"] for e in elements if e.get("style") == "primary"]


@pytest.mark.parametrize(("label", "carried"), [("Escalate", True), ("Reassign", True), ("Add note", False)])
def test_what_moves_it_carries_whom_the_card_showed(label: str, carried: bool) -> None:  # noqa: FBT001 -- of the table
    """Escalate and Reassign must not undo what the person has not seen."""
    assert carried is ("PALICE1,PBOB001" in pressable(label)["value"])


def test_what_has_no_room_is_left_out() -> None:
    """A hundred assignees and an endless address do not make a button that Slack refuses."""
    crowd = tuple(Ref(f"P{number:013}") for number in range(200))
    crowded = replace(shown(Status.ACKNOWLEDGED), assignees=crowd)
    endless = replace(crowded, url="https://acme.pagerduty.com/incidents/" + "Q" * 3000)

    for hard in (crowded, replace(endless, assignees=())):
        made = actions(INCIDENT, hard)
        assert all(element["value"].startswith("Q1INCIDENT #37") for element in made["elements"] if "value" in element)
        assert not check_blocks([{**made, "elements": made["elements"][:4]}])


@pytest.mark.parametrize("status", Status)
def test_a_menu_has_room_for_all_that_works_and_for_details(status: Status) -> None:
    """Slack shows five entries: one more action in the menu would push Details out, so it has to be a button."""
    works = [SPECS[action].label for action in MENU_ROW if status in SPECS[action].works_in]

    assert [*works, "Details"] == menu(status)[: len(works) + 1]


def test_menus_hold_what_slack_takes() -> None:
    """An entry's value has 150 characters at most: the incident always, its page where there is room."""
    far = replace(shown(Status.ACKNOWLEDGED), url="https://acme.pagerduty.com/incidents/" + "Q" * 130)
    entries = actions(INCIDENT, far)["elements"][-1]["options"]

    assert "snooze Q1INCIDENT #37" == next(o["value"] for o in entries if o["text"]["text"] == "Snooze")
    assert not check_blocks([actions(INCIDENT, far)])


@given(st.sampled_from(Status), st.text(), st.text(), st.integers(0, 10**12), st.sets(st.sampled_from(Action)))
def test_any_incident_has_buttons_that_slack_takes(
    status: Status, urgency: str, url: str, number: int, able: set[Action]
) -> None:
    """No text from PagerDuty makes a card that Slack refuses."""
    made = actions(INCIDENT, replace(shown(status, urgency), url=url, number=number), frozenset(able) | {Action.NOTE})

    assert not check_blocks([made])


@pytest.mark.parametrize("action", ROW)
def test_a_button_reads_well_aloud(action: Action) -> None:
    """Several cards have the same buttons: a screen reader hears which incident."""
    made = button(action, "Do it", INCIDENT, "#37", "")

    assert "Do it: incident #37" == made["accessibility_label"]
    assert "Q1INCIDENT #37" == made["value"]
    assert json.dumps(made)
