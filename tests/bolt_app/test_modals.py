"""The dialogs: Slack takes every one of them, and what was filled in comes back as it was meant."""

import json
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from bolt_app.commands import modal_submission
from bolt_app.commands.modal_submission import InputError, ModalInput
from bolt_app.modals import context as abouts
from bolt_app.modals import forms
from bolt_app.modals.context import ModalContext
from bolt_app.modals.inputs import Option
from bolt_app.replies.failure_text import explain_failure
from pagebridge_sandbox.slack import rendering
from pagebridge_sandbox.slack.validation import check_view
from shared.errors import Malformed, Unavailable
from shared.model.actions import Action
from shared.model.command import ActionParams
from shared.model.event import Ref
from shared.model.ids import ChannelId, MessageTs, UserId
from tests.builders import INCIDENT, NOON

ABOUT = ModalContext(
    INCIDENT,
    ChannelId("C0INCIDENTS"),
    MessageTs("1700000000.000100"),
    "https://hooks.slack.com/actions/T0ACME/1/x",
    "#37",
    "https://acme.pagerduty.com/incidents/Q1INCIDENT",
    frozenset({UserId("PALICE1")}),
)
OPTIONS = (Option("PONE", "One"), Option("PTWO", "Two"))
MANY = tuple(Option(f"P{number}", f"Number {number}") for number in range(100))
VIEWS = {
    **{action: make(ABOUT, forms.EMPTY) for action, make in forms.PLAIN.items()},
    **{
        action: forms.with_options(action, ABOUT, OPTIONS)
        for action in (Action.REASSIGN, Action.PRIORITY, Action.TRIGGER)
    },
}


def submission(action: Action, values: dict[str, Any]) -> dict[str, Any]:
    """Make the view of a submission, with the value of each field by its block."""
    return {
        "id": "V1",
        "callback_id": f"pagebridge:{action}",
        "private_metadata": abouts.dump_context(ABOUT),
        "state": {"values": {name: {"value": value} for name, value in values.items()}},
    }


DOWN = explain_failure(Unavailable("PagerDuty cannot be reached: x"), "#sre-help")


def text(value: str | None) -> dict[str, Any]:
    """Fill in a text."""
    return {"type": "plain_text_input", "value": value}


def chosen(value: str, label: str = "One") -> dict[str, Any]:
    """Choose an option."""
    return {"selected_option": {"text": {"type": "plain_text", "text": label}, "value": value}}


def read(action: Action, **values: dict[str, Any]) -> ModalInput:
    """Read what was filled in."""
    return modal_submission.parse_submission(submission(action, values))


def wrong(action: Action, **values: dict[str, Any]) -> dict[str, str]:
    """Read what cannot be taken, and return the words at the fields."""
    with pytest.raises(InputError) as raised:
        read(action, **values)
    return raised.value.errors


def test_every_action_that_asks_has_its_dialog() -> None:
    """Acknowledge asks for nothing; what asks on its button asks in a dialog when it is typed."""
    at_once = {Action.ACKNOWLEDGE, Action.UNACKNOWLEDGE, Action.STILL_ON_IT, Action.OPEN_CHANNEL}
    assert set(Action) - at_once == set(VIEWS)


@pytest.mark.parametrize("action", VIEWS)
def test_slack_takes_every_dialog(action: Action) -> None:
    """Each passes Slack's rules, and can be sent; so does what stands there while PagerDuty is asked, or is down."""
    for view in (VIEWS[action], forms.loading(action, ABOUT), forms.options_unavailable(action, ABOUT, DOWN)):
        assert [] == check_view(view, only_type="modal")
        assert f"pagebridge:{action}" == view["callback_id"]
    assert "submit" in VIEWS[action]


@pytest.mark.parametrize("action", [Action.REASSIGN, Action.TRIGGER])
@pytest.mark.parametrize("options", [(), OPTIONS[:1], MANY[:99], MANY])
def test_any_number_of_choices(action: Action, options: Sequence[Option]) -> None:
    """None, one, as many as Slack lists, and more: then people type what they look for."""
    view = forms.with_options(action, ABOUT, options)

    assert [] == check_view(view, only_type="modal")
    assert (len(options) == len(MANY)) is ("external_select" in json.dumps(view))


@given(st.text(), st.text(), st.text(), st.text(min_size=1))
def test_any_words_make_a_dialog_that_slack_takes(label: str, url: str, title: str, name: str) -> None:
    """Whatever an incident, a service or a title is called."""
    context = replace(ABOUT, label=label, url=url)
    options = (Option("P1", name),)

    for action in Action:
        if action in forms.PLAIN:
            assert [] == check_view(forms.PLAIN[action](context, forms.Initial(title)), only_type="modal")
        elif action in VIEWS:
            assert [] == check_view(
                forms.with_options(action, context, options, forms.Initial(title)), only_type="modal"
            )


