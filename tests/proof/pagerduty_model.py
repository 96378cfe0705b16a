"""
What PagerDuty itself goes through: the truth that everything is judged by.

A lean model: incidents, their transitions with the millisecond and the cause of each, and the writes of the bridge with
what became of them. Written from the reference, without a line of the product's rules.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime

from tests.proof.personas import ALICE, PEOPLE, Person

TRIGGERED, ACKNOWLEDGED, RESOLVED = "triggered", "acknowledged", "resolved"
SERVICE = {"id": "PSVC001", "type": "service_reference", "summary": "checkout-api"}
POLICY = {"id": "PPOL001", "type": "escalation_policy_reference", "summary": "Payments on-call"}
TEAM = {"id": "PTEAM01", "type": "team_reference", "summary": "Payments"}

ALREADY_RESOLVED, ALREADY_ACKNOWLEDGED = 1001, 1002


@dataclass
class Write:
    """
    One call of the bridge that sets a status. Times are those of the simulation, in seconds.

    `landed` is when it took effect or would have, None while it has not. `answered` says that its caller read the
    answer. `after` says that it landed when its caller had given it up.
    """

    incident: str
    by: Person
    status: str
    begun: float
    worker: str
    landed: float | None = None
    changed: bool = False
    answered: bool = False
    after: bool = False


@dataclass(frozen=True)
class Transition:
    """One change of an incident's state. `at_ms` is PagerDuty's time, `at` the simulation's. `write` caused it."""

    type: str
    status: str
    at_ms: int
    at: float
    by: Person | None
    write: Write | None


@dataclass
class History:
    """One incident and everything it went through."""

    id: str
    number: int
    title: str
    status: str = TRIGGERED
    updated_ms: int = 0
    transitions: list[Transition] = field(default_factory=list)

    @property
    def last(self) -> Transition:
        """The transition that led to the present state."""
        return self.transitions[-1]


class AlreadySo(Exception):
    """Raised when a strict account is asked for the state that is there already."""

    def __init__(self, code: int) -> None:
        super().__init__(f"the incident is so already ({code})")
        self.code = code


class Account:
    """
    PagerDuty's side. `now` gives the simulation's time in seconds, `clock_ms` PagerDuty's own.

    `announce` takes each webhook's body, in the order in which things happened.
    """

    def __init__(
        self, now: Callable[[], float], clock_ms: Callable[[], int], announce: Callable[[bytes], None]
    ) -> None:
        self.incidents: dict[str, History] = {}
        self.writes: list[Write] = []
        self.strict = False
        self._now = now
        self.clock_ms = clock_ms
        self._announce = announce
        self._events = 0

    def open(self, number: int) -> History:
        """Let monitoring open an incident."""
        incident = History(f"Q{number}INCIDENT", number, f"Checkout is slow ({number})")
        self.incidents[incident.id] = incident
        self._enter(incident, "triggered", TRIGGERED, None, None)
        return incident

    def acknowledge(self, incident: History, by: Person | None, write: Write | None = None) -> None:
        """Acknowledge; a resolved incident is reopened by that, which makes two events."""
        if incident.status == RESOLVED:
            self._enter(incident, "reopened", TRIGGERED, by, write)
        if incident.status == TRIGGERED:
            self._enter(incident, "acknowledged", ACKNOWLEDGED, by, write)

    def resolve(self, incident: History, by: Person | None, write: Write | None = None) -> None:
        """Resolve what is open."""
        if incident.status != RESOLVED:
            self._enter(incident, "resolved", RESOLVED, by, write)

    def reopen(self, incident: History, by: Person | None) -> None:
        """Reopen what is resolved."""
        if incident.status == RESOLVED:
            self._enter(incident, "reopened", TRIGGERED, by, None)

    def unacknowledge(self, incident: History, by: Person | None) -> None:
        """Take an acknowledgement back, which a timer does as well."""
        if incident.status == ACKNOWLEDGED:
            self._enter(incident, "unacknowledged", TRIGGERED, by, None)

    def carry_out(self, write: Write) -> History:
        """Let a write of the bridge land. Raises `AlreadySo` in a strict account, or changes nothing."""
        incident = self.incidents[write.incident]
        before = len(incident.transitions)
        write.landed = self._now()
        if self.strict and incident.status == write.status:
            raise AlreadySo(ALREADY_RESOLVED if write.status == RESOLVED else ALREADY_ACKNOWLEDGED)
        (self.resolve if write.status == RESOLVED else self.acknowledge)(incident, write.by, write)
        write.changed = len(incident.transitions) > before
        return incident

    def _enter(self, incident: History, verb: str, status: str, by: Person | None, write: Write | None) -> None:
        at_ms = self.clock_ms()
        if incident.transitions and at_ms <= incident.last.at_ms and incident.last.write is write is not None:
            at_ms = incident.last.at_ms + 1
        incident.status = status
        # PagerDuty takes the time for `updated_at` a moment before the one for `occurred_at`.
        incident.updated_ms = at_ms - (at_ms * 7919) % 25
        incident.transitions.append(Transition(f"incident.{verb}", status, at_ms, self._now(), by, write))
        self._events += 1
        self._announce(self._body(incident))

    def _body(self, incident: History) -> bytes:
        happened = incident.last
        moment = datetime.fromtimestamp(happened.at_ms / 1000, UTC).isoformat(timespec="milliseconds")
        event = {
            "id": f"EVENT{self._events:05d}",
            "event_type": happened.type,
            "resource_type": "incident",
            "occurred_at": moment,
            "agent": reference(happened.by) if happened.by else None,
            "client": None,
            "data": {"id": incident.id, "type": "incident", "number": incident.number, **shown(incident)},
        }
        return json.dumps({"event": event}).encode()


def shown(incident: History) -> dict[str, object]:
    """Show an incident with the fields that webhooks and REST have in common."""
    return {
        "status": incident.status,
        "title": incident.title,
        "html_url": f"https://acme.pagerduty.com/incidents/{incident.id}",
        "created_at": datetime.fromtimestamp(incident.transitions[0].at_ms // 1000, UTC).isoformat(),
        "urgency": "high",
        "service": SERVICE,
        "priority": None,
        "assignees": assignees(incident),
        "teams": [TEAM],
        "escalation_policy": POLICY,
    }


def assignees(incident: History) -> list[dict[str, str]]:
    """Name whom it is assigned to: nobody any more once it is resolved."""
    return [] if incident.status == RESOLVED else [reference(ALICE)]


def reference(person: Person) -> dict[str, str]:
    """Refer to a user as PagerDuty does."""
    return {"id": person.pagerduty, "type": "user_reference", "summary": person.name}


def by_email(email: str) -> Person:
    """Find the PagerDuty user with an address; the bridge never sends another's."""
    return next(person for person in PEOPLE.values() if person.pagerduty and person.email == email)
