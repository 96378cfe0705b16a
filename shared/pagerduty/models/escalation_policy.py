"""Escalation policies and who is on call for them, in values: answers in. Pure."""

from dataclasses import dataclass
from typing import Annotated

from pydantic import PlainValidator, model_validator

from shared.model.ids import UserId
from shared.pagerduty.models.fields import (
    Count,
    Many,
    Number,
    OptionalNumber,
    OptionalReference,
    OptionalTime,
    Reference,
    Text,
    as_object,
    as_objects,
    named,
    optional_text,
    parser,
)

_PEOPLE = frozenset({"user", "user_reference"})


@dataclass(frozen=True)
class EscalationLevel:
    """
    One level of an escalation policy: its people and schedules.

    After `delay_minutes` an unacknowledged incident escalates to the next level. With `round_robin` only one of them is
    paged each time.
    """

    users: Many[Reference]
    schedules: Many[Reference]
    delay_minutes: Annotated[OptionalNumber, named("escalation_delay_in_minutes")]
    round_robin: Annotated[
        bool,
        PlainValidator(lambda strategy: strategy == "round_robin"),
        named("escalation_rule_assignment_strategy"),
    ] = False

    @model_validator(mode="before")
    @classmethod
    def _with_targets(cls, rule: object) -> object:
        """Tell apart those whom PagerDuty has in one list of targets."""
        found = as_object(rule)
        kinds = [(optional_text(one.get("type")), one) for one in as_objects(found.get("targets"))]
        users = [one for kind, one in kinds if kind in _PEOPLE]
        return {**found, "users": users, "schedules": [one for kind, one in kinds if kind not in _PEOPLE]}


@dataclass(frozen=True)
class EscalationPolicy:
    """An escalation policy; the first of its `levels` is level 1. It is repeated `loops` times."""

    id: Text
    name: Text
    levels: Annotated[Many[EscalationLevel], named("escalation_rules")] = ()
    loops: Annotated[Count, named("num_loops")] = 0
    teams: Many[Reference] = ()

    @property
    def targets(self) -> frozenset[UserId]:
        """The users that its levels name directly, not through a schedule."""
        return frozenset(UserId(user.id) for level in self.levels for user in level.users)


@dataclass(frozen=True)
class OnCall:
    """
    A person on call at a level, by a schedule or always (`schedule` is None).

    `since` and `until` are the ends of the shift; None if open-ended.
    """

    level: Annotated[Number, named("escalation_level")]
    user: Reference
    schedule: OptionalReference
    policy: Annotated[Reference, named("escalation_policy")]
    until: Annotated[OptionalTime, named("end")]
    since: Annotated[OptionalTime, named("start")] = None


parse_escalation_policy = parser(EscalationPolicy, "escalation_policy")
parse_escalation_policies = parser(tuple[EscalationPolicy, ...], "escalation_policies")
parse_on_calls = parser(tuple[OnCall, ...], "oncalls")
