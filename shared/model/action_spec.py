"""The data about an action: its wording, where it is offered, and when it works."""

from dataclasses import dataclass
from enum import StrEnum

from shared.model.event_types import Status


class Placement(StrEnum):
    """Where an action is offered on a card."""

    BUTTON = "button"
    MENU = "menu"
    NONE = "none"


@dataclass(frozen=True)
class ActionWording:
    """
    The wording of one action. `{it}` stands for the incident, such as `incident #37`, `{It}` for the same in capitals.

    `noun` follows "your". The others are sentences without their full stop: `done`, `declined` (before it was sent) and
    `undone` (it failed), `waiting` while PagerDuty does not answer, `meanwhile` for what that means, in small letters,
    and `already`. `past` is what `{who}` already did, where another person can have done it. `unclear` and `late` (it
    took effect after all) are given where "your" does not suit the noun.
    """

    noun: str
    done: str
    declined: str
    undone: str
    waiting: str
    meanwhile: str
    already: str
    past: str = ""
    unclear: str = "Your {noun} may or may not have gone through"
    late: str = "Your {noun} went through after all"


@dataclass(frozen=True)
class AttemptWording:
    """The words of the card: `doing` follows "is", `noun` a name; `failed` is what became of the noun."""

    doing: str
    noun: str
    failed: str = "*failed*"
    meaning: str = ""


@dataclass(frozen=True)
class ActionSpec:
    """
    One action, as data.

    `event_type` is the event by which PagerDuty reports it. `request` is its call as the audit shows it, without any
    text of people; empty if only the bridge notes it. `works_in` are the statuses in which it does something, `status`
    is the one that it sets, None if it leaves it. One that is `long_lived` stays valid for minutes: a late text is
    still useful, a late page is not. One that is `idempotent` may be done twice; what notifies or adds may not.
    `changes_assignees` is true if it changes who is paged, and so depends on the assignees that the person saw.
    `low_urgency` is true if it works on incidents of low urgency too. `one_press` is true if a press on its button is
    all that it asks for; else it opens a dialog.
    """

    label: str
    event_type: str
    request: str
    words: ActionWording
    attempt: AttemptWording
    works_in: frozenset[Status] = frozenset({Status.TRIGGERED, Status.ACKNOWLEDGED})
    placement: Placement = Placement.BUTTON
    status: Status | None = None
    long_lived: bool = False
    idempotent: bool = False
    changes_assignees: bool = False
    low_urgency: bool = True
    one_press: bool = False