def test_what_a_reassignment_means_is_said() -> None:
    """A person directly: nobody else is paged. A policy: from its first level."""
    read_by_people = "\n".join(rendering.render_blocks(VIEWS[Action.REASSIGN]["blocks"], str))

    assert "Only this person is notified and escalation stops" in read_by_people
    assert "Pages the first level" in read_by_people


def test_pagerduty_down_says_what_to_do() -> None:
    """Nothing was sent, try again, or do it there; what was typed is given back."""
    view = forms.options_unavailable(Action.REASSIGN, ABOUT, DOWN, "Checkout <is> down")
    shown = "\n".join(rendering.render_blocks(view["blocks"], str))

    assert "PagerDuty can't be reached" in shown
    assert "Nothing was sent" in shown
    assert "do it in PagerDuty" in shown
    assert "Checkout <is> down" in shown


@pytest.mark.parametrize(
    ("action", "values", "terms"),
    [
        (Action.NOTE, {"text": text(" Rolled back\nto 4.2 ")}, ActionParams(text="Rolled back\nto 4.2")),
        (Action.STATUS_UPDATE, {"text": text("We are on it")}, ActionParams(text="We are on it")),
        (Action.RESOLVE, {"text": text(None)}, ActionParams()),
        (Action.RESOLVE, {"text": text("Restarted")}, ActionParams(text="Restarted")),
        (Action.SNOOZE, {"how_long": chosen("4")}, ActionParams(seconds=4 * 3600)),
        (Action.PRIORITY, {"priority": chosen("PONE")}, ActionParams(priority=Ref("PONE", "One"))),
        (
            Action.REASSIGN,
            {"policy": chosen("PONE"), "person": {"selected_user": None}, "mine": {"selected_options": []}},
            ActionParams(policy=Ref("PONE", "One"), expected_assignees=ABOUT.seen),
        ),
        (
            Action.TRIGGER,
            {"service": chosen("PONE"), "title": text("Slow"), "urgency": chosen("low"), "text": text("since noon")},
            ActionParams(text="since noon", service=Ref("PONE", "One"), title="Slow", urgency="low"),
        ),
    ],
)
def test_what_was_filled_in(action: Action, values: dict[str, Any], terms: ActionParams) -> None:
    """Each field comes back as the term it stands for, with what the dialog was about."""
    assert ModalInput(action, ABOUT, terms) == replace(read(action, **values), user_block="")


def test_people_chosen_in_slack() -> None:
    """They are still Slack's, each once; whoever takes it is known from the envelope."""
    helpers = read(Action.ADD_RESPONDERS, people={"selected_users": ["U0BOB", "U0ZOE", "U0BOB"]}, text=text("Help"))
    person = read(Action.REASSIGN, person={"selected_user": "U0BOB"})

    assert ("U0BOB", "U0ZOE") == helpers.selected_users
    assert "Help" == helpers.terms.text
    assert (("U0BOB",), "person", False) == (person.selected_users, person.user_block, person.assign_to_me)
    assert read(Action.REASSIGN, mine={"selected_options": [{"value": "mine"}]}).assign_to_me


@pytest.mark.parametrize(
    ("action", "values", "field"),
    [
        (Action.NOTE, {"text": text("  \n ")}, "text"),
        (Action.STATUS_UPDATE, {"text": text(None)}, "text"),
        (Action.REASSIGN, {}, "mine"),
        (Action.REASSIGN, {"person": {"selected_user": "U0BOB"}, "policy": chosen("PONE")}, "mine"),
        (Action.REASSIGN, {"person": {"selected_user": "U0BOB"}, "mine": {"selected_options": [1]}}, "mine"),
        (Action.ADD_RESPONDERS, {"people": {"selected_users": []}}, "people"),
        (Action.SNOOZE, {"how_long": chosen("until"), "until": {"selected_date_time": None}}, "until"),
        (Action.SNOOZE, {"how_long": chosen("4"), "until": {"selected_date_time": 1}}, "how_long"),
        (Action.PRIORITY, {}, "priority"),
        (Action.TRIGGER, {"service": chosen("PONE"), "title": text(" ")}, "title"),
        (Action.TRIGGER, {"title": text("Slow")}, "service"),
    ],
)
def test_what_cannot_be_taken_is_said_at_its_field(action: Action, values: dict[str, Any], field: str) -> None:
    """The field is one that the dialog has, and the words end like a sentence."""
    (at, words), *others = wrong(action, **values).items()

    assert (field, []) == (at, others)
    assert field in {block.get("block_id") for block in VIEWS[action]["blocks"]}
    assert words.endswith(".")


