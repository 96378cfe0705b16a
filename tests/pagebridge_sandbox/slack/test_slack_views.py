"""views.open, push, update and publish: triggers, stack, hash, names and limits."""

from typing import Any

import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from pagebridge_sandbox.slack import Channel, SlackSandbox, User
from tests.pagebridge_sandbox.slack.conftest import App, Sample, actions, button, modal, section, text_input

HOME = {"type": "home", "blocks": [section("hello")]}


async def refused(client: AsyncWebClient, method: str, **arguments: object) -> str:
    """Make a call that is refused, and return the error."""
    with pytest.raises(SlackApiError) as caught:
        await client.api_call(method, json=arguments)
    return str(caught.value.response["error"])


async def test_views_open(slack: SlackSandbox, client: AsyncWebClient, alice: User, sample: Sample) -> None:
    """Whoever interacted sees it; the answer has the fields of Slack's example."""
    answer = await client.views_open(trigger_id=slack.triggers.issue(alice.id), view=modal(external_id="n1"))

    assert ("Note", ["Note"]) == (slack.person(alice.id).modal.title, slack.person(alice.id).modal.labels)
    documented = sample("api-ref/views.open.json")["examples"]["success"]["example"]["view"]
    assert documented.keys() <= answer["view"].keys()
    submitted = sample("payloads/view_submission_users_select.json")["view"]
    assert submitted.keys() == answer["view"].keys()
    assert answer["view"]["id"] == answer["view"]["root_view_id"]


async def test_trigger_is_single_use_and_expires(slack: SlackSandbox, client: AsyncWebClient, alice: User) -> None:
    """A second use, a late one, a made-up one and none at all have errors of their own."""
    trigger = slack.triggers.issue(alice.id)
    await client.views_open(trigger_id=trigger, view=modal())
    late = slack.triggers.issue(alice.id)
    slack.advance(3.1)

    errors = [await refused(client, "views.open", trigger_id=each, view=modal()) for each in (trigger, late, "1.2.a")]

    assert ["exchanged_trigger_id", "expired_trigger_id", "invalid_trigger_id"] == errors
    assert "invalid_arguments" == await refused(client, "views.open", view=modal())


async def test_rejected_view_keeps_trigger(slack: SlackSandbox, client: AsyncWebClient, alice: User) -> None:
    """An app may correct itself within the three seconds."""
    trigger = slack.triggers.issue(alice.id)

    assert "invalid_arguments" == await refused(client, "views.open", trigger_id=trigger, view=modal(blocks=[]))
    assert (await client.views_open(trigger_id=trigger, view=modal()))["ok"]


@pytest.mark.parametrize(
    ("view", "words"),
    [
        (HOME, "unsupported type: home [json-pointer:/view/type]"),
        (modal(title={"type": "plain_text", "text": "x" * 25}), "must be less than 25 characters"),
        (modal(external_id="x" * 256), "must be less than 256 characters [json-pointer:/view/external_id]"),
        (modal(section("x"), *[section("x")] * 100), "no more than 100 items allowed [json-pointer:/view/blocks]"),
        (modal({"type": "markdown", "text": "x"}), "unsupported type: markdown [json-pointer:/view/blocks/0/type]"),
        (modal(text_input("A", element={"min_length": 9, "max_length": 2})), "`min_length` must not be greater"),
        (
            modal(text_input("A", element={"initial_value": "long", "max_length": 2})),
            "must be less than 3 characters [json-pointer:/view/blocks/0/element/initial_value]",
        ),
        (
            modal(*(text_input(label, element={"focus_on_load": True}) for label in "AB")),
            "only one element may have `focus_on_load`",
        ),
        ("{", "must be valid JSON"),
    ],
)
async def test_invalid_view_is_rejected(
    slack: SlackSandbox,
    client: AsyncWebClient,
    alice: User,
    view: Any,  # noqa: ANN401 - JSON, or none
    words: str,
) -> None:
    """The answer says what is wrong, and where."""
    with pytest.raises(SlackApiError) as caught:
        await client.api_call("views.open", json={"trigger_id": slack.triggers.issue(alice.id), "view": view})

    (message,) = caught.value.response["response_metadata"]["messages"]
    assert "invalid_arguments" == caught.value.response["error"]
    assert words in message
    assert not slack.person(alice.id).modals


async def test_oversized_view_is_rejected(slack: SlackSandbox, client: AsyncWebClient, alice: User) -> None:
    """A quarter of a megabyte is the most."""
    view = modal(*(section("x" * 2_900) for _ in range(90)))

    assert "view_too_large" == await refused(client, "views.open", trigger_id=slack.triggers.issue(alice.id), view=view)


async def test_view_stack_limit(slack: SlackSandbox, client: AsyncWebClient, alice: User) -> None:
    """A fourth is too many; each knows the one below it and the lowest."""
    opened = (await client.views_open(trigger_id=slack.triggers.issue(alice.id), view=modal()))["view"]
    ids = [opened["id"]]
    for _ in range(2):
        trigger = slack.triggers.issue(alice.id, ids[-1])
        pushed = (await client.views_push(trigger_id=trigger, view=modal()))["view"]
        assert (ids[0], ids[-1]) == (pushed["root_view_id"], pushed["previous_view_id"])
        ids.append(pushed["id"])

    trigger = slack.triggers.issue(alice.id, ids[-1])
    assert "push_limit_reached" == await refused(client, "views.push", trigger_id=trigger, view=modal())
    assert ids == [each.id for each in slack.person(alice.id).modals]


