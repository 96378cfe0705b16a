"""Pure: the story of one incident in order of time, out of its journal and the audit, in words for people."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from pagebridge.cli.audit_words import sentence
from pagebridge.cli.names import Names
from pagebridge.cli.terminal import moment
from shared.model.actions import SPECS, Action
from shared.model.event import Source
from shared.model.incident import FoldResult
from shared.model.journal import CARD, AuditEntry, Fact
from shared.store.journal import JournalEntry

AUDITED = (
    *("command", "action", "slack_user", "pagerduty_user", "mapped", "decision", "rule"),
    *("sent", "answer", "outcome", "reference"),
)
"""The fields of an audit entry that the story shows."""


NAMED = frozenset({"assigned", "by", "channel", "channels", "instead", "person"})
"""The fields of a fact that hold ids of people and channels."""
OTHERWISE = {"command": "a command", "message": "a line of the thread"}
"""The names of a command and of a message that the journal does not describe."""
SOURCES: Mapping[str, str] = {
    Source.WEBHOOK: "PagerDuty's webhook",
    Source.ANSWER: "PagerDuty's answer to our call",
    Source.READ: "PagerDuty, read by the bridge,",
    Source.LOG: "PagerDuty's log",
}


ERRORS = {
    "queued": "the bridge spaces its own calls",
    "unavailable": "not reachable, or limited",
    "uncertain": "no clear answer",
    "refused": "refused",
    "notfound": "not found",
    "badcredentials": "the bridge's credentials were refused",
}
"""The words for the errors after which something is tried again."""


@dataclass(frozen=True)
class Moment:
    """One fact, when it became true (milliseconds, the store's clock), and what it means, as a sentence."""

    at_ms: int
    fact: Fact
    text: str


class _Known(dict[str, str]):
    """The fields of a fact for a sentence: times are readable, missing fields become a dash."""

    def __getitem__(self, name: str) -> str:
        text = self.get(name, "")
        return moment(int(text)) if text and name.endswith("_ms") else text or "-"

    def __missing__(self, name: str) -> str:
        return self[name]


def told(journal: Sequence[JournalEntry], audit: Sequence[AuditEntry], names: Names) -> list[Moment]:
    """Return the story, oldest first, in `names`."""
    known = _named(journal, audit, names)
    moments = [Moment(_when(noted), noted.fact, worded(noted.fact, names, known)) for noted in journal]
    moments += [Moment(entry.at_ms, _ended(entry), sentence(entry, names)) for entry in audit]
    return sorted(moments, key=lambda one: one.at_ms)


def ids_in(journal: Iterable[JournalEntry], audit: Iterable[AuditEntry]) -> Iterator[str]:
    """Give the ids of people and channels in a story."""
    yield from (noted.fact.get(name) for noted in journal for name in NAMED)
    yield from (entry.slack_user for entry in audit)


def worded(fact: Fact, names: Names, known: Mapping[str, str]) -> str:
    """
    Write a fact as a sentence, or in its raw form if this version has no sentence for it.

    `known` has what to call commands and lines of the thread, by their ids.
    """
    about = _Known(fact.fields)
    about.update({name: names.of(value) for name, value in fact.fields if name in NAMED})
    about.update({name: known.get(value, OTHERWISE[name]) for name, value in fact.fields if name in OTHERWISE})
    words = WORDS.get(fact.name)
    if words is None:
        return ", ".join(f"{name} {value}" for name, value in about.items())
    return words(about) if callable(words) else words.format_map(about)


def _named(journal: Iterable[JournalEntry], audit: Iterable[AuditEntry], names: Names) -> dict[str, str]:
    """Name commands by who asked for what, and lines of the thread by what they tell."""
    known = {CARD: "the card"}
    facts = [noted.fact for noted in journal] + [_ended(entry) for entry in audit]
    for fact in facts:
        who = names.of(fact.get("slack_user") or fact.get("by"))
        if fact.name in {"command.queued", "command.ended"} and fact.get("action") in SPECS:
            known[fact.get("command")] = f"{who}'s {SPECS[Action(fact.get('action'))].attempt.noun}"
        elif fact.name == "line.opened":
            known[fact.get("line")] = f"the line “{_event(fact.get('type'))}”"
    return known


def _event(kind: str) -> str:
    return kind.removeprefix("incident.").replace("_", " ").replace(".", " ")


def _when(noted: JournalEntry) -> int:
    """Count an event from when it came, a command from when it was stored, the rest from when it was written."""
    since = noted.fact.get("received_ms") or noted.fact.get("accepted_ms")
    return int(since) if since else noted.at_ms


def _ended(entry: AuditEntry) -> Fact:
    about = {name: getattr(entry, name) for name in AUDITED}
    return Fact("command.ended", tuple((name, str(value)) for name, value in about.items() if value))


_TOLD: dict[str, str] = {
    FoldResult.NEWS: "new to the bridge",
    FoldResult.ECHO: "the echo of what was done from Slack",
    FoldResult.DUPLICATE: "ignored: duplicate of an earlier event",
    FoldResult.STALE: "its state is ignored as older than {as_of_ms}; its thread line is kept",
    FoldResult.IMPOSSIBLE: "ignored, and PagerDuty read instead: its time is in the future, or its number is another",
}


def _folded(about: _Known) -> str:
    by = f" by {about['by']}" if about.get("by") else ""
    came = f"{SOURCES.get(about['source'], about['source'])} “{_event(about['type'])}”{by}: "
    return came + _TOLD.get(about["told"], about["told"]).format_map(about)


def _state(about: _Known) -> str:
    whom = about.get("assigned") or "nobody"
    return "{status}, {urgency} urgency, assigned to {whom}, as of {as_of_ms}".format_map(_Known(about, whom=whom))


def _line(about: _Known) -> str:
    by = f" by {about['by']}" if about.get("by") else ""
    return f"the thread gets the line “{_event(about['type'])}”{by}"


def _routed(about: _Known) -> str:
    route = about.get("route", "-")
    by = "no route matches, so the default channel is used" if route == "default" else f"route {route} of bridge.toml"
    over = [part.split(":") for part in about.get("passed_over", "").split(",") if ":" in part]
    others = "".join(f"; route {number} does not: another {field}" for number, field in over)
    return f"shown in {about.get('channels', '-')}: {by}{others}"


def _unshown(about: _Known) -> str:
    why = {
        "no_route": "no route of bridge.toml matches, and there is no default channel",
        "ignored": "the matching route of bridge.toml has no channel",
        "private_team": "its team is private in PagerDuty, and no route names a channel for it",
        "teams_unknown": "PagerDuty does not say to which teams it belongs, so it may be a private team's",
        "over": "it was resolved days before the bridge first heard of it",
    }
    return f"shown nowhere: {why.get(about.get('why', ''), about.get('why', '-'))}"


def _failure(about: _Known) -> str:
    codes = " ".join(about[name] for name in ("status", "code") if about.get(name))
    wait = f"; tried again in {about['wait']} s" if about.get("wait") else ""
    why = ERRORS.get(about["error"], about["error"])
    return why + (f" ({codes})" if codes else "") + wait


def _call_failed(about: _Known) -> str:
    end = (
        "may have gone through: will be looked up before a retry"
        if about.get("unclear") == "yes"
        else "surely did nothing"
    )
    return f"call {about['call']} for {about['command']} {end}"


def _later(who: str) -> Callable[[_Known], str]:
    return lambda about: f"{who.format_map(about)}: {_failure(about)}"


def _recognised(about: _Known) -> str:
    return f"{SOURCES.get(about['source'], about['source'])} confirms {about['command']}"


def _expected(about: _Known) -> str:
    return f"{about['command']} is about to cause “{_event(about['type'])}”: waiting for PagerDuty to report it"


WORDS: dict[str, str | Callable[[_Known], str]] = {
    "event.folded": _folded,
    "incident.known": _state,
    "incident.unread": "the times of its events cannot decide which state is newer, so PagerDuty is asked",
    "incident.read": "state taken from PagerDuty's answer",
    "incident.adopted": "found in Slack after the store lost its data: cards in {channels}, {lines} lines",
    "incident.routed": _routed,
    "digest.joined": "many incidents at once in {channel}: this one shares the digest card there",
    "digest.left": "it is to have its own card in {channel}, not the digest's",
    "incident.unshown": _unshown,
    "incident.withheld": "belongs to a private team now, and no route names {channel} for it: hidden there",
    "thread.cleared": "its lines in {channel} were deleted there: it belongs to a private team now",
    "line.opened": _line,
    "journal.unreadable": "a step of the journal that cannot be read",
    "document.unreadable": "what the bridge knew ({document}) could not be read, so it is found out anew",
    "lines.counted": "{changes} changes are counted in one line of the thread: there is too much to tell one by one",
    "echo.expected": _expected,
    "echo.recognised": _recognised,
    "attempt.shown": "the card shows {command} as {state}",
    "command.queued": "{command} was stored",
    "command.again": _later("{command} could not be settled yet"),
    "call.begun": "call {call} to PagerDuty for {command} begins",
    "call.failed": _call_failed,
    "pagerduty.failed": _later("call {call} to PagerDuty for {command} failed"),
    "pagerduty.unread": _later("PagerDuty could not be asked how the incident stands"),
    "message.posting": "{message} is about to be posted in {channel}",
    "message.posted": "{message} was posted in {channel}",
    "message.not_posted": "{message} was not posted in {channel}: nothing is there",
    "message.found": "{message} had reached {channel} by an earlier post, and was found again",
    "message.updated": "{message} in {channel} is up to date",
    "message.unclear": "{message} in {channel} is written again: how its last update ended is unknown",
    "message.gone": "{message} is gone from {channel} or can't be edited, and is posted again",
    "direct.posting": "a direct message to {person} is about to be posted",
    "direct.posted": "a direct message was posted for {person}",
    "direct.not_posted": "no direct message was posted for {person}: nothing is there",
    "direct.found": "the direct message to {person} had arrived by an earlier post, and was found again",
    "direct.updated": "the direct message to {person} is up to date",
    "direct.unclear": "the direct message to {person} is written again: how its last update ended is unknown",
    "direct.gone": "the direct message to {person} was removed or can't be posted: it doesn't come again",
    "direct.summed": "one direct message to {person} counts it among others",
    "slack.later": _later("Slack is not up to date yet"),
    "slack.refused": _later("Slack refused a message to {channel}"),
    "card.displaced": "{channel} cannot be posted to, so the card goes to {instead}",
    "channel.closed": "{channel} cannot be posted to: the incident waits for it",
    "channel.opened": "{channel} can be posted to again",
    "resync.repaired": "resync found what no event had reported: {missing}",
    "sweep.repaired": "a message in {channel} was not as recorded ({wrong}): fixed",
}
"""The sentence for each fact, as a format string or a function of its fields."""
