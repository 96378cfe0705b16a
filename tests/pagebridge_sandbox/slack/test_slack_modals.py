"""What people do in modals, and what the app's answers do to them."""

from typing import Any

import pytest
from slack_sdk.web.async_client import AsyncWebClient

from pagebridge_sandbox.slack import ElementPath, Modal, Person, SlackSandbox, User
from tests.pagebridge_sandbox.slack.conftest import (
    App,
    Sample,
    actions,
    button,
    input_block,
    keys,
    modal,
    section,
    text_input,
)

OPTIONS = [{"text": {"type": "plain_text", "text": text}, "value": text.lower()} for text in ("High", "Low")]
PLACEHOLDER = {"type": "plain_text", "text": "Service"}
CONFIRM = {name: {"type": "plain_text", "text": name.capitalize()} for name in ("title", "text", "confirm", "deny")}


@pytest.fixture
def person(slack: SlackSandbox, alice: User) -> Person:
    """Sit down in front of Alice's Slack."""
    return slack.person(alice.id)


async def show(slack: SlackSandbox, client: AsyncWebClient, person: Person, view: dict[str, Any]) -> Modal:
    """Open a modal."""
    await client.views_open(trigger_id=slack.triggers.issue(person.user.id), view=view)
    return person.modal


@pytest.fixture
async def everything(slack: SlackSandbox, client: AsyncWebClient, person: Person) -> Modal:
    """Open a modal with one of each kind of input."""
    elements: dict[str, dict[str, Any]] = {
        "Person": {"type": "users_select"},
        "People": {"type": "multi_users_select"},
        "Urgency": {"type": "static_select", "options": OPTIONS},
        "Also": {"type": "checkboxes", "options": OPTIONS},
        "Channel": {"type": "conversations_select", "response_url_enabled": True},
        "Mail": {"type": "email_text_input"},
        "Day": {"type": "datepicker", "initial_date": "2026-01-02"},
    }
    blocks = [input_block(label, {"action_id": "it", **element}) for label, element in elements.items()]
    optional = [{**block, "optional": block["block_id"] != "person"} for block in blocks]
    return await show(slack, client, person, modal(*optional, text_input("Note", optional=True)))


async def test_view_submission_payload(
    app: App, everything: Modal, person: Person, alice: User, sample: Sample
) -> None:
    """Everything that was filled in is reported, what was not as null or as an empty list; the modal closes."""
    everything.pick_user("Person", alice.id)
    everything.choose("Urgency", "High")
    everything.choose("Also", ["Low"])
    everything.fill("Mail", "al@example.com")

    submission = await everything.submit()

    values = {name: next(iter(block.values())) for name, block in submission.payload["view"]["state"]["values"].items()}
    assert {"type": "users_select", "selected_user": alice.id} == values["person"]
    assert {"type": "multi_users_select", "selected_users": []} == values["people"]
    assert "high" == values["urgency"]["selected_option"]["value"]
    assert ["low"] == [option["value"] for option in values["also"]["selected_options"]]
    assert {"type": "email_text_input", "value": "al@example.com"} == values["mail"]
    assert {"type": "datepicker", "selected_date": "2026-01-02"} == values["day"]
    assert {"type": "plain_text_input", "value": None} == values["note"]
    assert submission.acked
    assert not person.modals
    documented = sample("payloads/envelope_view_submission.json")
    assert documented["payload"].keys() == submission.payload.keys() == app.seen[0]["payload"].keys()
    assert documented.keys() == app.seen[0].keys()
    assert documented["accepts_response_payload"] is app.seen[0]["accepts_response_payload"]


async def test_response_url_enabled_select(slack: SlackSandbox, app: App, everything: Modal, person: Person) -> None:
    """With response_url_enabled the submission holds an address for it."""
    made = slack.add_channel("elsewhere", members=[person.user.id])
    everything.pick_user("Person", person.user.id)
    everything.choose("Channel", made.id)

    (address,) = (await everything.submit()).payload["response_urls"]

    assert ("channel", "it", made.id) == (address["block_id"], address["action_id"], address["channel_id"])
    assert app.payloads("view_submission")


