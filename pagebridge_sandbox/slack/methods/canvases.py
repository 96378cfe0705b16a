"""Canvases: documents that the app makes, and who may read them."""

import re

from pagebridge_sandbox.slack import ids
from pagebridge_sandbox.slack.arguments import Arguments
from pagebridge_sandbox.slack.canvases import Canvas
from pagebridge_sandbox.slack.methods.registry import Method
from pagebridge_sandbox.slack.responses import Json, SlackError, invalid_arguments
from pagebridge_sandbox.slack.workspace import Workspace

MAX_MARKDOWN = 1_048_576
LEVELS = ("read", "write", "owner")
SCOPES = ("canvases:write",)
QUOTED_LIST = re.compile(r"(?m)^\s*>\s*[-*+] ")
LISTED_QUOTE = re.compile(r"(?m)^\s+>|^\s*[-*+] >")


def create(workspace: Workspace, arguments: Arguments) -> Json:
    """Make a canvas of the app's own; on a free plan only as a tab of a channel, which is not simulated."""
    _require_canvases(workspace)
    if workspace.free_plan:
        raise SlackError("free_teams_cannot_create_standalone_canvases")
    markdown = _markdown_of(arguments.json("document_content") or {"type": "markdown", "markdown": ""})
    if problem := _problem(markdown):
        raise SlackError("canvas_creation_failed", detail=f"'content' error: {problem}")
    canvas = Canvas(ids.identifier("F"), arguments.text("title"), markdown)
    workspace.canvases[canvas.id] = canvas
    workspace.changes.notify()
    return {"canvas_id": canvas.id}


def set_access(workspace: Workspace, arguments: Arguments) -> Json:
    """Let people read or write a canvas; channels are not simulated."""
    _require_canvases(workspace)
    canvas, given = workspace.canvases.get(arguments.text("canvas_id")), arguments.values.get("user_ids")
    people = given if isinstance(given, list) else [each for each in arguments.text("user_ids").split(",") if each]
    if not people or arguments.has("channel_ids"):
        raise SlackError("invalid_parameters")
    if arguments.text("access_level") not in LEVELS:
        raise invalid_arguments("must be a valid enum value [json-pointer:/access_level]")
    if canvas is None:
        raise SlackError("canvas_not_found")
    if not set(people) <= workspace.users.keys():
        raise SlackError("user_not_found")
    canvas.access |= dict.fromkeys(people, arguments.text("access_level"))
    workspace.changes.notify()
    return {}


def _markdown_of(content: object) -> str:
    """Return the text of a canvas's content. Refused when it is none."""
    if isinstance(content, dict) and content.get("type") == "markdown" and isinstance(content.get("markdown"), str):
        return str(content["markdown"])
    raise invalid_arguments("must provide an object [json-pointer:/document_content]")


def _problem(markdown: str) -> str:
    """Return what a canvas does not take, empty if there is nothing."""
    if len(markdown) > MAX_MARKDOWN:
        return "the content is too long"
    if found := QUOTED_LIST.search(markdown):
        return f"line {markdown.count(chr(10), 0, found.start()) + 1}: Unsupported block type (List) within block quote"
    if found := LISTED_QUOTE.search(markdown):
        return f"line {markdown.count(chr(10), 0, found.start()) + 1}: Unsupported block type (block quote) within list"
    return ""


def _require_canvases(workspace: Workspace) -> None:
    if not workspace.canvases_enabled:
        raise SlackError("canvas_disabled_user_team")


METHODS = {
    "canvases.create": Method(create, tier=2, scopes=SCOPES),
    "canvases.access.set": Method(set_access, tier=3, scopes=SCOPES, required=("canvas_id", "access_level")),
}
