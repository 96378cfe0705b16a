"""The parts of `bridge.toml` that follow who is on call: handovers, and user groups and channel topics."""

from collections import Counter
from collections.abc import Iterable
from hashlib import sha256
from typing import Annotated, Self

from pydantic import AfterValidator, model_validator

from shared.config.card_config import Table
from shared.config.setting_types import Channel, Policy, Schedule, shaped
from shared.model.ids import IncidentId

PEOPLE = "{people}"
"""Stands for the people in a topic's pattern; without it they stand at its end."""
UserGroupName = Annotated[
    str,
    shaped(r"S[A-Z0-9]{2,30}|@[^\s@|<>&]{1,80}", "the handle of a user group such as @oncall, or its id (S0614TZR7)"),
]
Pattern = Annotated[
    str,
    shaped(
        rf"(?!{PEOPLE})[^|<>&\x00-\x1f\x7f\s][^|<>&\x00-\x1f\x7f]{{0,79}}",
        f"words that don't begin with {PEOPLE}, without | < > &, such as On call: {PEOPLE}",
    ),
]


def _levels(levels: tuple[int, ...]) -> tuple[int, ...]:
    if not levels or min(levels) < 1:
        raise ValueError("must be levels of an escalation policy, from 1 on, such as [1, 2]")
    return levels


class HandoverConfig(Table):
    """A channel in which what is open is summed up whenever the people at the first level of a policy change."""

    channel: Channel
    """Where it is posted, of what is shown there: the id of a channel. Each channel has one handover at most."""
    policy: Policy
    """The escalation policy whose first level hands over, by its id in PagerDuty. Those on call are named."""


class OncallGroupConfig(Table):
    """A user group whose members, and a channel whose topic, follow who is on call. One of both is needed."""

    group: UserGroupName | None = None
    """The user group, by its handle with the `@`, or by its id. Its members are replaced by who is on call."""
    channel: Channel | None = None
    """The id of the channel whose topic names who is on call."""
    topic: Pattern = f"On call: {PEOPLE}"
    """The text of the topic; other parts, with bars between them, stay as people wrote them."""
    schedules: tuple[Schedule, ...] = ()
    """The schedules to follow, by their ids in PagerDuty; an escalation policy must use them."""
    policies: tuple[Policy, ...] = ()
    """The escalation policies to follow, by their ids; several of both are taken together."""
    levels: Annotated[tuple[int, ...], AfterValidator(_levels)] = (1,)
    """The levels of the policies whose people are meant."""
    tell: Channel
    """Where it is explained if it can't follow, and told what was changed by hand: the id of a channel."""

    @property
    def id(self) -> IncidentId:
        """The id in a work queue, in the place of an incident's; unlike that of a channel it begins with an S."""
        named = sha256((self.group or self.channel or "").encode()).hexdigest()[:24]
        return IncidentId(f"S{named.upper()}")

    @model_validator(mode="after")
    def _follows_something(self) -> Self:
        if not self.group and not self.channel:
            raise ValueError("needs group or channel, or both")
        if not self.schedules and not self.policies:
            raise ValueError("needs schedules or policies, or both")
        return self


def each_once(handovers: tuple[HandoverConfig, ...]) -> tuple[HandoverConfig, ...]:
    """Refuse a second handover for a channel."""
    if len({each.channel for each in handovers}) < len(handovers):
        raise ValueError("name a channel twice")
    return handovers


def written_once(groups: tuple[OncallGroupConfig, ...]) -> tuple[OncallGroupConfig, ...]:
    """Refuse two entries that would write to the same place in turn."""
    for kind, named in (("group", [each.group for each in groups]), ("channel", [each.channel for each in groups])):
        if _repeated(filter(None, named)):
            raise ValueError(f"name a {kind} twice: list all schedules and policies in one entry")
    return groups


def _repeated(names: Iterable[str]) -> bool:
    return any(count > 1 for count in Counter(names).values())