@pytest.mark.parametrize(
    ("wake", "zone", "seconds"),
    [
        (NOON // 1000 + 60, "", 60),
        (NOON // 1000 + 7 * 86400, "", 7 * 86400),
        # NOON is 22:13:20 UTC on a Tuesday in November.
        ("tomorrow", "Etc/UTC", 10 * 3600 + 46 * 60 + 40),
        ("tomorrow", "Europe/Berlin", 9 * 3600 + 46 * 60 + 40),
        ("tomorrow", "Asia/Tokyo", 24 * 3600 + 3600 + 46 * 60 + 40),
    ],
)
def test_until_when_a_snooze_lasts(wake: str | int, zone: str, seconds: int) -> None:
    """Tomorrow morning is tomorrow where the person is."""
    assert seconds == modal_submission.snooze_seconds(wake, NOON, zone)


def test_tomorrow_morning_when_the_clocks_change() -> None:
    """The night in which Berlin loses an hour is one hour shorter."""
    evening = int(datetime(2026, 3, 28, 20, tzinfo=UTC).timestamp()) * 1000

    assert 11 * 3600 == modal_submission.snooze_seconds("tomorrow", evening, "Europe/Berlin")


@pytest.mark.parametrize(
    ("wake", "zone", "words"),
    [
        (NOON // 1000, "", "has passed"),
        (NOON // 1000 + 7 * 86400 + 1, "", "7 days"),
        ("tomorrow", "", "time zone"),
        ("tomorrow", "Mars/Olympus", "time zone"),
        ("tomorrow", "../../etc/passwd", "time zone"),
    ],
)
def test_a_time_that_pagerduty_would_not_take(wake: str | int, zone: str, words: str) -> None:
    """In the past, too far away, or nobody knows where the person is: said at the date."""
    with pytest.raises(InputError) as raised:
        modal_submission.snooze_seconds(wake, NOON, zone)
    assert words in raised.value.errors["until"]


def test_what_a_dialog_is_about_travels_with_it() -> None:
    """It comes back as it was; what is too long leaves out hints, and never the incident."""
    crowd = replace(ABOUT, seen=frozenset(UserId(f"P{number:013}") for number in range(400)))
    endless = replace(ABOUT, url="https://acme.pagerduty.com/" + "x" * 3000)

    assert ABOUT == abouts.parse_context(abouts.dump_context(ABOUT))
    assert replace(ABOUT, seen=None) == abouts.parse_context(abouts.dump_context(crowd))
    assert replace(ABOUT, seen=None, url="") == abouts.parse_context(abouts.dump_context(endless))


STORED = TypeAdapter(ActionParams)
FIELDS = sorted({block["block_id"] for view in VIEWS.values() for block in view["blocks"] if block["type"] == "input"})
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(exclude_categories=()), max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["value", "selected_option", "selected_users", "text"]), inner, max_size=3)
    ),
    max_leaves=8,
)


@given(st.sampled_from(Action), st.dictionaries(st.sampled_from(FIELDS), JSON, max_size=3), JSON)
def test_anything_filled_in_is_taken_wrong_or_malformed(
    action: Action, values: dict[str, Any], metadata: object
) -> None:
    """What Slack would never send is refused as a whole, never halfway."""
    view = submission(action, values)

    for strange in (view, {**view, "private_metadata": metadata}, {**view, "state": metadata}):
        with suppress(InputError, Malformed):
            STORED.dump_json(modal_submission.parse_submission(strange).terms)


def test_the_highest_of_very_many_priorities_can_be_chosen() -> None:
    """No menu that asks us while people type: there is no search for priorities."""
    view = forms.priority(ABOUT, [Option(f"P{number}", f"P{number}") for number in range(150)])
    element = view["blocks"][0]["element"]
    assert [] == check_view(view, only_type="modal")
    assert ("static_select", "P0") == (element["type"], element["options"][0]["value"])


@pytest.mark.parametrize("until", [float("inf"), float("nan"), "1e999", [], {"x": 1}])
def test_a_date_that_is_none_is_malformed(until: object) -> None:
    """JSON has numbers that no calendar has."""
    with pytest.raises(Malformed):
        read(Action.SNOOZE, how_long={"selected_option": {"value": "until"}}, until={"selected_date_time": until})


@pytest.mark.parametrize("value", ["", "P1/../users", "P1 ", "é", "P1\n", 5, None])
def test_ids_that_could_break_out_are_refused(value: object) -> None:
    """An id becomes part of a path: letters and digits only."""
    with pytest.raises(Malformed):
        read(Action.PRIORITY, priority={"selected_option": {"text": {"text": "One"}, "value": value}})
