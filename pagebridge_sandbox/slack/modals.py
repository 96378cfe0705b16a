"""The acts of a person in a view."""

from typing import Any

from pagebridge_sandbox.slack import input_values, payloads, rendering, submissions
from pagebridge_sandbox.slack.block_kit import OPTION, OPTION_GROUP
from pagebridge_sandbox.slack.fields import FREE_INPUT_TYPES, Field
from pagebridge_sandbox.slack.input_values import InputValue
from pagebridge_sandbox.slack.interactions import Interaction, Session, confirming_label, unconfirmed_dialog
from pagebridge_sandbox.slack.interactive import Clickable, ElementPath, find_at_path, find_clickables
from pagebridge_sandbox.slack.responses import Json
from pagebridge_sandbox.slack.schema import Items
from pagebridge_sandbox.slack.views import View


class OpenView:
    """A view in front of a person: a Home tab, or with more to do a modal."""

    def __init__(self, view: View, session: Session) -> None:
        self._view = view
        self._session = session
        self._workspace = session.workspace

    @property
    def id(self) -> str:
        """The id of the view."""
        return self._view.id

    @property
    def content(self) -> Json:
        """The view as the app sent it."""
        return self._view.content

    @property
    def labels(self) -> list[str]:
        """The labels of what can be filled in, in order."""
        return [each.label for each in self._view.fields]

    @property
    def values(self) -> dict[str, Any]:
        """The current values, by label."""
        return {each.label: self._view.value(each) for each in self._view.fields}

    @property
    def clickables(self) -> list[Clickable]:
        """The elements of the view that can be clicked, from top to bottom."""
        return list(find_clickables(self._view.blocks))

    @property
    def buttons(self) -> list[str]:
        """The visible labels of what can be clicked in it."""
        return [found.label for found in self.clickables]

    @property
    def plain(self) -> str:
        """Everything a person reads on it, as plain text."""
        return "\n".join(rendering.render_blocks(self._view.blocks, self._workspace.name_of))

    async def change(self, label: str, value: InputValue) -> Interaction:
        """Fill in or choose what tells the app at once: outside of input blocks, or with `dispatch_action`."""
        input_field = self._field(label)
        if not input_field.dispatches_action:
            raise AssertionError(f"{label!r} does not tell the app before the modal is submitted")
        action = input_values.action_payload(
            input_field, self._set_value(input_field, value), self._workspace.clock.next_ts()
        )
        return await self._send_action(action)

    async def click(self, label: str, *, confirm: str | None = None) -> Interaction:
        """Press what bears this label; a dialog comes first, as in `Person.click`."""
        for found in self.clickables:
            if found.label == label:
                if dialog := unconfirmed_dialog(found, confirm):
                    return Interaction(self._session.user.id, dialog=dialog)
                return await self._send_action(found.action(self._workspace.clock.next_ts()))
        raise AssertionError(f"there is no {label!r} to click, only {self.buttons} on:\n{self.plain}")

    async def press(self, path: ElementPath, *, confirmed: bool = False) -> Interaction:
        """Press what stands at a path, as `click` does with a label; `confirmed` says yes to the dialog before it."""
        found = find_at_path(path, self.clickables)
        if dialog := unconfirmed_dialog(found, confirming_label(found, confirmed=confirmed)):
            return Interaction(self._session.user.id, dialog=dialog)
        return await self._send_action(found.action(self._workspace.clock.next_ts()))

    async def put(self, path: ElementPath, value: InputValue | None) -> Interaction:
        """
        Put words, a date, ids or the values of options into the field at a path; None empties it.

        The app is told where the field tells it at once.
        """
        self._require_open()
        input_field = input_values.find_field_at(path, self._view.fields)
        suggested = self._view.suggested_options.get(input_field.state_path, [])
        entered = input_values.resolve_entered(self._workspace, input_field, value, suggested)
        self._view.values[input_field.state_path] = entered
        self._workspace.changes.notify()
        if not input_field.dispatches_action:
            return Interaction(self._session.user.id)
        action = input_values.action_payload(input_field, entered, self._workspace.clock.next_ts())
        return await self._send_action(action)

    async def suggest(self, label: str, typed: str) -> list[str]:
        """
        Type into an external select, and return the labels that the app offers, of which one may then be chosen.

        The list is empty, as people see it, when the app does not answer in time or what it answers breaks a rule.
        """
        return [option["text"]["text"] for option in await self._suggest(self._field(label), typed)]

    async def suggest_at(self, path: ElementPath, typed: str) -> list[Json]:
        """As `suggest`, into the external select at a path; returns the options themselves."""
        self._require_open()
        return await self._suggest(input_values.find_field_at(path, self._view.fields), typed)

    async def _suggest(self, input_field: Field, typed: str) -> list[Json]:
        if "external" not in input_field.element_type or len(typed) < input_field.element.get("min_query_length", 3):
            raise AssertionError(f"{input_field.label!r} does not ask the app for {typed!r}")
        payload = payloads.block_suggestion(self._workspace, self._session.user, self._view, input_field, typed)
        interaction = await self._session.send(payload)
        options = _parse_options((interaction.envelope and interaction.envelope.response) or {})
        self._view.suggested_options[input_field.state_path] = options
        return options

    def _field(self, label: str) -> Field:
        self._require_open()
        return input_values.find_field(label, self._view.fields)

    def _set_value(self, input_field: Field, value: InputValue) -> Any:  # noqa: ANN401 - JSON
        suggested = self._view.suggested_options.get(input_field.state_path, [])
        self._view.values[input_field.state_path] = input_values.resolve_value(
            self._workspace, input_field, value, suggested
        )
        self._workspace.changes.notify()
        return self._view.values[input_field.state_path]

    async def _send_action(self, action: Json) -> Interaction:
        self._require_open()
        payload = payloads.view_block_actions(self._workspace, self._session.user, self._view, action)
        return await self._session.send(payload)

    def _require_open(self) -> None:
        if self._workspace.views.homes.get(self._session.user.id) is not self._view:
            raise AssertionError("this is not what the Home tab shows any more")