async def test_client_side_validation(app: App, everything: Modal) -> None:
    """What is required or of a certain form is asked for before the app hears of it."""
    everything.fill("Mail", "nowhere")
    everything.fill("Note", "x" * 3001)

    submission = await everything.submit()

    assert ["Person", "Mail", "Note"] == list(everything.errors)
    assert "Please complete this required field." == everything.errors["Person"]
    assert (False, None, []) == (submission.acked, submission.failure, app.seen)


async def test_response_action_errors(slack: SlackSandbox, client: AsyncWebClient, app: App, person: Person) -> None:
    """Its words stand at their field, the modal stays with what is in it, and the next submission is a new one."""
    shown = await show(slack, client, person, modal(text_input("Note")))
    shown.fill("Note", "hi")
    app.answers["view_submission"] = {"response_action": "errors", "errors": {"note": "Too short"}}
    await shown.submit()
    assert {"Note": "Too short"} == person.modal.errors
    assert {"Note": "hi"} == person.modal.values

    del app.answers["view_submission"]
    await shown.submit()
    assert not person.modals


@pytest.mark.parametrize(
    ("answer", "titles"),
    [
        ({}, ["Below"]),
        ({"response_action": "clear"}, []),
        ({"response_action": "update", "view": modal(title={"type": "plain_text", "text": "New"})}, ["Below", "New"]),
        (
            {"response_action": "push", "view": modal(title={"type": "plain_text", "text": "Third"})},
            ["Below", "Note", "Third"],
        ),
    ],
)
async def test_response_actions(
    slack: SlackSandbox, client: AsyncWebClient, app: App, person: Person, answer: dict[str, Any], titles: list[str]
) -> None:
    """Nothing closes the topmost modal; the other answers clear, replace or cover it."""
    below = await show(slack, client, person, modal(section("x"), title={"type": "plain_text", "text": "Below"}))
    trigger = slack.triggers.issue(person.user.id, below.id)
    await client.views_push(trigger_id=trigger, view=modal(section("x")))
    app.answers["view_submission"] = answer

    await person.modal.submit()

    assert titles == [each.title for each in person.modals]


@pytest.mark.parametrize(
    "answer",
    [
        {"response_action": "errors", "errors": {"elsewhere": "x"}},
        {"response_action": "errors", "errors": {}},
        {"response_action": "errors", "errors": {"note": ""}},
        {"response_action": "update", "view": {"type": "modal"}},
        {"response_action": "shout"},
        {"text": "hello"},
    ],
)
async def test_invalid_response_action(
    slack: SlackSandbox, client: AsyncWebClient, app: App, person: Person, answer: dict[str, Any]
) -> None:
    """The modal stays, and the person reads that something went wrong."""
    shown = await show(slack, client, person, modal(text_input("Note", optional=True)))
    app.answers["view_submission"] = answer

    await shown.submit()

    assert "We had some trouble connecting" in str(person.modal.submission_error)


@pytest.mark.parametrize("silent", [True, False])
async def test_unacked_submission_keeps_modal(
    slack: SlackSandbox, client: AsyncWebClient, app: App, person: Person, *, silent: bool
) -> None:
    """Not acked, or acked with too much to be read: the modal stays, and can be submitted again."""
    slack.ack_timeout = 0.05
    shown = await show(slack, client, person, modal(text_input("Note", optional=True)))
    app.answers["view_submission"] = {"response_action": "update", "view": modal(private_metadata="x" * 21_000)}
    app.silent |= {"view_submission"} if silent else set()

    submission = await shown.submit()

    assert "operation_timeout" == submission.failure
    assert person.modal.submission_error
    app.silent.clear()
    del app.answers["view_submission"]
    assert (await shown.submit()).acked


async def test_view_closed_notification(
    slack: SlackSandbox, client: AsyncWebClient, app: App, person: Person, sample: Sample
) -> None:
    """The app hears of it only if it wants to; the payload has Slack's fields and no trigger."""
    quiet = await show(slack, client, person, modal())
    assert "" == (await quiet.close()).envelope_id
    loud = await show(slack, client, person, modal(notify_on_close=True))

    closed = await loud.close()

    documented = sample("payloads/view_closed.json")
    assert documented.keys() == closed.payload.keys()
    assert (False, False) == (closed.payload["is_cleared"], app.seen[0]["accepts_response_payload"])
    assert keys(documented["user"]) == keys(closed.payload["user"])
    assert not person.modals
    with pytest.raises(AssertionError, match="is not on top"):
        await loud.submit()


