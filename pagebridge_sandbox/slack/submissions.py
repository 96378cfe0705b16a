"""Applies an app's answer to a submitted modal. Source: Slack's page on modals."""

from typing import Any

from pagebridge_sandbox.slack import message_arguments
from pagebridge_sandbox.slack.arguments import Arguments
from pagebridge_sandbox.slack.responses import Json, SlackError
from pagebridge_sandbox.slack.views import View
from pagebridge_sandbox.slack.workspace import Workspace

CONNECTION_ERROR = "We had some trouble connecting. Try again?"
"""Slack's message when the app has not answered, or with something that Slack cannot use."""


def apply_response(workspace: Workspace, view: View, response: Json) -> None:
    """Do what the ack says; without words from the app the modal closes. What Slack cannot use shows as trouble."""
    try:
        _apply_action(workspace, view, response)
    except SlackError as error:
        view.submission_error = f"{CONNECTION_ERROR} ({error.code})"


def _apply_action(workspace: Workspace, view: View, response: Json) -> None:
    match response.get("response_action"):
        case None if not response:
            workspace.views.close(view)
        case "clear":
            workspace.views.stacks[view.user_id] = []
        case "errors":
            view.errors = _parse_errors(view, response.get("errors"))
        case "update":
            workspace.views.update(view, message_arguments.read_view(Arguments(response), "modal"))
        case "push":
            workspace.views.push(view, message_arguments.read_view(Arguments(response), "modal"))
        case _:
            raise SlackError("invalid_response")


def _parse_errors(view: View, given: Any) -> dict[str, str]:  # noqa: ANN401 - JSON
    inputs = {block["block_id"] for block in view.blocks if block["type"] == "input"}
    if not isinstance(given, dict) or not given or not given.keys() <= inputs:
        raise SlackError("invalid_errors")
    if not all(isinstance(words, str) and words for words in given.values()):
        raise SlackError("invalid_errors")
    return given
