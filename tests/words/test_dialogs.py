"""The dialogs: as each opens, while it loads, when there is nothing to offer, and every mistake it points out."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from bolt_app.commands import modal_submission
from bolt_app.commands.modal_submission import InputError
from bolt_app.commands.several import dump_wish, parse_choice
from bolt_app.commands.verbs import Scope
from bolt_app.listeners import view_submissions
from bolt_app.modals import context, forms, several
from bolt_app.modals.context import ModalContext
from bolt_app.modals.forms import LATER, UNTIL
from bolt_app.modals.inputs import MOST_OPTIONS, Option
from bolt_app.modals.several import Chosen
from bolt_app.queries import incident_details
from bolt_app.queries.list_incidents import NONE
from bolt_app.queries.show_incident import IncidentView
from bolt_app.replies.failure_text import explain_failure, not_sent_text
from shared.errors import BadCredentials, Malformed, Queued, Refused, StoreDown, Unavailable, Uncertain
from shared.model.actions import SPECS, Action
from shared.model.command import ActionParams
from shared.model.event import Ref
from shared.model.event_types import Status
from shared.model.ids import ChannelId
from shared.slack.render.blocks import Block
from tests.builders import BOB, INCIDENT, NOON
from tests.words import slack_text
from tests.words.incidents import open_incidents, whole
from tests.words.page import Page

HERE = ModalContext(
    INCIDENT, ChannelId("C0INCIDENTS"), None, "", "#37", "https://acme.pagerduty.com/incidents/Q1INCIDENT"
)
LONG = ActionParams(text="The pool was full. " * 200)
NEW = ModalContext(None, ChannelId("C0INCIDENTS"), None, "")
OFFERED = {
    Action.REASSIGN: (Option("PPOL001", "Payments on-call"), Option("PPOL002", "Database on-call")),
    Action.PRIORITY: (Option("PPRIO01", "P1"), Option("PPRIO02", "P2")),
    Action.TRIGGER: (Option("PSVC001", "checkout-api"), Option("PSVC002", "search")),
}
"""What PagerDuty offers in the dialogs that ask it."""
FAILURES: tuple[tuple[str, Exception], ...] = (
    ("PagerDuty can't be reached", Unavailable("PagerDuty cannot be reached: ClientConnectorError")),
    ("PagerDuty limits the bridge", Unavailable("PagerDuty answered: Rate Limit Exceeded", limited=True)),
    ("PagerDuty fails", Uncertain("PagerDuty answered with HTTP status 503")),
    ("PagerDuty rejects the token", BadCredentials("PagerDuty answered: Unauthorized", 2006, 401)),
    ("PagerDuty doesn't allow it", Refused("PagerDuty answered: Access Denied", 2010, 403)),
    ("PagerDuty's answer is odd", Malformed("a text in place of a list")),
    ("Slack can't be reached", Unavailable("Slack cannot be reached for users.info: ClientConnectorError")),
    ("Redis can't be reached", StoreDown("x")),
    ("The bridge is busy", Queued("the bridge is busy")),
    ("There is no answer in time", TimeoutError()),
)
"""Why people or options can't be looked up."""
MANY = tuple(Option(f"P{number}", f"Service {number}") for number in range(MOST_OPTIONS + 1))
"""The actions without a dialog."""