@pytest.mark.parametrize("clears", [True, False])
async def test_dismiss_closes_stack(
    slack: SlackSandbox, client: AsyncWebClient, app: App, person: Person, *, clears: bool
) -> None:
    """The cross takes all modals away, and so does the closing button of one with clear_on_close."""
    below = await show(slack, client, person, modal(notify_on_close=True))
    trigger = slack.triggers.issue(person.user.id, below.id)
    await client.views_push(trigger_id=trigger, view=modal(notify_on_close=True, clear_on_close=clears))

    await (person.modal.close() if clears else person.modal.dismiss())

    assert [True, True] == [payload["is_cleared"] for payload in app.payloads("view_closed")]
    assert not person.modals


async def test_dispatch_action_elements(
    slack: SlackSandbox, client: AsyncWebClient, app: App, person: Person, sample: Sample
) -> None:
    """Buttons and menus outside of inputs are reported as they are used, with a trigger to push another modal."""
    who = {"type": "users_select", "action_id": "who", "placeholder": {"type": "plain_text", "text": "Who"}}
    shown = await show(slack, client, person, modal(actions(button("More"), who)))

    chosen = await shown.change("Who", person.user.id)
    clicked = await shown.click("More")

    documented = sample("payloads/block_actions_users_select_in_modal.json")
    assert documented.keys() == chosen.payload.keys()
    assert documented["actions"][0].keys() == chosen.payload["actions"][0].keys()
    assert documented["container"].keys() == chosen.payload["container"].keys()
    assert person.user.id == chosen.payload["view"]["state"]["values"]["row"]["who"]["selected_user"]
    await client.views_push(trigger_id=clicked.payload["trigger_id"], view=modal())
    assert 2 == len(person.modals)
    assert ["who", "more"] == [payload["actions"][0]["action_id"] for payload in app.payloads("block_actions")]


async def test_external_select_options(
    slack: SlackSandbox, client: AsyncWebClient, app: App, person: Person, sample: Sample
) -> None:
    """The app is asked for options while one types; nothing can be chosen that it has not offered."""
    element = {"type": "external_select", "action_id": "it", "min_query_length": 2}
    shown = await show(slack, client, person, modal(input_block("Service", element)))
    app.answers["block_suggestion"] = {"options": OPTIONS}

    assert ["High", "Low"] == await shown.suggest("Service", "hi")
    shown.choose("Service", "High")

    assert "high" == shown.values["Service"]["value"]
    assert sample("payloads/block_suggestion.json").keys() == app.payloads("block_suggestion")[0].keys()
    with pytest.raises(AssertionError, match=r"no 'Middle' to choose at 'Service', only \['High', 'Low'\]"):
        shown.choose("Service", "Middle")
    with pytest.raises(AssertionError, match="does not ask the app for 'h'"):
        await shown.suggest("Service", "h")
    app.answers["block_suggestion"] = {"options": OPTIONS * 51}
    assert [] == await shown.suggest("Service", "hi")
    groups = [{"label": PLACEHOLDER, "options": OPTIONS}]
    app.answers["block_suggestion"] = {"option_groups": groups}
    assert ["High", "Low"] == await shown.suggest("Service", "hi")


