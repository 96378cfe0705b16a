"""
The acts of people in Slack, as the page asks for them.

A message is named by its `ts` or, in a scenario that may be played again elsewhere, by the number of its incident
(`card`) or by what it says (`said`); what is pressed by its ids or by its `label`; a dialog by its id, or it is the
topmost one.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from pagebridge_sandbox.play.playground import Playground
from pagebridge_sandbox.play.slack_state import incident_of
from pagebridge_sandbox.slack import ElementPath, Ephemeral, Interaction, Message, Modal, OpenView, Person

Json = dict[str, Any]
Act = Callable[[Playground, Json], Awaitable[Json]]


@dataclass(frozen=True)
class _Asked:
    """The target of one request."""

    playground: Playground
    body: Json

    @property
    def person(self) -> Person:
        return self.playground.slack.person(str(self.body["user"]))

    @property
    def modal(self) -> Modal:
        """Return the dialog that is meant. Raises `LookupError` when it is closed."""
        wanted = self.body.get("view_id")
        if wanted is None:
            return self.person.modal
        for modal in self.person.modals:
            if modal.id == wanted:
                return modal
        raise LookupError("This dialog is closed.")

    @property
    def path(self) -> ElementPath:
        return ElementPath(str(self.body["block_id"]), str(self.body["action_id"]), str(self.body.get("value") or ""))

    @property
    def message(self) -> Message | Ephemeral:
        """Return the message that is meant. Raises `LookupError` when it is gone."""
        found = self._private_message() if self.body.get("private") else self._shared_message()
        if found is None:
            raise LookupError("This message is not there any more.")
        return found

    @property
    def about(self) -> str:
        """Return the incident that is named by its number, or in the value of what is pressed; empty for none."""
        pagerduty, words = self.playground.pagerduty, str(self.body.get("value") or "").split()
        if "incident" in self.body:
            return pagerduty.incident(int(self.body["incident"])).id
        return next((each.id for each in pagerduty.incidents if each.id in words), "")

    def _private_message(self) -> Ephemeral | None:
        """Return one by its `ts`, else the latest on which there is something to press."""
        seen, ts = self.person.private_messages, self.body.get("ts")
        return next((each for each in reversed(seen) if each.ts == ts or (ts is None and each.buttons)), None)

    def _shared_message(self) -> Message | None:
        slack, pagerduty = self.playground.slack, self.playground.pagerduty
        channel = slack.channels[str(self.body["channel"])]
        if "said" in self.body:
            return next((each for each in channel.all_messages() if each.text == self.body["said"]), None)
        if "card" not in self.body:
            return channel.find(str(self.body["ts"]))
        incident = pagerduty.incident(int(self.body["card"])).id
        return next((each for each in channel.messages if incident_of(each) == incident), None)


async def click(playground: Playground, body: Json) -> Json:
    """Press a button, or choose in an overflow menu; a dialog that comes first is given back until `confirmed`."""
    asked = _Asked(playground, body)
    confirmed = bool(body.get("confirmed"))
    if body.get("modal"):
        return _outcome(await asked.modal.press(asked.path, confirmed=confirmed))
    if body.get("home"):
        tab = asked.person.home
        return _outcome(await tab.press(_pressed(body, tab, asked.about), confirmed=confirmed))
    message = asked.message
    return _outcome(await asked.person.press(_pressed(body, message), message, confirmed=confirmed))


async def select(playground: Playground, body: Json) -> Json:
    """Choose in a menu on a message, also in one of buttons."""
    asked = _Asked(playground, body)
    if _same_action(body, asked.message):
        return await click(playground, body)
    chosen = next((body[name] for name in ("value", "user_id", "date", "time") if name in body), None)
    return _outcome(await asked.person.put(asked.path, chosen, asked.message))


async def options(playground: Playground, body: Json) -> Json:
    """Search in a menu of a dialog."""
    asked = _Asked(playground, body)
    return {"options": await asked.modal.suggest_at(asked.path, str(body["query"])), "option_groups": []}


async def type_text(playground: Playground, body: Json) -> Json:
    """Type a command, or a message."""
    asked = _Asked(playground, body)
    person, text, channel = asked.person, str(body["text"]), str(body["channel"])
    if text.startswith("/"):
        return _outcome(await person.type_command(text, channel))
    thread = asked.message.ts if {"card", "said"} & body.keys() else body.get("thread_ts")
    return {"ts": person.post(text, channel, thread).ts}


async def shortcut(playground: Playground, body: Json) -> Json:
    """Use a shortcut on a message, or a global one."""
    asked = _Asked(playground, body)
    message = asked.message if {"ts", "card", "said"} & body.keys() else None
    if isinstance(message, Ephemeral):
        raise TypeError("Private messages have no shortcuts.")
    return _outcome(await asked.person.shortcut(str(body["name"]), message))


async def fill(playground: Playground, body: Json) -> Json:
    """Fill in a field of a dialog."""
    asked = _Asked(playground, body)
    path = ElementPath(str(body["block_id"]), str(body["action_id"]))
    return _outcome(await asked.modal.put(path, body.get("value")))


async def submit(playground: Playground, body: Json) -> Json:
    """Send a dialog."""
    modal = _Asked(playground, body).modal
    outcome = _outcome(await modal.submit())
    return outcome | {"errors": modal.errors_by_block, "trouble": modal.submission_error}


async def close(playground: Playground, body: Json) -> Json:
    """Close a dialog, or all that lie on each other."""
    modal = _Asked(playground, body).modal
    return _outcome(await (modal.dismiss() if body.get("all") else modal.close()))


async def home(playground: Playground, body: Json) -> Json:
    """Come to the app's Home tab."""
    playground.slack.person(str(body["user"])).open_app_home()
    return {}