class Modal(OpenView):
    """A modal; only the topmost can be used."""

    @property
    def title(self) -> str:
        """The words at its top."""
        return str(self._view.content["title"]["text"])

    @property
    def errors(self) -> dict[str, str]:
        """The words at each field that the last submission was refused with, by the label of the field."""
        labels = {each.block_id: each.label for each in self._view.fields}
        return {labels[block_id]: words for block_id, words in self._view.errors.items()}

    @property
    def errors_by_block(self) -> dict[str, str]:
        """The same by the id of the block."""
        return dict(self._view.errors)

    @property
    def submission_error(self) -> str | None:
        """Slack's message about a failed submission."""
        return self._view.submission_error

    def fill(self, label: str, value: str | int) -> None:
        """Put words, a date, a time or a number into an input."""
        self._fill(label, value, self._field(label).element_type in FREE_INPUT_TYPES)

    def pick_user(self, label: str, user_id: str | list[str]) -> None:
        """Pick one person, or several where several may be picked."""
        self._fill(label, user_id, self._field(label).state_key.startswith("selected_user"))

    def choose(self, label: str, option: str | list[str]) -> None:
        """Choose an option by its label (or a channel by its id), or several where several may be chosen."""
        self._fill(label, option, self._field(label).state_key.startswith(("selected_op", "selected_c")))

    async def submit(self) -> Interaction:
        """
        Press the submitting button, and return when the app has answered or has failed to.

        Nothing is sent while Slack itself has something against what is filled in: that stands in `errors`.
        """
        view = self._view
        self._require_open()
        if "submit" not in view.content:
            raise AssertionError(f"the modal {self.title!r} has no button to submit it")
        complaints = {each.block_id: each.validation_error(view.value(each)) for each in view.fields}
        view.errors = {block_id: words for block_id, words in complaints.items() if words}
        view.submission_error = None
        if view.errors:
            return Interaction(self._session.user.id)
        return await self._send_submission(view)

    async def close(self) -> Interaction:
        """Press the closing button: the modal below is seen again, unless this one is to clear the whole stack."""
        self._require_open()
        if self.content.get("clear_on_close"):
            return await self.dismiss()
        self._workspace.views.close(self._view)
        self._workspace.changes.notify()
        return await self._notify_closed(self._view, cleared=False)

    async def dismiss(self) -> Interaction:
        """Press the cross: all modals go. The app is told of each that wants it; what came of this one is returned."""
        self._require_open()
        stack = self._workspace.views.stacks[self._session.user.id]
        self._workspace.views.stacks[self._session.user.id] = []
        self._workspace.changes.notify()
        interactions = [await self._notify_closed(view, cleared=True) for view in reversed(stack)]
        return interactions[0]

    async def _send_submission(self, view: View) -> Interaction:
        payload = payloads.view_submission(self._workspace, self._session.user, view, self._response_urls())
        interaction = await self._session.send(payload)
        if interaction.acked and interaction.envelope:
            submissions.apply_response(self._workspace, view, interaction.envelope.response or {})
        else:
            view.submission_error = submissions.CONNECTION_ERROR
        self._workspace.changes.notify()
        return interaction

    def _response_urls(self) -> list[Json]:
        """Make an address for each conversation that was chosen where the app asked for one."""
        return [
            {
                "block_id": each.block_id,
                "action_id": each.element["action_id"],
                "channel_id": self._view.value(each),
                "response_url": self._session.response_urls.make(self._view.value(each), self._session.user.id),
            }
            for each in self._view.fields
            if each.element.get("response_url_enabled") and self._view.value(each)
        ]

    async def _notify_closed(self, view: View, *, cleared: bool) -> Interaction:
        if not view.content.get("notify_on_close"):
            return Interaction(self._session.user.id)
        payload = payloads.view_closed(self._workspace, self._session.user, view, cleared=cleared)
        return await self._session.send(payload, accepts_response=False)

    def _fill(self, label: str, value: InputValue, fits: bool) -> None:  # noqa: FBT001 - it is all this is about
        input_field = self._field(label)
        if not fits:
            raise AssertionError(f"{label!r} is a {input_field.element_type}, which is not used like this")
        if input_field.dispatches_action:
            raise AssertionError(f"{label!r} tells the app at once: use `await change({label!r}, ...)`")
        self._set_value(input_field, value)

    def _require_open(self) -> None:
        stack = self._workspace.views.stack(self._session.user.id)
        if not stack or stack[-1] is not self._view:
            raise AssertionError(f"the modal {self.title!r} is not on top (any more)")


def _parse_options(response: Json) -> list[Json]:
    """Read the options out of an ack: one list, or groups, of at most a hundred."""
    if list(Items(OPTION, 100, 0).check(response.get("options", []), "")):
        return []
    if list(Items(OPTION_GROUP, 100, 0).check(response.get("option_groups", []), "")):
        return []
    grouped = [option for group in response.get("option_groups", []) for option in group["options"]]
    return [*response.get("options", []), *grouped]
