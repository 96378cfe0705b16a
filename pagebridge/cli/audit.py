"""`pagebridge audit`: what people did from Slack, what was decided and what PagerDuty answered; and how they linked."""

import json
import re
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from typing import Annotated

import typer

from pagebridge.cli import FAILED, exits
from pagebridge.cli.audit_words import link_sentence, sentence
from pagebridge.cli.clients import AsJson, Data, opened
from pagebridge.cli.names import ids_of, look_up
from pagebridge.cli.place import DATA
from pagebridge.cli.terminal import moment as clock
from pagebridge.cli.terminal import show, table, terminal, utc
from shared.errors import Malformed
from shared.model.actions import Action
from shared.model.journal import AuditEntry
from shared.model.link import LinkEntry
from shared.model.outcome import Kind
from shared.store.links import Links
from shared.store.redis import Redis
from shared.store.streams import AUDIT_JSON, Audit

UNITS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
TITLES = ("TIME (UTC)", "WHAT HAPPENED")
LINK = "link"
"""The action of all that became of links."""
ACTIONS = (*Action, LINK)


@dataclass(frozen=True)
class Wanted:
    """Which entries to show: those for which everything given holds. Times are in milliseconds, `until_ms` excluded."""

    since_ms: int = 0
    until_ms: int | None = None
    users: frozenset[str] = frozenset()
    incident: str | None = None
    action: str | None = None
    outcome: str | None = None

    def fits(self, entry: AuditEntry) -> bool:
        """True if `entry` matches the filters."""
        return all(
            (
                entry.at_ms >= self.since_ms,
                self.until_ms is None or entry.at_ms < self.until_ms,
                not self.users or bool(self.users & {entry.slack_user, entry.pagerduty_user}),
                self.incident in {None, entry.incident, entry.label},
                self.action in {None, entry.action},
                # People call both refused: what PagerDuty said no to, and what the bridge did.
                self.outcome in {None, entry.outcome, entry.decision},
            )
        )

    def fits_link(self, entry: LinkEntry) -> bool:
        """True if what became of a link matches the filters: no incident and no outcome has one."""
        return all(
            (
                entry.at_ms >= self.since_ms,
                self.until_ms is None or entry.at_ms < self.until_ms,
                not self.users or bool(self.users & {entry.slack_user, entry.pagerduty_user, entry.actor}),
                self.action in {None, LINK},
                self.incident is None and self.outcome is None,
            )
        )


def moment(text: str) -> int:
    """Read an age before now, or an ISO date or time, in milliseconds since 1970. Raises `typer.BadParameter`."""
    try:
        at = _ago(text) or datetime.fromisoformat(text)
    except (ValueError, OverflowError):
        why = f"{text!r} is neither an age such as 2h nor a date such as 2026-11-01"
        raise typer.BadParameter(why) from None
    return max(0, int((at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp() * 1000))


def incident(text: str) -> str:
    """Take a number, with or without its `#`, for a label, and anything else for an id."""
    number = text.removeprefix("#")
    return f"#{number}" if number.isdecimal() else text.upper()


def one_of(names: Iterable[str]) -> Callable[[str], str]:
    """Take one of these names, or a beginning that only one of them has, such as `ack`."""

    def take(text: str) -> str:
        given = text.lower().replace("-", "_")
        fitting = [name for name in names if name == given] or [name for name in names if name.startswith(given)]
        if len(fitting) != 1:
            raise typer.BadParameter(f"{text!r} is not one of {', '.join(fitting or names)}")
        return str(fitting[0])

    return take


WHEN = "such as 30m, 2h, 7d or 4w ago, 2026-11-01 or 2026-11-01T14:30 (UTC unless an offset is given)"
Moment = Annotated[int | None, typer.Option(parser=moment, metavar="TIME", help=f"Before this time, {WHEN}.")]
Since = Annotated[int | None, typer.Option(parser=moment, metavar="TIME", help=f"From this time on, {WHEN}.")]
Who = Annotated[str | None, typer.Option(metavar="NAME|ID", help="Only by this person: a name, an e-mail or an id.")]
On = Annotated[str | None, typer.Option(parser=incident, metavar="ID|NUMBER", help="Only on this incident.")]

Does = Annotated[
    str | None, typer.Option(parser=one_of(ACTIONS), metavar="ACTION", help=f"Only this action: {', '.join(ACTIONS)}.")
]
Ended = Annotated[
    str | None, typer.Option(parser=one_of(Kind), metavar="OUTCOME", help=f"Only this outcome: {', '.join(Kind)}.")
]


@exits
async def audit(  # noqa: PLR0913 - one filter each
    *,
    since: Since = None,
    until: Moment = None,
    user: Who = None,
    incident: On = None,
    action: Does = None,
    outcome: Ended = None,
    as_json: AsJson = False,
    data: Data = DATA,
) -> int:
    """Show what people did from Slack, what allowed it, and the result; and who was linked to whom, by whom."""
    users = await ids_of(user) if user else frozenset[str]()
    wanted = Wanted(since or 0, until, users, incident, action, outcome)
    async with opened(data) as redis:
        entries, unreadable = await _read(redis, wanted)
    show(map(json_line, entries) if as_json else await _lines(entries))
    sys.stderr.writelines(f"{problem}\n" for problem in unreadable)
    return FAILED if unreadable else 0


async def _read(redis: Redis, wanted: Wanted) -> tuple[list[AuditEntry | LinkEntry], list[Malformed]]:
    """Read what is wanted in the order of its time, and what is wrong with entries that can't be read."""
    entries: list[AuditEntry | LinkEntry] = []
    unreadable: list[Malformed] = []
    async for found in Audit(redis).read(wanted.since_ms):
        if isinstance(found, Malformed):
            unreadable.append(found)
        elif wanted.fits(found):
            entries.append(found)
    async for change in Links(redis).changes(wanted.since_ms):
        if isinstance(change, Malformed):
            unreadable.append(change)
        elif wanted.fits_link(change):
            entries.append(change)
    return sorted(entries, key=lambda entry: entry.at_ms), unreadable


def json_line(entry: AuditEntry | LinkEntry) -> str:
    """Write an entry as JSON, as it is stored and with what follows from it; what became of a link as action `link`."""
    if isinstance(entry, LinkEntry):
        return json.dumps({"at": utc(entry.at_ms), "action": LINK, **asdict(entry)})
    stored = json.loads(AUDIT_JSON.dump_json(entry))
    return json.dumps({"at": utc(entry.at_ms), **stored, "decision": entry.decision})


def _ago(text: str) -> datetime | None:
    age = re.fullmatch(rf"(\d{{1,6}})([{''.join(UNITS)}])", text)
    return datetime.now(UTC) - timedelta(**{UNITS[age[2]]: int(age[1])}) if age else None


async def _lines(entries: Sequence[AuditEntry | LinkEntry]) -> list[str]:
    """Write entries for people, in names as far as these can be looked up."""
    if not entries:
        return ["Nothing in the audit matches."]
    links = [entry for entry in entries if isinstance(entry, LinkEntry)]
    concerned = [one for entry in links for one in (entry.pagerduty_user, entry.actor)]
    names = await look_up([*(entry.slack_user for entry in entries), *concerned])
    rows = [
        (clock(one.at_ms), link_sentence(one, names) if isinstance(one, LinkEntry) else sentence(one, names))
        for one in entries
    ]
    return [*table(TITLES, rows, terminal()), *names.told()]
