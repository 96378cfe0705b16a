"""The oracle's judgement about clicks: what became of each, and in whose name."""

from collections.abc import Iterator, Sequence
from typing import Protocol

from tests.proof.chaos.observations import Facts, grouped
from tests.proof.chaos.observed_calls import Click, Write
from tests.proof.chaos.verdict import Figure, Finding

TAKEN_BACK = ("unacknowledged", "reopened")
STATES = ("acknowledge", "resolve")
LONGEST = 20.0
"""Seconds that a click, or a copy of it, may take until it has an effect."""


class Timed(Protocol):
    """Something that happened at some time."""

    @property
    def at(self) -> float:
        """When, in seconds since the epoch."""


def lost_clicks(facts: Facts) -> Figure:
    """
    Judge whether each accepted click had an effect, or its clicker was told that it had none.

    Somebody who asks twice for one state has what they asked for once it is there in their name.
    """
    accepted = [click for click in facts.clicks if click.accepted]
    numbers = {incident.id: incident.number for incident in facts.company.pagerduty.incidents}
    effects = grouped(facts.effects, _asked)
    answers = grouped(facts.answers, lambda each: (each.person, each.number))
    given = grouped(facts.lost, lambda each: each.number)
    silent = [
        each
        for key, some in grouped(accepted, _wish).items()
        for each in _unanswered(some, effects.get(key, []))
        if not _there(each, effects.get(key, []))
    ]
    by_person = grouped(silent, lambda each: (each.person, numbers[each.incident]))
    untold = [each for key, some in by_person.items() for each in _unanswered(some, answers.get(key, []))]
    by_number = grouped(untold, lambda each: numbers[each.incident])
    lost = [each for key, some in by_number.items() for each in _unanswered(some, given.get(key, []))]
    found = [Finding(each.incident, each.at, f"{each.person}'s {each.action}: no effect, no answer") for each in lost]
    aside = f"{len(untold) - len(lost)} answers that Slack did not take" if len(untold) > len(lost) else ""
    return Figure("clicks lost", len(accepted), tuple(found), aside)


def doubled_writes(facts: Facts) -> Figure:
    """Judge whether each click had one effect at most. What decision 0013 does not promise is told apart."""
    clicks, effects = grouped(facts.clicks, _wish), grouped(facts.effects, _asked)
    unasked = [write for key, some in effects.items() for write in _unasked(some, clicks.get(key, []))]
    known = [write for write in unasked if _straight_and_stored(facts, write, clicks.get(_asked(write), []))]
    found = [
        Finding(write.incident, write.at, f"{write.action} as {write.email}: no click is left that asked for it")
        for write in unasked
        if write not in known
    ]
    aside = f"{len(known)} second effects of a copy, after the first was taken back (decision 0013)" if known else ""
    return Figure("writes doubled", len(facts.effects), tuple(found), aside)


def _straight_and_stored(facts: Facts, write: Write, clicks: Sequence[Click]) -> bool:
    """
    Tell whether a second effect may be that of a press of which one copy went straight to PagerDuty.

    Slack brought it more than once while a worker was without the store, and what the first had done was taken back.
    """
    return write.action == "acknowledge" and any(
        click.copies > 1
        and facts.journal.troubled(click.at, write.at)
        and any(
            change.incident == write.incident and change.what in TAKEN_BACK and click.at < change.at <= write.at
            for change in facts.transitions
        )
        for click in clicks
        if write.at - LONGEST <= click.at <= write.at
    )


def misattributed(facts: Facts) -> Figure:
    """Judge whether each write was in the name of somebody who had asked for just that."""
    clicks = grouped(facts.clicks, _wish)
    found = [
        Finding(write.incident, write.at, f"{write.action} as {write.email}, who had not asked for it")
        for write in facts.writes
        if not any(click.at <= write.at for click in clicks.get(_asked(write), []))
    ]
    return Figure("misattributed", len(facts.writes), tuple(found))


def _there(click: Click, effects: Sequence[Write]) -> bool:
    """Tell whether the incident got into the state that a click asked for, by another of the same person's clicks."""
    return click.action in STATES and any(click.at <= effect.at <= click.at + LONGEST for effect in effects)


def _wish(click: Click) -> tuple[str, str, str]:
    return click.person, click.incident, click.action


def _asked(write: Write) -> tuple[str, str, str]:
    return write.email.partition("@")[0].capitalize(), write.incident, write.action


def _unanswered(clicks: Sequence[Click], results: Sequence[Timed]) -> Iterator[Click]:
    """Give each click a result of its own that came after it, the latest click first; return who got none."""
    left = list(results)
    for click in sorted(clicks, key=lambda each: each.at, reverse=True):
        mine = next((result for result in left if result.at >= click.at), None)
        if mine is None:
            yield click
        else:
            left.remove(mine)


def _unasked(writes: Sequence[Write], clicks: Sequence[Click]) -> Iterator[Write]:
    """Give each write a click of its own that came before it, the earliest write first; return what got none."""
    left = list(clicks)
    for write in sorted(writes, key=lambda each: each.at):
        mine = next((click for click in left if click.at <= write.at), None)
        if mine is None:
            yield write
        else:
            left.remove(mine)