async def reload(playground: Playground, body: Json) -> Json:
    """Load Slack anew: what only this person saw is gone."""
    playground.slack.person(str(body["user"])).reload()
    return {}


def _pressed(body: Json, message: Message | Ephemeral | OpenView, about: str = "") -> ElementPath:
    """
    Find what is pressed, of a tab among what is `about` an incident. Raises `LookupError`.

    A card or a tab that was updated a moment ago has other ids for its blocks, and values that tell more: what does
    the same on it is pressed.
    """
    if "label" in body:
        found = [each.path for each in message.clickables if each.label == body["label"]]
    else:
        value = str(body.get("value") or "")
        found = [path for path in _same_action(body, message) if _begins_alike(value, path.value)]
        found.sort(key=lambda path: (path.block_id != body.get("block_id"), path.value != value))
    found = [path for path in found if not about or about in path.value.split()]
    if not found:
        raise LookupError("This button is not on the message any more.")
    return found[0]


def _same_action(body: Json, message: Message | Ephemeral | OpenView) -> list[ElementPath]:
    paths = (each.path for each in message.clickables)
    return [path for path in paths if path.action_id == str(body["action_id"])]


def _begins_alike(wanted: str, value: str) -> bool:
    """Compare values by their first words: which entry of a menu it is, or which incident."""
    return not wanted or wanted.split()[:1] == value.split()[:1]


def _outcome(interaction: Interaction) -> Json:
    dialog = interaction.dialog
    asked = {
        "title": dialog.title,
        "text": dialog.text,
        "confirm": dialog.labels[0],
        "deny": dialog.labels[1],
    } if dialog else None  # fmt: skip
    return {"acked": interaction.acked, "failure": interaction.failure, "confirm": asked}


ACTS: dict[str, Act] = {
    "slack/click": click,
    "slack/select": select,
    "slack/options": options,
    "slack/type": type_text,
    "slack/shortcut": shortcut,
    "slack/modal/fill": fill,
    "slack/modal/submit": submit,
    "slack/modal/close": close,
    "slack/home": home,
    "slack/reload": reload,
}
"""The acts by their paths under `/api/`."""
