"""Views: the modals that people have open, stacked, and the Home tabs that were published."""

import secrets
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from pagebridge_sandbox.slack import ids
from pagebridge_sandbox.slack.fields import Field, find_fields
from pagebridge_sandbox.slack.interactive import normalize_blocks
from pagebridge_sandbox.slack.responses import Json, SlackError

MAX_STACK = 3
"""Views that may lie on each other. Source: views.push."""


@dataclass(eq=False)
class View:
    """
    One view that `user_id` sees. `content` is what the app sent, `values` what was filled in, by block and action id.

    `errors` holds the words at each block that a submission was refused with; `trouble` what Slack itself tells.
    """

    id: str
    user_id: str
    content: Json
    root: str
    previous: str | None
    hash: str
    values: dict[tuple[str, str], Any] = field(default_factory=dict)
    suggested_options: dict[tuple[str, str], list[Json]] = field(default_factory=dict)
    errors: dict[str, str] = field(default_factory=dict)
    submission_error: str | None = None

    @property
    def blocks(self) -> list[Json]:
        """The blocks, with the ids that Slack has given where the app had not."""
        blocks: list[Json] = self.content["blocks"]
        return blocks

    @property
    def fields(self) -> list[Field]:
        """Everything that can be filled in."""
        return list(find_fields(self.blocks))

    @property
    def external_id(self) -> str:
        """The app's own name of it, empty without one."""
        return str(self.content.get("external_id", ""))

    @property
    def state(self) -> Json:
        """The current values, as payloads hold them: every element, an empty one as null or as an empty list."""
        values: dict[str, Json] = {}
        for each in self.fields:
            shown = {"type": each.element_type, each.state_key: self.value(each)}
            values.setdefault(each.block_id, {})[each.element["action_id"]] = shown
        return {"values": values}

    def value(self, input_field: Field) -> Any:  # noqa: ANN401 - JSON
        """Return what is in a field: what was filled in, else what it began with."""
        return self.values.get(input_field.state_path, input_field.initial_value)


class ViewStore:
    """
    All views of the app, by person. `app` holds the ids that every view names.

    Opening a modal while another is open begins a new stack in its place; Slack does not say what it does then.
    """

    def __init__(self, clock: ids.Clock, app: Json) -> None:
        self._clock = clock
        self._app = app
        self.stacks: dict[str, list[View]] = {}
        self.homes: dict[str, View] = {}

    def stack(self, user_id: str) -> list[View]:
        """Return the modals of a person, the topmost last."""
        return self.stacks.setdefault(user_id, [])

    def open(self, user_id: str, content: Json) -> View:
        """Show a modal."""
        view = self._new(user_id, content, None)
        self.stacks[user_id] = [view]
        return view

    def push(self, onto: View, content: Json) -> View:
        """Lay a modal onto the one in which a person has interacted. Raises `SlackError`."""
        stack = self.stack(onto.user_id)
        if onto not in stack:
            raise SlackError("not_found")
        if len(stack) >= MAX_STACK:
            raise SlackError("push_limit_reached")
        view = self._new(onto.user_id, content, stack[-1])
        stack.append(view)
        return view

    def publish(self, user_id: str, content: Json, hash_: str) -> View:
        """Show a Home tab in the place of the one before. Raises `SlackError`."""
        view = self.homes.get(user_id)
        if view:
            return self.update(view, content, hash_)
        if hash_:
            raise SlackError("hash_conflict")
        view = self._new(user_id, content, None)
        self.homes[user_id] = view
        return view

    def update(self, view: View, content: Json, hash_: str = "") -> View:
        """Change what is shown; inputs keep what was filled in where their ids stay. Raises `SlackError`."""
        if hash_ and hash_ != view.hash:
            raise SlackError("hash_conflict")
        self._require_unused_external_id(content, view)
        view.content, view.hash, view.errors, view.submission_error = _normalize(content), self._hash(), {}, None
        places = {each.state_path for each in view.fields}
        view.values = {place: value for place, value in view.values.items() if place in places}
        return view

    def close(self, view: View) -> None:
        """Take a view off the stack, with what lies on it."""
        stack = self.stack(view.user_id)
        if view in stack:
            del stack[stack.index(view) :]

    def find(self, view_id: str, external_id: str = "") -> View:
        """Return the view that is open under this id. Raises `SlackError`."""
        for view in self._all():
            if view.id == view_id or (external_id and view.external_id == external_id):
                return view
        raise SlackError("not_found")

    def as_json(self, view: View, *, with_state: bool = False) -> Json:
        """Show a view as answers and payloads do."""
        content, app = view.content, self._app
        return {
            "id": view.id,
            "team_id": app["team_id"],
            "type": content["type"],
            "blocks": view.blocks,
            "private_metadata": content.get("private_metadata", ""),
            "callback_id": content.get("callback_id", ""),
            "state": view.state if with_state else {"values": {}},
            "hash": view.hash,
            "title": content.get("title"),
            "clear_on_close": content.get("clear_on_close", False),
            "notify_on_close": content.get("notify_on_close", False),
            "close": content.get("close"),
            "submit": content.get("submit"),
            "previous_view_id": view.previous,
            "root_view_id": view.root,
            "app_id": app["app_id"],
            "external_id": view.external_id,
            "app_installed_team_id": app["team_id"],
            "bot_id": app["bot_id"],
        }

    def _new(self, user_id: str, content: Json, below: View | None) -> View:
        self._require_unused_external_id(content, None)
        id_ = ids.identifier("V")
        root, previous = (below.root, below.id) if below else (id_, None)
        return View(id_, user_id, _normalize(content), root, previous, self._hash())

    def _require_unused_external_id(self, content: Json, mine: View | None) -> None:
        wanted = content.get("external_id")
        if wanted and any(view.external_id == wanted for view in self._all() if view is not mine):
            raise SlackError("duplicate_external_id")

    def _all(self) -> Iterator[View]:
        for stack in self.stacks.values():
            yield from stack
        yield from self.homes.values()

    def _hash(self) -> str:
        return f"{int(self._clock.now())}.{secrets.token_urlsafe(6)}"


def _normalize(content: Json) -> Json:
    return {**content, "blocks": normalize_blocks(content["blocks"])}
