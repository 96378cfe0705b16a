"""Escalation policies and who is on call for them, in values: answers in. Pure."""

from dataclasses import dataclass

from shared.errors import Malformed
from shared.model.event import Instant, Ref
from shared.model.ids import UserId
from shared.pagerduty.models.fields import Fields, is_user, members, optional_ref, optional_time, ref, text


@dataclass(frozen=True)
class EscalationLevel:
    """
    One level of an escalation policy: its people and schedules.

    After `delay_minutes` an unacknowledged incident escalates to the next level. With `round_robin` only one of them is
    paged each time.
    """

    users: tuple[Ref, ...]
    schedules: tuple[Ref, ...]
    delay_minutes: int | None
    round_robin: bool = False


@dataclass(frozen=True)
class EscalationPolicy:
    """An escalation policy; the first of its `levels` is level 1. It is repeated `loops` times."""

    id: str
    name: str
    levels: tuple[EscalationLevel, ...] = ()
    loops: int = 0
    teams: tuple[Ref, ...] = ()

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

    level: int
    user: Ref
    schedule: Ref | None
    policy: Ref
    until: Instant | None
    since: Instant | None = None


def parse_escalation_policy(answer: object) -> EscalationPolicy:
    """Read `{"escalation_policy": {...}}`."""
    return _policy(Fields.of(Fields.of(answer).get("escalation_policy")))


def parse_escalation_policies(answer: object) -> tuple[EscalationPolicy, ...]:
    """Read one page of `{"escalation_policies": [...]}`."""
    return tuple(_policy(policy) for policy in members(Fields.of(answer).get("escalation_policies")))


def parse_on_calls(answer: object) -> tuple[OnCall, ...]:
    """Read one page of `{"oncalls": [...]}`."""
    return tuple(_on_call(entry) for entry in members(Fields.of(answer).get("oncalls")))


def _policy(policy: Fields) -> EscalationPolicy:
    return EscalationPolicy(
        id=text(policy.get("id")),
        name=text(policy.get("name")),
        levels=tuple(_level(rule) for rule in policy.members("escalation_rules")),
        loops=policy.optional_number("num_loops") or 0,
        teams=tuple(ref(team) for team in policy.members("teams")),
    )


def _level(rule: Fields) -> EscalationLevel:
    targets = rule.members("targets")
    return EscalationLevel(
        users=tuple(ref(target) for target in targets if is_user(target)),
        schedules=tuple(ref(target) for target in targets if not is_user(target)),
        delay_minutes=rule.optional_number("escalation_delay_in_minutes"),
        round_robin=rule.get("escalation_rule_assignment_strategy") == "round_robin",
    )


def _on_call(entry: Fields) -> OnCall:
    level = entry.optional_number("escalation_level")
    if level is None:
        raise Malformed("somebody on call at no level")
    return OnCall(
        level=level,
        user=ref(entry.part("user")),
        schedule=optional_ref(entry.get("schedule")),
        policy=ref(entry.part("escalation_policy")),
        until=optional_time(entry.get("end")),
        since=optional_time(entry.get("start")),
    )
