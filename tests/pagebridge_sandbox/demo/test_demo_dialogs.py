"""How dialogs are drawn: as people see them, with what they filled in."""

from typing import Any

from pagebridge_sandbox.demo import dialogs
from pagebridge_sandbox.slack import SlackSandbox
from pagebridge_sandbox.slack.interactive import ConfirmDialog


def text(words: str) -> dict[str, Any]:
    """Write words as Slack wants them."""
    return {"type": "plain_text", "text": words}


def field(label: str, kind: str, **more: object) -> dict[str, Any]:
    """Make an input of a modal."""
    element = {"type": kind, "action_id": "value", **more}
    return {"type": "input", "block_id": label, "label": text(label), "optional": True, "element": element}


def test_draws_confirmation_with_both_buttons() -> None:
    """Who is asked what, and the two buttons."""
    asked = dialogs.draw_confirmation(
        ConfirmDialog("Escalate #1?", "The next level is paged.", ("Escalate", "Not now")), "Alice"
    )

    assert "Alice is asked: Escalate #1?\n│ The next level is paged.\n│ [Not now] [Escalate]" == asked


def test_draws_modal_with_values_and_errors() -> None:
    """People by their names, options by their words, an empty field as one; the objection stands below its field."""
    slack = SlackSandbox()
    bob = slack.add_user("Bob Ray")
    option = {"text": text("4 hours"), "value": "4"}
    blocks = [
        {"type": "section", "block_id": "top", "text": text("Choose one.")},
        field("Note", "plain_text_input"),
        field("Who", "users_select"),
        field("How long", "radio_buttons", options=[option]),
        field("All", "multi_users_select"),
    ]
    content = {"type": "modal", "title": text("Ask #1"), "close": text("Cancel"), "submit": text("Ask")}
    slack.views.open(bob.id, {**content, "blocks": blocks})
    modal = slack.person(bob.id).modal
    modal.pick_user("Who", bob.id)
    modal.choose("How long", "4 hours")

    assert [
        "Bob's dialog: Ask #1",
        "│ Choose one.",
        "│ Note: [ ]",
        "│ Who: Bob Ray",
        "│   ! Not him.",
        "│ How long: 4 hours",
        "│ All: [ ]",
        "│ [Cancel] [Ask]",
    ] == dialogs.draw_modal(modal, "Bob", slack.name_of, {"Who": "Not him."}).splitlines()
