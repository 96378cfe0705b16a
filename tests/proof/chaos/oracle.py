"""
What must never be lost, doubled, stale, echoed or in a wrong name, judged by what the simulators saw.

Each figure says how much there was to go wrong, and what did.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from tests.proof.chaos.check_clicks import doubled_writes, lost_clicks, misattributed
from tests.proof.chaos.observations import Facts, grouped
from tests.proof.chaos.observed_calls import STATES, VERB, Line, Transition
from tests.proof.chaos.scenario import OUTSIDER, PEOPLE
from tests.proof.chaos.verdict import Figure, Finding

DIRECT = 10.0
"""Seconds after a click in which an acknowledge that could not be stored, or a copy of it, may go straight there."""
OPENED = "triggered"
TICK = 0.1
"""Seconds by which PagerDuty's clock may be ahead after a burst of changes."""

Judge = Callable[[Facts], Figure]


@dataclass(frozen=True)
class Change:
    """All that PagerDuty went through of one kind with one incident, and all that is told of it."""

    incident: str
    what: str
    real: list[Transition]
    told: list[Line]

    def __str__(self) -> str:
        return f"{len(self.real)} x {self.what}, told {len(self.told)} times"


def changes(facts: Facts) -> Iterator[Change]:
    """Go through all kinds of changes of all incidents; that one was opened is told by its card."""
    real = grouped((each for each in facts.transitions if each.what != OPENED), lambda each: (each.incident, each.what))
    told = grouped(facts.lines, lambda each: (each.incident, each.what))
    for key in sorted(real.keys() | told.keys()):
        yield Change(*key, real.get(key, []), told.get(key, []))


def lost_deliveries(facts: Facts) -> Figure:
    """Judge whether every change that our receiver took is told, and every change was taken in the end."""
    found = [
        Finding(change.incident, change.real[-1].at, str(change))
        for change in changes(facts)
        if len(change.told) < len(change.real)
        for _ in range(len(change.real) - len(change.told))
    ]
    shown = {version.incident for version in facts.versions}
    opened = (each for each in facts.transitions if each.what == OPENED and each.incident not in shown)
    found += [Finding(each.incident, each.at, "it has no card") for each in opened]
    never = [each for each in facts.transitions if not each.delivered]
    found += [Finding(each.incident, each.at, f"{each.what} by {each.who} was never taken") for each in never]
    return Figure("acknowledged deliveries lost", len(facts.transitions), tuple(found))


def doubled_messages(facts: Facts) -> Figure:
    """Judge whether there is one card in each channel, and one line for each change."""
    found = [
        Finding(change.incident, line.at, str(change))
        for change in changes(facts)
        for line in change.told[len(change.real) :]
    ]
    cards = [(incident, card) for incident, some in facts.cards.items() for card in some]
    for (incident, channel), count in Counter((incident, card.channel_id) for incident, card in cards).items():
        if count > 1:
            found.append(Finding(incident, float(facts.cards[incident][-1].ts), f"{count} cards in {channel}"))
    return Figure("cards and lines doubled", len(cards) + len(facts.lines), tuple(found))


def stale(facts: Facts) -> Figure:
    """Judge whether the cards equal PagerDuty, and none ever showed a state that PagerDuty had not reached."""
    found = [*_differing(facts), *_never_had(facts)]
    return Figure("stale", sum(map(len, facts.cards.values())) + len(facts.versions), tuple(found))


def _differing(facts: Facts) -> Iterator[Finding]:
    """Compare every card, at rest, with its incident."""
    pagerduty = facts.company.pagerduty
    names = {user.id: user.name for user in pagerduty.users}
    for incident in pagerduty.incidents:
        cards = facts.cards.get(incident.id, [])
        at = incident.updated_at.timestamp()
        missing = set(facts.company.channels[incident.service]) - {card.channel_id for card in cards}
        if missing:
            yield Finding(incident.id, at, f"no card in {sorted(missing)}")
        assigned = {names[user] for user in incident.assignees}
        for card in cards:
            head, _, rest = card.plain.partition("\n")
            shown = {name for name in names.values() if name in rest.partition("Assigned to ")[2].partition("\n")[0]}
            if f"{incident.status.capitalize()}  #{incident.number} {incident.title}" not in head or shown != assigned:
                yield Finding(incident.id, at, f"is {incident.status}, assigned to {assigned}; card: {card.plain!r}")


def _never_had(facts: Facts) -> Iterator[Finding]:
    """Look for versions of cards with a state that PagerDuty had not reached by then."""
    reached = grouped(facts.transitions, lambda each: (each.incident, STATES.get(each.what)))
    for version in facts.versions:
        first = min((each.at for each in reached.get((version.incident, version.status), [])), default=float("inf"))
        if version.at < first - TICK:
            yield Finding(version.incident, version.at, f"a card said {version.text!r}, which was not so yet")


def echoed(facts: Facts) -> Figure:
    """Judge whether the bridge announced its own writes as such, and nobody else's."""
    found = [finding for change in changes(facts) for finding in (*_misnamed(change), *_misplaced(facts, change))]
    return Figure("echoed", len(facts.effects), tuple(found))


def _misnamed(change: Change) -> Iterator[Finding]:
    """Look for lines that name somebody who did not do it."""
    real, told = Counter(each.who for each in change.real), Counter(each.who for each in change.told)
    if real.total() == told.total():
        for who, count in (told - real).items():
            yield Finding(change.incident, change.told[-1].at, f"{change.what} is told {count} x too often of {who}")


def _misplaced(facts: Facts, change: Change) -> Iterator[Finding]:
    """
    Look for lines that say "in Slack" or "in PagerDuty" of what was done in the other place.

    An acknowledge that could not be stored goes straight to PagerDuty, and is announced like an act there.
    """
    for who in (f"{name} Ng" for name in PEOPLE):
        slack = sum(line.who == who and line.where == "Slack" for line in change.told)
        done = _done_in_slack(facts, change, who)
        short = done - slack
        if short < 0 or short > _perhaps_direct(facts, change, who):
            at = change.told[-1].at if change.told else change.real[-1].at
            yield Finding(change.incident, at, f"{who}: {done} x {change.what} in Slack, told {slack} times")


def _done_in_slack(facts: Facts, change: Change, who: str) -> int:
    """Count what somebody did from Slack. Only the outsider reopens in PagerDuty itself."""
    if change.what == "reopened":
        return sum(each.who == who for each in change.real) if not who.startswith(OUTSIDER) else 0
    email = f"{who.partition(' ')[0].lower()}@example.com"
    verb = VERB.get(change.what)
    return sum((each.incident, each.email, each.action) == (change.incident, email, verb) for each in facts.effects)


def _perhaps_direct(facts: Facts, change: Change, who: str) -> int:
    """Count the acknowledges that may have gone straight to PagerDuty."""
    if change.what not in ("acknowledged", "reopened"):
        return 0
    return sum(
        facts.journal.troubled(click.at, click.at + DIRECT)
        for click in facts.clicks
        if (click.incident, f"{click.person} Ng", click.action) == (change.incident, who, "acknowledge")
    )


JUDGES: tuple[Judge, ...] = (
    lost_deliveries,
    lost_clicks,
    doubled_writes,
    doubled_messages,
    stale,
    echoed,
    misattributed,
)
"""What is promised, also once the bridge has noticed that Redis lost everything."""
