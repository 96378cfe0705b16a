"""Pure: a submitted dialog as values. Raises `Malformed` for none of ours, `InputError` for what people can fix."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from bolt_app.commands.interactive import require_text
from bolt_app.modals import context
from bolt_app.modals.context import ModalContext
from bolt_app.modals.forms import HOURS, LATER, UNTIL
from bolt_app.modals.inputs import CALLBACK, VALUE, search_select
from shared.errors import BridgeError, Malformed
from shared.model.actions import Action
from shared.model.command import ActionParams
from shared.model.event import SECOND, Ref
from shared.model.ids import SlackUserId, slack_id
from shared.pagerduty.models.incident import LONGEST_SNOOZE

HOUR = 3600
MORNING_HOUR = time(9)

Values = Mapping[str, Any]


class InputError(BridgeError):
    """Raised when something filled in cannot be taken. `errors` has the words for each field, by its block id."""

    def __init__(self, **errors: str) -> None:
        super().__init__("; ".join(errors.values()))
        self.errors = errors


@dataclass(frozen=True)
class ModalInput:
    """
    The parsed values of a submitted modal.

    `selected_users` are Slack users, still to be looked up in PagerDuty, from the block `user_block`. `assign_to_me` is
    true if the person takes the incident. `wake` is the chosen end of a snooze, if it is a time of day.
    """

    action: Action
    context: ModalContext
    terms: ActionParams
    selected_users: tuple[SlackUserId, ...] = ()
    user_block: str = ""
    assign_to_me: bool = False
    wake: str | int | None = None


def parse_submission(view: Mapping[str, Any]) -> ModalInput:
    """Read the `view` of a submission."""
    try:
        action = Action(str(view["callback_id"]).removeprefix(CALLBACK))
        values = ViewState(view["state"]["values"])
        of = context.parse_context(view["private_metadata"])
        return _READ[action](action, of, values)
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
        raise Malformed(f"not a dialog of this bridge: {type(error).__name__}") from None


def first_block_id(view: Mapping[str, Any]) -> str | None:
    """Name the first field of a view, where words about all of it can stand; None when it has none."""
    blocks = view.get("blocks")
    found = (block.get("block_id") for block in blocks if block.get("type") == "input") if blocks else iter(())
    return next(found, None)


def snooze_seconds(wake: str | int, now_ms: int, zone: str) -> int:
    """Return the seconds until `wake`, a Unix time or tomorrow morning. Raises `InputError` if out of range."""
    at = _tomorrow_morning(now_ms, zone) if wake == LATER else int(wake)
    seconds = at - now_ms // SECOND
    if seconds <= 0:
        raise InputError(until="That time has passed. Choose a later one.")
    if seconds > LONGEST_SNOOZE:
        raise InputError(until="PagerDuty snoozes for at most 7 days. Choose an earlier time.")
    return seconds


class ViewState:
    """The values of `view.state`, by input name."""

    def __init__(self, values: Values) -> None:
        self._values = values

    def text(self, name: str) -> str:
        """Return what was typed into a field, empty for nothing."""
        value = self._value(name).get("value")
        return "" if value is None else require_text(value).strip()

    def required(self, name: str, words: str) -> str:
        """Return what was typed into a field. Raises `InputError` with `words` if that is nothing."""
        text = self.text(name)
        if not text:
            raise InputError(**{name: words})
        return text

    def choice(self, name: str) -> str | None:
        """Return the id that was chosen, None for none."""
        option = self._value(name).get("selected_option")
        return None if option is None else _require_id(option["value"])

    def chosen(self, name: str) -> Iterator[tuple[str, str]]:
        """Give the value and the label of each chosen option."""
        for chosen in self._value(name).get("selected_options") or ():
            yield require_text(chosen["value"]), require_text(chosen["text"]["text"])

    def named_choice(self, name: str) -> Ref | None:
        """Return the id that was chosen, with its label, None for none."""
        option = self._value(name).get("selected_option")
        return None if option is None else Ref(_require_id(option["value"]), require_text(option["text"]["text"]))

    def is_checked(self, name: str) -> bool:
        """True if a box is ticked."""
        return bool(self._value(name).get("selected_options"))

    def people(self, name: str) -> tuple[SlackUserId, ...]:
        """Return the people who were chosen."""
        value = self._value(name)
        users = value.get("selected_users", [value.get("selected_user")])
        return tuple(SlackUserId(slack_id(user)) for user in users if user is not None)

    def timestamp(self, name: str) -> int | None:
        """Return the time that was chosen, in seconds since 1970, None for none."""
        at = self._value(name).get("selected_date_time")
        return None if at is None else int(at)

    def _value(self, name: str) -> Values:
        """Find a field's value; a field that the dialog did not have is empty."""
        block = self._values.get(name) or {}
        value: Values = block.get(VALUE) or block.get(search_select(name)) or {}
        return value


