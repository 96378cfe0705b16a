"""Opening, changing and stacking views."""

from pagebridge_sandbox.slack import message_arguments
from pagebridge_sandbox.slack.arguments import Arguments
from pagebridge_sandbox.slack.methods.registry import Method
from pagebridge_sandbox.slack.responses import Json, SlackError, invalid_arguments
from pagebridge_sandbox.slack.triggers import Trigger
from pagebridge_sandbox.slack.views import View
from pagebridge_sandbox.slack.workspace import Workspace


def open_(workspace: Workspace, arguments: Arguments) -> Json:
    """Show a modal to the person who has just interacted."""
    trigger = _find_trigger(workspace, arguments)
    view = workspace.views.open(trigger.user_id, message_arguments.read_view(arguments, "modal"))
    return _render(workspace, view, trigger)


def push(workspace: Workspace, arguments: Arguments) -> Json:
    """Lay a modal onto the one in which a person has just interacted; there must be one."""
    trigger = _find_trigger(workspace, arguments)
    onto = workspace.views.find(trigger.view_id or "")
    view = workspace.views.push(onto, message_arguments.read_view(arguments, "modal"))
    return _render(workspace, view, trigger)


def update(workspace: Workspace, arguments: Arguments) -> Json:
    """Change a view that is open, found by its id or by the app's own name for it."""
    view_id, external_id = arguments.text("view_id"), arguments.text("external_id")
    if not (view_id or external_id):
        raise invalid_arguments("must define either `view_id` or `external_id`")
    view = workspace.views.find(view_id, external_id)
    kind = str(view.content["type"])
    return _render(
        workspace, workspace.views.update(view, message_arguments.read_view(arguments, kind), arguments.text("hash"))
    )


def publish(workspace: Workspace, arguments: Arguments) -> Json:
    """Show a Home tab to a person."""
    if arguments.text("user_id") not in workspace.users:
        raise invalid_arguments("invalid `user_id`")
    if not workspace.home_tab:
        raise SlackError("not_enabled")
    view = message_arguments.read_view(arguments, "home")
    return _render(workspace, workspace.views.publish(arguments.text("user_id"), view, arguments.text("hash")))


def _find_trigger(workspace: Workspace, arguments: Arguments) -> Trigger:
    given = arguments.text("trigger_id") or arguments.text("interactivity_pointer")
    if not given:
        raise invalid_arguments("invalid `trigger_id`")
    return workspace.triggers.find(given)


def _render(workspace: Workspace, view: View, trigger: Trigger | None = None) -> Json:
    """Show the view in the answer; only now, that nothing has been wrong, is its trigger used up."""
    if trigger:
        trigger.is_used = True
    workspace.changes.notify()
    return {"view": workspace.views.as_json(view)}


METHODS = {
    "views.open": Method(open_, tier=4, required=("view",)),
    "views.push": Method(push, tier=4, required=("view",)),
    "views.update": Method(update, tier=4, required=("view",)),
    "views.publish": Method(publish, tier=4, required=("user_id", "view")),
}
