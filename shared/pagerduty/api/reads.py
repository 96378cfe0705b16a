"""Everything that the bridge reads in PagerDuty: incidents and what belongs to them, and the account."""

import time
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TypeVar

import structlog

from shared.errors import CallError, Malformed, NotFound
from shared.model.event import SECOND, Instant
from shared.model.event_types import Status
from shared.model.ids import IncidentId, TeamId, UserId
from shared.model.incident import LAG_MS
from shared.pagerduty.api.transport import PAGE, Params, Read, Transport
from shared.pagerduty.models import account
from shared.pagerduty.models.account import EscalationPolicy, OnCall, Priority, Service, Team, User
from shared.pagerduty.models.fields import Listed, Parse
from shared.pagerduty.models.incident import RestIncident, parse_incident, parse_incidents
from shared.pagerduty.models.incident_parts import Alert, LogEntry, Note, parse_alerts, parse_log_entries, parse_notes
from shared.pagerduty.models.webhook_subscription import WebhookSubscription, parse_subscriptions

log = structlog.get_logger()

T = TypeVar("T")

UNUSED_MS = 28 * 24 * 3600 * SECOND
"""Milliseconds for which a schedule must name no one to be held for one that is not there, or not used."""
DATE_KEPT = 30.0
"""Seconds for which PagerDuty's time is known by its last `Date`, also if this machine's own clock is set."""
DATE_PAUSE = 5.0
"""Seconds between two calls that only ask for the time."""


@dataclass(frozen=True)
class IncidentFilter:
    """Which incidents to read: those that fit each of these; empty, and a `since_ms` (creation) of None, fits all."""

    statuses: Sequence[Status] = ()
    users: Sequence[UserId] = ()
    key: str = ""
    since_ms: int | None = None

    @property
    def params(self) -> dict[str, str | Sequence[str]]:
        """Write it as the parameters of the `GET`, which without a range would show the last month only."""
        wanted: dict[str, str | Sequence[str]] = {
            "statuses[]": [status.value for status in self.statuses],
            "user_ids[]": self.users,
            "incident_key": self.key,
        }
        age = {"date_range": "all"} if self.since_ms is None else {"since": _moment(self.since_ms)}
        return {name: value for name, value in wanted.items() if value} | age | {"sort_by": "created_at:asc"}


