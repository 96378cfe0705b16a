"""Pure: one wish about several incidents: as it was chosen in the dialog, and as the one command that it becomes."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from pydantic import TypeAdapter, ValidationError

from bolt_app.commands.modal_submission import InputError, ViewState
from bolt_app.modals.several import ACTIONS, HOUR, LONGEST, MOST, Chosen, SeveralWish, parse_place
from shared.errors import Malformed
from shared.model.actions import SPECS, Action
from shared.model.command import ActionParams, Command, SlackActor
from shared.model.event import Ref
from shared.model.ids import CommandId, IncidentId, SlackUserId, incident_id

SEVERAL = "MANY"
"""Begins what stands for all incidents of one press; PagerDuty's own ids begin with P or Q."""
_JSON = TypeAdapter(SeveralWish)


@dataclass(frozen=True)
class Choice:
    """The submitted dialog: of `wish` the people are still to be looked up, `person` is their Slack user."""

    wish: SeveralWish
    person: SlackUserId | None = None


def parse_choice(view: Mapping[str, Any]) -> Choice:
    """Read the dialog. Raises `InputError` for what people can mend, `Malformed` for what no dialog of ours sends."""
    try:
        values = ViewState(view["state"]["values"])
        action = ACTIONS[ACTIONS.index(Action(str(values.choice("action"))))]
        chosen = tuple(values.chosen("incidents"))
        place = parse_place(view["private_metadata"])
        people, hours = values.people("person"), values.choice("how_long") or "1"
        terms = ActionParams(
            text=values.text("text") if action is Action.RESOLVE else "",
            seconds=int(hours) * HOUR if action is Action.SNOOZE else 0,
        )
    except (AttributeError, LookupError, TypeError, ValueError) as error:
        raise Malformed(f"not a dialog of this bridge: {type(error).__name__}") from None
    if not chosen:
        raise InputError(incidents="Choose at least one incident.")
    if action is Action.REASSIGN and len(people) != 1:
        raise InputError(person="Choose whom they are to be assigned to.")
    fitting = tuple(one for one in map(read_chosen, chosen) if one.status in SPECS[action].works_in)
    if not fitting:
        states = " or ".join(sorted(SPECS[action].works_in, reverse=True))
        raise InputError(incidents=f"{SPECS[action].label} works on incidents that are {states}. Choose at least one.")
    wish = SeveralWish(action, fitting, len(chosen) - len(fitting), terms, place)
    return Choice(wish, people[0] if action is Action.REASSIGN else None)


def read_chosen(option: tuple[str, str]) -> Chosen:
    """Read an option's value and label. Raises `Malformed` for none of ours."""
    value, title = option
    try:
        return Chosen.read(value, title)
    except ValueError as error:
        raise Malformed(f"not an option of this bridge: {type(error).__name__}") from None


def dump_wish(wish: SeveralWish) -> str:
    """Write it for `private_metadata`. Raises `InputError` if it is too long for it."""
    told = tuple(replace(one, title="") for one in wish.incidents)
    text = _JSON.dump_json(replace(wish, incidents=told)).decode()
    if len(text) > LONGEST:
        raise InputError(incidents="These are too many at once. Choose fewer.")
    return text


def parse_wish(text: object) -> SeveralWish:
    """Read what `dump_wish` wrote. Raises `Malformed` for anything else."""
    try:
        wish = _JSON.validate_json(text if isinstance(text, str) else "")
    except (ValidationError, ValueError):
        raise Malformed("a dialog that does not say what it is about") from None
    if wish.action not in ACTIONS or not 0 < len(wish.incidents) <= MOST:
        raise Malformed("a dialog about nothing")
    return wish


def command_from_wish(wish: SeveralWish, made: CommandId, by: SlackActor, opened_ms: int) -> Command:
    """Make the one command of a wish. Raises `Malformed` for an incident that no key can be named after."""
    return about(
        Command(
            id=made,
            action=wish.action,
            incident=IncidentId(f"{SEVERAL}{made.upper()}"),
            by=by,
            channel=wish.place.channel,
            message=None,
            response_url=wish.place.response_url,
            params=replace(
                wish.terms,
                incidents=tuple(Ref(incident_id(one.id), one.label) for one in wish.incidents),
                seen_by_incident=tuple(one.seen for one in wish.incidents),
            ),
            always_reply=True,
            requested_ms=opened_ms,
        )
    )


def about(whole: Command) -> Command:
    """Return a command about several incidents; about the only one, if it names no more."""
    first, *others = whole.params.incidents
    if others:
        return whole
    seen = next(iter(whole.params.seen_by_incident), None)
    terms = replace(whole.params, incidents=(), seen_by_incident=(), expected_assignees=seen)
    return replace(whole, incident=incident_id(first.id), label=first.name, params=terms)


def labels(command: Command) -> Iterator[str]:
    """Give the names of the incidents that a command is about."""
    yield from [one.name for one in command.params.incidents] or [command.label]
