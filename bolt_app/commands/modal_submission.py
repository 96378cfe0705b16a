"""
Pure: a submitted dialog as values.

Raises `Malformed` for what none of our dialogs sends, `Wrong` for what the person can put right.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from bolt_app.modals import context
from bolt_app.modals.context import About
from bolt_app.modals.forms import HOURS, LATER, UNTIL
from bolt_app.modals.inputs import CALLBACK, VALUE, searched
from shared.errors import BridgeError, Malformed
from shared.model.command import Action, Terms
from shared.model.event import SECOND, Ref
from shared.model.ids import SlackUserId
from shared.pagerduty.api.request_bodies import LONGEST_SNOOZE

HOUR = 3600
MORNING = time(9)

Values = Mapping[str, Any]


class Wrong(BridgeError):
    """Raised when something filled in cannot be taken. `errors` has the words for each field, by its block id."""

    def __init__(self, **errors: str) -> None:
        super().__init__("; ".join(errors.values()))
        self.errors = errors


@dataclass(frozen=True)
class Filled:
    """
    What was filled in.

    `chosen` are people of Slack, to be looked up in PagerDuty. `mine` says that the person wants to have the incident.
    `wake` is when a snooze is to end, if they chose a time of day. `field` is where that was chosen which is still to
    be looked up.
    """

    action: Action
    context: About
    terms: Terms
    chosen: tuple[SlackUserId, ...] = ()
    field: str = ""
    mine: bool = False
    wake: str | int | None = None


def read(view: Mapping[str, Any]) -> Filled:
    """Read the `view` of a submission."""
    try:
        action = Action(str(view["callback_id"]).removeprefix(CALLBACK))
        values = _Values(view["state"]["values"])
        of = context.read(view["private_metadata"])
        return _READ[action](action, of, values)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise Malformed(f"not a dialog of this bridge: {type(error).__name__}") from None


def first_field(view: Mapping[str, Any]) -> str | None:
    """Name the first field of a view, where words about all of it can stand; None when it has none."""
    blocks = view.get("blocks")
    found = (block.get("block_id") for block in blocks if block.get("type") == "input") if blocks else iter(())
    return next(found, None)


def snoozed(wake: str | int, now_ms: int, zone: str) -> int:
    """
    Work out the seconds from now until `wake`: a moment in seconds since 1970, or tomorrow morning in the time zone.

    Raises `Wrong` when that is not within what PagerDuty takes.
    """
    at = _tomorrow(now_ms, zone) if wake == LATER else int(wake)
    seconds = at - now_ms // SECOND
    if seconds <= 0:
        raise Wrong(until="That time is over. Choose a later one.")
    if seconds > LONGEST_SNOOZE:
        raise Wrong(until="PagerDuty snoozes for 7 days at most. Choose an earlier time.")
    return seconds


class _Values:
    """What is filled in, by the name of the field."""

    def __init__(self, values: Values) -> None:
        self._values = values

    def text(self, name: str) -> str:
        value = self._value(name).get("value")
        return "" if value is None else _storable(value).strip()

    def required(self, name: str, words: str) -> str:
        text = self.text(name)
        if not text:
            raise Wrong(**{name: words})
        return text

    def choice(self, name: str) -> str | None:
        option = self._value(name).get("selected_option")
        return None if option is None else _known(option["value"])

    def ref(self, name: str) -> Ref | None:
        option = self._value(name).get("selected_option")
        return None if option is None else Ref(_known(option["value"]), _storable(option["text"]["text"]))

    def ticked(self, name: str) -> bool:
        return bool(self._value(name).get("selected_options"))

    def people(self, name: str) -> tuple[SlackUserId, ...]:
        value = self._value(name)
        users = value.get("selected_users", [value.get("selected_user")])
        return tuple(SlackUserId(_known(user)) for user in users if user is not None)

    def moment(self, name: str) -> int | None:
        at = self._value(name).get("selected_date_time")
        return None if at is None else int(at)

    def _value(self, name: str) -> Values:
        """Find a field's value; a field that the dialog did not have is empty."""
        block = self._values.get(name) or {}
        value: Values = block.get(VALUE) or block.get(searched(name)) or {}
        return value