async def test_impossible_modal_actions(everything: Modal, slack: SlackSandbox, person: Person) -> None:
    """The failure says what there is instead."""
    with pytest.raises(AssertionError, match=r"there is no 'Title' to fill in, only \['Person', 'People'"):
        everything.fill("Title", "x")
    with pytest.raises(AssertionError, match="'Note' is a plain_text_input, which is not used like this"):
        everything.pick_user("Note", person.user.id)
    with pytest.raises(AssertionError, match="there is no 'U0NOBODY' to choose at 'Person'"):
        everything.pick_user("Person", "U0NOBODY")
    with pytest.raises(AssertionError, match="'People' takes a list"):
        everything.pick_user("People", person.user.id)
    with pytest.raises(AssertionError, match="does not tell the app before"):
        await everything.change("Person", person.user.id)
    with pytest.raises(AssertionError, match="there is no 'Go' to click"):
        await everything.click("Go")
    slack.interactive = False
    everything.pick_user("Person", person.user.id)
    with pytest.raises(AssertionError, match="not configured to handle interactive responses"):
        await everything.submit()


async def test_wait_for_modal(slack: SlackSandbox, client: AsyncWebClient, person: Person) -> None:
    """No modal counts as not yet."""
    with pytest.raises(LookupError):
        person.modal.fill("Note", "x")
    await show(slack, client, person, modal(section("x")))

    assert "Note" == (await person.wait(lambda p: p.modal)).title


async def test_fields_are_filled_in_by_where_they_stand(
    slack: SlackSandbox, client: AsyncWebClient, app: App, person: Person
) -> None:
    """As a browser does it: ids and values in place of labels, and an emptied field is as if it was never filled in."""
    inputs = {
        "urgency": {"type": "static_select", "options": OPTIONS},
        "also": {"type": "checkboxes", "options": OPTIONS},
    }
    blocks = [input_block(name, {"action_id": "it", **element}, optional=True) for name, element in inputs.items()]
    shown = await show(slack, client, person, modal(*blocks, text_input("Note", optional=True)))
    note = next(each for each in shown.content["blocks"] if each["block_id"] == "note")["element"]["action_id"]

    await shown.put(ElementPath("urgency", "it"), "high")
    await shown.put(ElementPath("also", "it"), ["low"])
    await shown.put(ElementPath("note", note), "hi")

    values = shown.values
    assert ("high", ["low"]) == (values["urgency"]["value"], [each["value"] for each in values["also"]])
    assert "hi" == values["Note"]
    assert [] == app.seen
    for path in (ElementPath("urgency", "it"), ElementPath("also", "it"), ElementPath("note", note)):
        await shown.put(path, None)
    assert {"urgency": None, "also": [], "Note": None} == shown.values
    with pytest.raises(AssertionError, match="there is no 'none' to choose at 'urgency'"):
        await shown.put(ElementPath("urgency", "it"), "none")
    with pytest.raises(AssertionError, match="nothing to fill in at gone/it"):
        await shown.put(ElementPath("gone", "it"), "x")


async def test_what_stands_outside_of_inputs_tells_the_app_at_once(
    slack: SlackSandbox, client: AsyncWebClient, app: App, person: Person
) -> None:
    """A menu in a row of actions, found by where it stands; buttons beside it are pressed the same way."""
    menu = {"type": "static_select", "action_id": "menu", "placeholder": PLACEHOLDER, "options": OPTIONS}
    asks = button("Delete", action_id="delete", confirm=CONFIRM)
    row = {"type": "actions", "block_id": "row", "elements": [menu, asks]}
    shown = await show(slack, client, person, modal(row))

    await shown.put(ElementPath("row", "menu"), "low")
    first = await shown.press(ElementPath("row", "delete"))
    assert first.dialog is not None
    assert ["low"] == [each["actions"][0]["selected_option"]["value"] for each in app.payloads("block_actions")]
    await shown.press(ElementPath("row", "delete"), confirmed=True)
    assert "delete" == app.payloads("block_actions")[-1]["actions"][0]["action_id"]


async def test_suggestions_by_where_the_field_stands(
    slack: SlackSandbox, client: AsyncWebClient, app: App, person: Person
) -> None:
    """The options themselves come back, and one of them can then be put in by its value."""
    element = {"type": "external_select", "action_id": "it", "min_query_length": 2}
    shown = await show(slack, client, person, modal(input_block("service", element)))
    app.answers["block_suggestion"] = {"options": OPTIONS}

    assert OPTIONS == await shown.suggest_at(ElementPath("service", "it"), "hi")
    await shown.put(ElementPath("service", "it"), "high")
    assert "high" == shown.values["service"]["value"]
