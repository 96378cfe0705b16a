"""Pure: the story of one incident in order of time, out of its journal and the audit, in words for people."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from pagebridge.cli.terminal import utc
from shared.model.event import Source
from shared.model.incident import FoldResult
from shared.model.journal import AuditEntry, Fact
from shared.model.outcome import Kind
from shared.store.streams import JournalEntry

AUDITED = (
    *("command", "action", "slack_user", "pagerduty_user", "mapped", "decision", "rule"),
    *("sent", "answer", "outcome", "reference"),
)
"""What the story tells of an entry of the audit."""


@dataclass(frozen=True)
class Moment:
    """One fact, when it became true (milliseconds, the store's clock), and what it means."""

    at_ms: int
    fact: Fact

    @property
    def text(self) -> str:
        """Return the fact as a sentence, or its raw form if this version has no sentence for it."""
        words = WORDS.get(self.fact.name)
        about = _Known(self.fact.fields)
        if words is None:
            return ", ".join(f"{name} {value}" for name, value in about.items())
        return words(about) if callable(words) else words.format_map(about)


class _Known(dict[str, str]):
    """The fields of a fact for a sentence: times are readable, missing fields become a dash."""

    def __getitem__(self, name: str) -> str:
        text = self.get(name, "")
        return utc(int(text)) if text and name.endswith("_ms") else text or "-"

    def __missing__(self, name: str) -> str:
        return self[name]


def told(journal: Iterable[JournalEntry], audit: Iterable[AuditEntry]) -> list[Moment]:
    """Return the story, oldest first."""
    moments = [Moment(_when(noted), noted.fact) for noted in journal]
    moments += [Moment(entry.at_ms, _ended(entry)) for entry in audit]
    return sorted(moments, key=lambda moment: moment.at_ms)


def _when(noted: JournalEntry) -> int:
    """Count an event from when it came, a command from when it was stored, the rest from when it was written."""
    since = noted.fact.get("received_ms") or noted.fact.get("accepted_ms")
    return int(since) if since else noted.at_ms


def _ended(entry: AuditEntry) -> Fact:
    about = {name: getattr(entry, name) for name in AUDITED}
    return Fact("command.ended", tuple((name, str(value)) for name, value in about.items() if value))


_TOLD: dict[str, str] = {
    FoldResult.NEWS: "new",
    FoldResult.ECHO: "the echo of our own call, announced in the name of the person who clicked",
    FoldResult.DUPLICATE: "ignored: duplicate of an earlier event",
    FoldResult.STALE: "its state is ignored as older than {as_of_ms}; its thread line is kept",
    FoldResult.IMPOSSIBLE: "ignored, and PagerDuty read instead: its time is in the future, or its number is another",
}


def _folded(about: _Known) -> str:
    by = f" by {about['by']}" if about.get("by") else ""
    came = f"{about['source']} {about['type']}{by}, id {about['event_id']}, occurred {about['occurred_ms']}: "
    if (about["source"], about["told"]) == (Source.ANSWER, FoldResult.NEWS):
        return came + "PagerDuty's answer to our own call"
    return came + _TOLD.get(about["told"], about["told"]).format_map(about)


def _state(about: _Known) -> str:
    whom = about.get("assigned") or "nobody"
    return "{status}, {urgency} urgency, assigned to {whom}, as of {as_of_ms}".format_map(_Known(about, whom=whom))


def _line(about: _Known) -> str:
    by = (about.get("command") and f"command {about['command']}") or about.get("by") or "no person"
    return "a line for the thread: {type}, by {who} (reported by {source})".format_map(_Known(about, who=by))


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
    wait = f", to be tried again in {about['wait']} s" if about.get("wait") else ""
    return f"{about.get('error', '-')} {codes}".strip() + wait


def _call_failed(about: _Known) -> str:
    end = (
        "may have gone through: will be looked up before a retry"
        if about.get("unclear") == "yes"
        else "surely did nothing"
    )
    return f"call {about.get('call')} of command {about.get('command')} {end}"


def _later(who: str) -> Callable[[_Known], str]:
    return lambda about: f"{who.format_map(about)}: {_failure(about)}"


def _decided(about: _Known) -> str:
    rule = f", rule: {about['rule']}" if about.get("rule") else ""
    sent = f"sent {about['sent']}, answered {about['answer']}" if about.get("sent") else "nothing was sent"
    quoted = f"reference {about['reference']}" if about.get("reference") else ""
    parts = (_person(about), f"{about['decision']}{rule}", sent, about["outcome"], quoted)
    return f"{about['action']} {about['command']}: {'; '.join(filter(None, parts))}"


def _person(about: _Known) -> str:
    if about.get("pagerduty_user"):
        return f"{about['slack_user']} is {about['pagerduty_user']} (by {about['mapped']})"
    unknown = "is not linked" if about["outcome"] == Kind.NOT_LINKED else "could not be looked up"
    return f"{about['slack_user']} {unknown}"


WORDS: dict[str, str | Callable[[_Known], str]] = {
    "event.folded": _folded,
    "incident.known": _state,
    "incident.unread": "the times of its events cannot decide which state is newer, so PagerDuty is asked",
    "incident.read": "state taken from PagerDuty's answer",
    "incident.adopted": "found in Slack after the store lost its data: cards in {channels}, {lines} lines",
    "incident.routed": _routed,
    "incident.unshown": _unshown,
    "incident.withheld": "belongs to a private team now, and no route names {channel} for it: hidden there",
    "line.opened": _line,
    "echo.expected": "command {command} is about to cause {type} by {by}: waiting for its echo",
    "echo.recognised": "{source} {event_id} is the echo of command {command}",
    "attempt.shown": "the card shows command {command} as {state}",
    "command.queued": "{by} asked for {action}: command {command}, stored",
    "command.again": _later("command {command} could not be settled yet"),
    "command.ended": _decided,
    "call.begun": "call {call} of command {command} to PagerDuty begins",
    "call.failed": _call_failed,
    "pagerduty.failed": _later("call {call} of command {command} to PagerDuty failed"),
    "pagerduty.unread": _later("PagerDuty could not be asked how the incident stands"),
    "message.posting": "{message}: about to be posted in {channel}",
    "message.posted": "{message}: posted in {channel} as {ts}",
    "message.not_posted": "{message}: not posted in {channel}; nothing is there",
    "message.found": "{message}: an earlier post had reached {channel}, found again as {ts}",
    "message.updated": "{message}: {channel} {ts} is up to date",
    "message.unclear": "{message}: the outcome of an update of {channel} {ts} is unknown, so it is written again",
    "message.gone": "{message}: {ts} is gone from {channel} or can't be edited; posted again",
    "slack.later": _later("Slack does not show everything yet"),
    "slack.refused": _later("Slack refused a message to {channel}"),
    "card.displaced": "{channel} cannot be posted to, so the card goes to {instead}",
    "channel.closed": "{channel} cannot be posted to: the incident waits for it",
    "channel.opened": "{channel} can be posted to again",
    "resync.repaired": "resync found what no event had reported: {missing}",
    "sweep.repaired": "a message in {channel} was not as recorded ({wrong}): fixed",
}
"""The sentence for each fact, as a format string or a function of its fields."""