def _storable(value: object) -> str:
    """Take a text that can be stored, which not every text in JSON can."""
    if not isinstance(value, str):
        raise TypeError("not a text")
    value.encode()
    return value


def _known(value: object) -> str:
    """Take an id, which is never long and has nothing in it that could break out of a path or a key."""
    if not isinstance(value, str) or not value.isascii() or not value.isalnum():
        raise ValueError("not an id")
    return value


def _note(action: Action, of: About, values: _Values) -> Filled:
    return Filled(action, of, Terms(text=values.required("text", "Write something first.")))


def _resolve(action: Action, of: About, values: _Values) -> Filled:
    return Filled(action, of, Terms(text=values.text("text")))


def _reassign(action: Action, of: About, values: _Values) -> Filled:
    mine, people, policy = values.ticked("mine"), values.people("person"), values.ref("policy")
    if mine + len(people) + (policy is not None) != 1:
        raise Wrong(mine="Choose exactly one: yourself, somebody else, or an escalation policy.")
    return Filled(action, of, Terms(policy=policy, seen=of.seen), people, "person", mine=mine)


def _add_responders(action: Action, of: About, values: _Values) -> Filled:
    people = tuple(dict.fromkeys(values.people("people")))
    if not people:
        raise Wrong(people="Choose who should help.")
    return Filled(action, of, Terms(text=values.text("text")), people, "people")


def _snooze(action: Action, of: About, values: _Values) -> Filled:
    how_long, until = values.choice("how_long"), values.moment("until")
    if how_long in HOURS and until is None:
        return Filled(action, of, Terms(seconds=int(how_long) * HOUR))
    if how_long == LATER and until is None:
        return Filled(action, of, Terms(), field="how_long", wake=LATER)
    if how_long != UNTIL:
        raise Wrong(how_long="You chose a time below: choose “Until the time below”, or clear it.")
    if until is None:
        raise Wrong(until="Choose a date and a time.")
    return Filled(action, of, Terms(), field="until", wake=until)


def _priority(action: Action, of: About, values: _Values) -> Filled:
    priority = values.ref("priority")
    if priority is None:
        raise Wrong(priority="Choose a priority.")
    return Filled(action, of, Terms(priority=priority))


def _trigger(action: Action, of: About, values: _Values) -> Filled:
    service = values.ref("service")
    if service is None:
        raise Wrong(service="Choose the service.")
    urgency = values.choice("urgency") or "high"
    if urgency not in {"high", "low"}:
        raise ValueError("no such urgency")
    title = values.required("title", "Say what is wrong.")
    return Filled(action, of, Terms(text=values.text("text"), service=service, title=title, urgency=urgency))


_READ: Mapping[Action, Callable[[Action, About, _Values], Filled]] = {
    Action.NOTE: _note,
    Action.RESOLVE: _resolve,
    Action.REASSIGN: _reassign,
    Action.ADD_RESPONDERS: _add_responders,
    Action.SNOOZE: _snooze,
    Action.PRIORITY: _priority,
    Action.STATUS_UPDATE: _note,
    Action.TRIGGER: _trigger,
}


def _tomorrow(now_ms: int, zone: str) -> int:
    """Find tomorrow morning where the person is."""
    try:
        here = ZoneInfo(zone)
    except (KeyError, ValueError, OSError):
        raise Wrong(until="Slack does not say which time zone you are in. Choose the time here.") from None
    tomorrow = (datetime.fromtimestamp(now_ms // SECOND, here) + timedelta(days=1)).date()
    return int(datetime.combine(tomorrow, MORNING, here).timestamp())