class Reads(Transport):
    """
    The reads. An incident can be named by its number as well as by its id.

    A search by `query` is fuzzy and gives the first `PAGE` only: finding nothing means nothing. An empty one fits all.
    """

    async def incident(self, incident: IncidentId, *, with_details: bool = False) -> Read[RestIncident]:
        """Read an incident, with the text that it was opened with only if that is asked for."""
        params: Params = {"include[]": ["body"]} if with_details else {}
        read = await self._call("incident", parse_incident, "GET", "incidents", incident, params=params)
        return read if read.value.updated else replace(read, value=_dated(read.value, read.date))

    async def try_to_read(self) -> None:
        """Read the smallest page of incidents, to see whether they can be read."""
        await self._call("try_to_read", lambda *_: None, "GET", "incidents", params={"limit": 1})

    async def incidents(self, wanted: IncidentFilter) -> AsyncIterator[RestIncident]:
        """
        Read incidents, oldest first, page by page.

        PagerDuty pages no further than 10,000 and answers `Refused` beyond: narrow `wanted` by age then. An
        incident that stops matching between two pages lets the next one be skipped; a caller that must see all reads
        again. One that cannot be read in the list is read singly, and passed over only if that fails as well.
        """
        async for page in self._pages("incidents", parse_incidents, "incidents", params=wanted.params):
            for incident in page.value:
                yield incident if incident.updated else _dated(incident, page.date)
            for skipped in page.skipped:
                try:
                    yield (await self.incident(IncidentId(skipped.id))).value
                except (NotFound, Malformed) as error:
                    log.warning("pagerduty.unreadable", call="incident", id=skipped.id, why=str(error))

    async def notes(self, incident: IncidentId) -> Read[tuple[Note, ...]]:
        """Read all notes of an incident; one that was edited shows its new text."""
        return await self._list("notes", parse_notes, "incidents", incident, "notes")

    async def log_entries(self, incident: IncidentId, since_ms: int | None = None) -> Read[tuple[LogEntry, ...]]:
        """Read the whole log of an incident, the oldest entry first; with `since_ms` only from that second on."""
        params: Params = {"is_overview": "false"} | ({} if since_ms is None else {"since": _moment(since_ms)})
        path = ("incidents", incident, "log_entries")
        read = await self._all("log_entries", parse_log_entries, *path, params=params)
        return replace(read, value=_oldest_first(read.value))

    async def activity(self, since_ms: int) -> Read[tuple[LogEntry, ...]]:
        """Read what happened since that second, oldest first; `date` is when reading began. `Refused` beyond 10,000."""
        params: Params = {"is_overview": "false", "since": _moment(since_ms)}
        read = await self._all("activity", parse_log_entries, "log_entries", params=params)
        return replace(read, value=_oldest_first(read.value))

    async def alerts(self, incident: IncidentId) -> tuple[Alert, ...]:
        """Read the alerts of an incident, the oldest `PAGE` at most: the incident tells how many it has."""
        path, params = ("incidents", incident, "alerts"), {"sort_by": "created_at:asc"}
        return (await self._all("alerts", parse_alerts, *path, params=params, most=PAGE)).value

    async def user(self, user: UserId) -> User:
        """Read a user; a deleted one is usually `NotFound`."""
        return (await self._call("user", account.parse_user, "GET", "users", user)).value

    async def me(self) -> User:
        """Read the person whose own token calls are made with; a key of the account is `Refused`."""
        return (await self._call("me", account.parse_user, "GET", "users", "me")).value

    async def users_by_query(self, query: str) -> tuple[User, ...]:
        """Search users by name or address."""
        return await self._search("users_by_query", account.parse_users, "users", query)

    async def all_users(self) -> AsyncIterator[User]:
        """Read the whole directory. PagerDuty pages no further than 10,000; more is `Refused`."""
        async for page in self._pages("all_users", account.parse_users, "users"):
            for user in page.value:
                yield user

    async def team(self, team: TeamId) -> Team:
        """Read a team."""
        return (await self._call("team", account.parse_team, "GET", "teams", team)).value

    async def teams(self, query: str = "") -> tuple[Team, ...]:
        """Search teams by name."""
        return await self._search("teams", account.parse_teams, "teams", query)

    async def team_members(self, team: TeamId) -> Read[dict[UserId, str]]:
        """Read the members of a team with their role there: `manager`, `responder` or `observer`."""
        read = await self._all("team_members", account.parse_members, "teams", team, "members")
        return Read({member.user: member.role for member in read.value}, read.date, read.skipped)

    async def escalation_policy(self, policy: str) -> EscalationPolicy:
        """Read an escalation policy as it is now, which need not be as it was when an incident took it."""
        return (
            await self._call("escalation_policy", account.parse_escalation_policy, "GET", "escalation_policies", policy)
        ).value

    async def escalation_policies(self, query: str = "") -> tuple[EscalationPolicy, ...]:
        """Search escalation policies by name."""
        return await self._search(
            "escalation_policies", account.parse_escalation_policies, "escalation_policies", query
        )

    async def on_calls(self, policy: str, at_ms: int | None = None, until_ms: int | None = None) -> tuple[OnCall, ...]:
        """
        Read who is on call for an escalation policy at which level, now or in the second of `at_ms`.

        With `until_ms` also those on call at any time up to that second.

        One person may be on call at several levels, or at one by several schedules. PagerDuty limits these calls more
        strictly.
        """
        params: Params = {"escalation_policy_ids[]": policy}
        if at_ms is not None:
            params = {**params, "since": _moment(at_ms), "until": _moment((until_ms or at_ms) + SECOND)}
        return await self._on_calls(params)

    async def on_calls_between(self, since_ms: int, until_ms: int, user: UserId | None = None) -> tuple[OnCall, ...]:
        """Read who is on call at any time between the two, or when one `user` is, for any escalation policy."""
        params: Params = {"since": _moment(since_ms), "until": _moment(until_ms)}
        return await self._on_calls(params if user is None else {**params, "user_ids[]": [user]})

    async def on_calls_of(
        self, since_ms: int, until_ms: int, *, policies: Sequence[str] = (), schedules: Sequence[str] = ()
    ) -> tuple[OnCall, ...]:
        """
        Read who is on call at any time between the two for any of these policies, or of these schedules: not for both.

        Of a schedule PagerDuty tells only what an escalation policy uses.
        """
        params: Params = {"since": _moment(since_ms), "until": _moment(until_ms)}
        named = {"escalation_policy_ids[]": policies} if policies else {"schedule_ids[]": schedules}
        return await self._on_calls({**params, **named})

    async def is_schedule_used(self, schedule: str, now_ms: int) -> bool:
        """
        Read whether anyone is on call by a schedule in the next four weeks.

        If not, PagerDuty has no such schedule, no escalation policy uses it, or it is empty: on-calls don't tell which.
        """
        return bool(await self.on_calls_of(now_ms, now_ms + UNUSED_MS, schedules=[schedule]))

    async def _on_calls(self, params: Params) -> tuple[OnCall, ...]:
        """
        Read who is on call; PagerDuty can still name deleted people, who can't be reached.

        Raises `Uncertain` if an entry can't be read: without it another person, or no one, would seem to be on call.
        """
        read = await self._all("on_calls", account.parse_on_calls, "oncalls", params=params)
        read.require_whole()
        return tuple(entry for entry in read.value if not entry.deleted)

    async def on_call(self, policy: str) -> frozenset[UserId]:
        """Read who is on call for an escalation policy now, at any level."""
        return frozenset(UserId(entry.user.id) for entry in await self.on_calls(policy))

    async def service(self, service: str) -> Service:
        """Read a service."""
        return (await self._call("service", account.parse_service, "GET", "services", service)).value

    async def services(self, query: str = "") -> tuple[Service, ...]:
        """Search services by name."""
        return await self._search("services", account.parse_services, "services", query)

    async def all_services(self) -> tuple[Service, ...]:
        """Read every service."""
        return (await self._all("all_services", account.parse_services, "services")).value

    async def priorities(self) -> tuple[Priority, ...]:
        """Read the priorities in PagerDuty's order, the highest first; an account without them is `Refused`."""
        return (await self._all("priorities", account.parse_priorities, "priorities")).value

    async def abilities(self) -> frozenset[str]:
        """Read what the account can do, by PagerDuty's names, such as `RESPONDERS`."""
        return (await self._call("abilities", account.parse_abilities, "GET", "abilities")).value

    async def clock(self) -> Instant:
        """Return PagerDuty's clock, to the second."""
        return (await self._call("clock", account.parse_abilities, "GET", "abilities")).date

    async def fresh_now_ms(self) -> int | None:
        """Return PagerDuty's time by a `Date` read for this, at most every `DATE_PAUSE` seconds; None if it is old."""
        if time.monotonic() - self._date_asked > DATE_PAUSE:
            self._date_asked = time.monotonic()
            try:
                await self.clock()
            except (CallError, Malformed) as error:
                log.warning("pagerduty.clock_unread", why=str(error))
        return self.server_clock.now_ms() if time.monotonic() - self.server_clock.heard <= DATE_KEPT else None

    async def webhook_subscriptions(self) -> Read[tuple[WebhookSubscription, ...]]:
        """Read all webhook subscriptions that the key may see."""
        return await self._all("webhook_subscriptions", parse_subscriptions, "webhook_subscriptions")

    async def _search(self, name: str, parse: Parse[Listed[T]], things: str, query: str) -> tuple[T, ...]:
        params = {"query": query} if query else None
        return (await self._all(name, parse, things, params=params, most=PAGE)).value


def _dated(incident: RestIncident, read: Instant) -> RestIncident:
    """Give an incident that does not say credibly when it was changed the earliest time that a read of then shows."""
    return replace(incident, updated=Instant(read.ms - LAG_MS, SECOND))


def _moment(ms: int) -> str:
    """Write a time as PagerDuty reads it, cut to the second in which it lies."""
    return datetime.fromtimestamp(ms // SECOND, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _oldest_first(newest_first: Sequence[LogEntry]) -> tuple[LogEntry, ...]:
    """
    Turn PagerDuty's order round.

    An entry made between two pages shifts the others, so that one comes twice. Within one second, only PagerDuty's
    order tells which came first.
    """
    entries = {entry.id: entry for entry in reversed(newest_first)}
    return tuple(sorted(entries.values(), key=lambda entry: entry.at.ms))