async def test_push_needs_open_view(slack: SlackSandbox, client: AsyncWebClient, alice: User) -> None:
    """A trigger from outside of views has nothing to push onto."""
    trigger = slack.triggers.issue(alice.id)

    assert "not_found" == await refused(client, "views.push", trigger_id=trigger, view=modal())


async def test_views_update(slack: SlackSandbox, client: AsyncWebClient, alice: User) -> None:
    """Found by either name; what is filled in stays where both ids stay; the hash guards against a race."""
    trigger = slack.triggers.issue(alice.id)
    view = (await client.views_open(trigger_id=trigger, view=modal(text_input("A"), text_input("B"))))["view"]
    person = slack.person(alice.id)
    person.modal.fill("A", "kept")
    person.modal.fill("B", "lost")

    changed = modal(text_input("A"), text_input("C"), external_id="mine")
    updated = (await client.views_update(view_id=view["id"], hash=view["hash"], view=changed))["view"]

    assert {"A": "kept", "C": None} == person.modal.values
    assert view["hash"] != updated["hash"]
    stale = await refused(client, "views.update", view_id=view["id"], hash=view["hash"], view=modal())
    assert "hash_conflict" == stale
    assert (await client.views_update(external_id="mine", view=modal()))["ok"]


async def test_update_of_missing_view(slack: SlackSandbox, client: AsyncWebClient, alice: User) -> None:
    """A closed view cannot be updated, and one must be named."""
    view = (await client.views_open(trigger_id=slack.triggers.issue(alice.id), view=modal()))["view"]
    await slack.person(alice.id).modal.close()

    assert "not_found" == await refused(client, "views.update", view_id=view["id"], view=modal())
    assert "not_found" == await refused(client, "views.update", external_id="other", view=modal())
    assert "invalid_arguments" == await refused(client, "views.update", view=modal())


async def test_external_id_is_unique(
    slack: SlackSandbox, client: AsyncWebClient, channel: Channel, alice: User
) -> None:
    """The app's own name of a view must differ from all that are open in the team."""
    bob = slack.add_user("Bob Ray")
    channel.members.append(bob.id)
    await client.views_open(trigger_id=slack.triggers.issue(bob.id), view=modal(external_id="mine"))

    trigger = slack.triggers.issue(alice.id)
    assert "duplicate_external_id" == await refused(
        client, "views.open", trigger_id=trigger, view=modal(external_id="mine")
    )


async def test_views_publish(slack: SlackSandbox, client: AsyncWebClient, alice: User) -> None:
    """It is shown to one person, replaced by the next one, guarded by a hash, and off when the manifest says so."""
    assert "hash_conflict" == await refused(client, "views.publish", user_id=alice.id, view=HOME, hash="1.x")
    first = (await client.views_publish(user_id=alice.id, view=HOME))["view"]
    second = {"type": "home", "blocks": [section("bye")]}

    assert "hello" == slack.person(alice.id).home.plain
    assert "hash_conflict" == await refused(client, "views.publish", user_id=alice.id, view=second, hash="1.x")
    await client.views_publish(user_id=alice.id, view=second, hash=first["hash"])
    assert "bye" == slack.person(alice.id).home.plain
    assert "invalid_arguments" == await refused(client, "views.publish", user_id="U0NOBODY", view=HOME)
    slack.home_tab = False
    assert "not_enabled" == await refused(client, "views.publish", user_id=alice.id, view=HOME)


@pytest.mark.parametrize(
    ("blocks", "why"),
    [
        ([section("x")] * 101, "no more than 100 items allowed [json-pointer:/view/blocks]"),
        ([{"type": "markdown", "text": "x"}], "unsupported type: markdown [json-pointer:/view/blocks/0/type]"),
    ],
)
async def test_home_tab_limits(
    slack: SlackSandbox, client: AsyncWebClient, alice: User, blocks: list[dict[str, Any]], why: str
) -> None:
    """It takes a hundred blocks of those that views have, and 250 kB."""
    view = {"type": "home", "blocks": blocks}
    with pytest.raises(SlackApiError) as refusal:
        await client.views_publish(user_id=alice.id, view=view)
    assert f"[ERROR] {why}" in refusal.value.response["response_metadata"]["messages"]
    large = {"type": "home", "blocks": [section("x" * 2900)] * 90}
    assert "view_too_large" == await refused(client, "views.publish", user_id=alice.id, view=large)
    assert alice.id not in slack.views.homes


async def test_home_tab_button(slack: SlackSandbox, client: AsyncWebClient, app: App, alice: User) -> None:
    """It works as in a modal, until another Home tab is published."""
    person = slack.person(alice.id)
    await client.views_publish(user_id=person.user.id, view={"type": "home", "blocks": [actions(button("Go"))]})
    home = person.home

    assert (await home.click("Go")).acked
    assert "home" == app.payloads("block_actions")[0]["view"]["type"]
