"""What people read of a run: the figures and, when something went wrong, how it came about."""

import time
from collections.abc import Iterator

from tests.proof.chaos.observations import Facts
from tests.proof.chaos.verdict import Figure, Finding

BEFORE, BEHIND = 8.0, 4.0
"""Seconds around a finding that are told."""
MOST = 6
"""Findings that are told at length."""


def broken(facts: Facts, figures: list[Figure]) -> str:
    """Tell how what went wrong came about, empty when nothing did."""
    findings = [(figure, finding) for figure in figures for finding in figure.findings]
    return "\n\n".join(_story(facts, figure, finding) for figure, finding in findings[:MOST])


def told(facts: Facts, begun: float, ended: float, incident: str = "") -> Iterator[str]:
    """Tell what happened from `begun` to `ended`, to one incident or to all of them, in the order of time."""
    for at, words, about in sorted(_events(facts)):
        if begun <= at <= ended and about in ("", incident or about):
            yield f"  {_clock(at)}  {words}"


def _story(facts: Facts, figure: Figure, finding: Finding) -> str:
    channels = {card.channel_id for card in facts.cards.get(finding.incident, [])}
    head = f"{figure.name}, incident {finding.incident} at {_clock(finding.at)}: {finding.words}"
    around = told(facts, finding.at - BEFORE, finding.at + BEHIND, finding.incident)
    pictures = [facts.company.slack.render_channel(channel) for channel in sorted(channels)]
    return "\n".join([head, *around, *pictures])


def _events(facts: Facts) -> Iterator[tuple[float, str, str]]:
    """Give everything that is known to have happened: when, what, and to which incident."""
    for entry in facts.journal.entries:
        yield entry.at, f"-- {entry.words}", ""
    for click in facts.clicks:
        taken = "taken" if click.accepted else "NOT taken"
        yield click.at, f"{click.person} presses {click.action}: {taken}", click.incident
    for write in facts.writes:
        effect = "" if write.effect else ", no effect"
        yield write.at, f"PagerDuty is told to {write.action} as {write.email}{effect}", write.incident
    for change in facts.transitions:
        yield change.at, f"PagerDuty: {change.what} by {change.who}", change.incident
    for version in facts.versions:
        yield version.at, f"card: {version.text}", version.incident
    for line in facts.lines:
        yield line.at, f"line: {line.what} by {line.who} {line.where and 'in ' + line.where}", line.incident
    numbers = {incident.number: incident.id for incident in facts.company.pagerduty.incidents}
    for answer in facts.answers:
        yield (
            answer.at,
            f"{answer.person} is told that it was not done, or that it is not known",
            numbers[answer.number],
        )


def _clock(at: float) -> str:
    return time.strftime("%H:%M:%S", time.localtime(at)) + f".{int(at * 1000) % 1000:03d}"