def _require_id(value: object) -> str:
    """Take an id, which is never long and has nothing in it that could break out of a path or a key."""
    if not isinstance(value, str) or not value.isascii() or not value.isalnum():
        raise ValueError("not an id")
    return value


def _note(action: Action, of: ModalContext, values: ViewState) -> ModalInput:
    return ModalInput(action, of, ActionParams(text=values.required("text", "Write something first.")))


def _resolve(action: Action, of: ModalContext, values: ViewState) -> ModalInput:
    return ModalInput(action, of, ActionParams(text=values.text("text")))


def _escalate(action: Action, of: ModalContext, _values: ViewState) -> ModalInput:
    return ModalInput(action, of, ActionParams(expected_assignees=of.seen))


def _reopen(action: Action, of: ModalContext, _values: ViewState) -> ModalInput:
    return ModalInput(action, of, ActionParams())


def _merge(action: Action, of: ModalContext, values: ViewState) -> ModalInput:
    chosen = values.named_choice("target")
    if chosen is None or chosen.id == of.incident:
        raise InputError(target="Choose another open incident.")
    # The option begins with its number.
    return ModalInput(action, of, ActionParams(target=Ref(chosen.id, chosen.name.partition(" ")[0])))


def _reassign(action: Action, of: ModalContext, values: ViewState) -> ModalInput:
    mine, people, policy = values.is_checked("mine"), values.people("person"), values.named_choice("policy")
    if (mine or policy is not None) and people == (of.assigned,):
        # Chosen by the dialog, as the one who has it now.
        people = ()
    if mine + len(people) + (policy is not None) != 1:
        raise InputError(mine="Choose exactly one: yourself, another person, or an escalation policy.")
    return ModalInput(
        action, of, ActionParams(policy=policy, expected_assignees=of.seen), people, "person", assign_to_me=mine
    )


def _add_responders(action: Action, of: ModalContext, values: ViewState) -> ModalInput:
    people = tuple(dict.fromkeys(values.people("people")))
    if not people:
        raise InputError(people="Choose who should help.")
    return ModalInput(action, of, ActionParams(text=values.text("text")), people, "people")


def _snooze(action: Action, of: ModalContext, values: ViewState) -> ModalInput:
    how_long, until = values.choice("how_long"), values.timestamp("until")
    if how_long in HOURS and until is None:
        return ModalInput(action, of, ActionParams(seconds=int(how_long) * HOUR))
    if how_long == LATER and until is None:
        return ModalInput(action, of, ActionParams(), user_block="how_long", wake=LATER)
    if how_long != UNTIL:
        raise InputError(how_long="Choose “Until the time below” to use that time, or clear it.")
    if until is None:
        raise InputError(until="Choose a date and a time.")
    return ModalInput(action, of, ActionParams(), user_block="until", wake=until)


def _priority(action: Action, of: ModalContext, values: ViewState) -> ModalInput:
    priority = values.named_choice("priority")
    if priority is None:
        raise InputError(priority="Choose a priority.")
    return ModalInput(action, of, ActionParams(priority=priority))


def _trigger(action: Action, of: ModalContext, values: ViewState) -> ModalInput:
    service = values.named_choice("service")
    if service is None:
        raise InputError(service="Choose the service.")
    urgency = values.choice("urgency") or "high"
    if urgency not in {"high", "low"}:
        raise ValueError("no such urgency")
    title = values.required("title", "Say what is wrong.")
    return ModalInput(action, of, ActionParams(text=values.text("text"), service=service, title=title, urgency=urgency))


_READ: Mapping[Action, Callable[[Action, ModalContext, ViewState], ModalInput]] = {
    Action.NOTE: _note,
    Action.RESOLVE: _resolve,
    Action.ESCALATE: _escalate,
    Action.REOPEN: _reopen,
    Action.MERGE: _merge,
    Action.REASSIGN: _reassign,
    Action.ADD_RESPONDERS: _add_responders,
    Action.SNOOZE: _snooze,
    Action.PRIORITY: _priority,
    Action.STATUS_UPDATE: _note,
    Action.TRIGGER: _trigger,
}


def _tomorrow_morning(now_ms: int, zone: str) -> int:
    """Find tomorrow morning where the person is."""
    try:
        here = ZoneInfo(zone)
    except (KeyError, ValueError, OSError):
        raise InputError(until="Slack doesn't know your time zone. Choose the time here.") from None
    tomorrow = (datetime.fromtimestamp(now_ms // SECOND, here) + timedelta(days=1)).date()
    return int(datetime.combine(tomorrow, MORNING_HOUR, here).timestamp())