Values = Mapping[str, Mapping[str, Any]]
TEXT = {"text": {"value": "Checkout is down"}}
MISTAKES: tuple[tuple[str, Action, Values], ...] = (
    ("A note without a text", Action.NOTE, {"text": {"value": "  "}}),
    ("A status update without a text", Action.STATUS_UPDATE, {}),
    ("A reassignment to no one, or to several", Action.REASSIGN, {}),
    ("A request for help from no one", Action.ADD_RESPONDERS, TEXT),
    (
        "A snooze with a time that is not used",
        Action.SNOOZE,
        {"how_long": {"selected_option": {"value": "4"}}, "until": {"selected_date_time": 1}},
    ),
    ("A snooze until a time that is missing", Action.SNOOZE, {"how_long": {"selected_option": {"value": UNTIL}}}),
    ("A change to no priority", Action.PRIORITY, {}),
    ("A merge into no incident", Action.MERGE, {}),
    ("A new incident on no service", Action.TRIGGER, {"title": {"value": "Checkout is down"}}),
    (
        "A new incident without a title",
        Action.TRIGGER,
        {"service": {"selected_option": {"value": "PSVC001", "text": {"text": "checkout-api"}}}},
    ),
)
WAKES: tuple[tuple[str, str | int, str], ...] = (
    ("A snooze until a time that has passed", NOON // 1000 - 60, "UTC"),
    ("A snooze for too long", NOON // 1000 + 8 * 86400, "UTC"),
    ("A snooze until tomorrow, and it is not known when that begins", LATER, "Nowhere/At all"),
)


def test_every_dialog_can_be_read_in_one_file(pytestconfig: pytest.Config) -> None:
    """Each action's dialog, the details of an incident, and what is said about what was filled in."""
    page = Page("dialogs", "Dialogs", "Fields are shown with their first value or their hint.")
    page.chapter("To fill in")
    for action in Action:
        at_once = {Action.ACKNOWLEDGE, Action.UNACKNOWLEDGE, Action.STILL_ON_IT, Action.OPEN_CHANNEL}
        if action not in at_once:
            _add_dialog(page, action)
    note = forms.note(HERE, forms.Initial("Rolled back to 1.4"))
    known = whole().incident.snapshot
    page.case(
        "Each begins with its incident, if it is known in time, and with what was typed",
        slack_text.view(forms.with_incident(note, INCIDENT, known)),
    )
    page.case("More services than a list can have", slack_text.view(forms.with_options(Action.TRIGGER, NEW, MANY)))
    _add_several(page)
    page.chapter("Details of an incident")
    page.case("While it loads", slack_text.view(incident_details.loading(HERE)))
    page.case("With everything", _details(whole()))
    page.case(
        "What there is no room for",
        "\n".join(line for line in _details(whole(many=True)).splitlines() if line[0] == "…"),
    )
    page.case("Without alerts and notes", slack_text.blocks(_below_facts(IncidentView(whole().incident, (), (), ()))))
    page.case(
        "Nothing more could be read", slack_text.blocks(_below_facts(IncidentView(whole().incident, None, None, None)))
    )
    page.chapter("What is wrong with what was filled in", "It stands below the field, and the dialog stays open.")
    for situation, mistaken, values in MISTAKES:
        page.case(situation, _mistake(mistaken, values))
    for situation, wake, zone in WAKES:
        page.case(situation, _wrong_time(wake, zone))
    page.chapter("What is wrong with the bridge", "It stands below the first field, and the dialog stays open.")
    for situation, error in FAILURES:
        page.case(situation, not_sent_text(error, "#sre-help"))
    page.case("Redis did not confirm that it is stored", view_submissions.NOT_STORED)
    page.case(
        "The same in a dialog without a field",
        slack_text.view(forms.with_warning(forms.escalate(HERE), view_submissions.NOT_STORED)),
    )
    page.check(pytestconfig)


def _add_dialog(page: Page, action: Action) -> None:
    label = SPECS[action].label
    about = NEW if action is Action.TRIGGER else HERE
    if action in forms.PLAIN:
        page.case(label, slack_text.view(forms.PLAIN[action](about, forms.EMPTY)))
        return
    page.case(label, slack_text.view(forms.with_options(action, about, OFFERED[action])))
    page.case(f"{label}: PagerDuty has nothing to choose from", slack_text.view(forms.with_options(action, about, ())))
    page.case(f"{label}: while it loads", slack_text.view(forms.loading(action, about)))
    for situation, error in FAILURES if action is Action.TRIGGER else FAILURES[:1]:
        failure = explain_failure(error, "#sre-help")
        page.case(f"{label}: {situation}", slack_text.view(forms.options_unavailable(action, about, failure, "Typed")))


def _add_several(page: Page) -> None:
    page.chapter("Several incidents at once")
    place = several.Place(HERE.channel, "")
    found = open_incidents(3)
    chooser = several.choose(place, found)
    page.case("To choose in", slack_text.view(chooser))
    page.case("While it loads", slack_text.view(several.loading(place)))
    page.case("Nothing is open", slack_text.view(several.nothing(place, NONE[Scope.CHANNEL])))
    options = chooser["blocks"][0]["element"]["options"]
    for action in several.ACTIONS:
        for count in (3, 1) if action is Action.ACKNOWLEDGE else (3,):
            wish = parse_choice(_filled(chooser, action, options[:count], person="U0BOB")).wish
            named = replace(wish, terms=replace(wish.terms, people=(Ref(BOB.id, BOB.name),)))
            left = replace(named, left_out=1 if action is Action.RESOLVE else 0)
            page.case(f"What would be done: {SPECS[action].label}", slack_text.view(several.preview(left, "")))
    page.case("Nothing is chosen", _several_mistake(chooser, Action.RESOLVE, []))
    page.case("It is not said who gets them", _several_mistake(chooser, Action.REASSIGN, options))
    page.case("It works on none of them", _several_mistake(chooser, Action.SNOOZE, options[:1]))
    many = several.SeveralWish(Action.RESOLVE, (Chosen("Q1", "#37", Status.TRIGGERED, None),), 0, LONG, place)
    with pytest.raises(InputError) as raised:
        dump_wish(many)
    page.case("More than a dialog can carry", str(raised.value))


def _several_mistake(view: Block, action: Action, options: list[Block]) -> str:
    with pytest.raises(InputError) as raised:
        parse_choice(_filled(view, action, options))
    return str(raised.value)


def _filled(view: Block, action: Action, options: list[Block], person: str | None = None) -> Block:
    values = {
        "incidents": {"selected_options": options},
        "action": {"selected_option": {"value": action}},
        "person": {"selected_user": person},
        "how_long": {"selected_option": {"value": "4"}},
    }
    return {**view, "state": {"values": {name: {"value": value} for name, value in values.items()}}}


def _details(shown: IncidentView) -> str:
    return slack_text.view(incident_details.view(HERE, incident_details.details_blocks(shown)))


def _below_facts(shown: IncidentView) -> list[Block]:
    return incident_details.details_blocks(shown)[1:]


def _mistake(action: Action, values: Values) -> str:
    filled = {name: {"value": value} for name, value in values.items()}
    metadata = context.dump_context(HERE)
    with pytest.raises(InputError) as raised:
        modal_submission.parse_submission(
            {"callback_id": f"pagebridge:{action}", "private_metadata": metadata, "state": {"values": filled}}
        )
    return str(raised.value)


def _wrong_time(wake: str | int, zone: str) -> str:
    with pytest.raises(InputError) as raised:
        modal_submission.snooze_seconds(wake, NOON, zone)
    return str(raised.value)
