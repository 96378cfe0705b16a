"""Pure: the objects of an account besides people, parsed: services, priorities, abilities."""

from dataclasses import dataclass

from shared.errors import Malformed
from shared.model.event import Ref
from shared.pagerduty.models.fields import Fields, members, optional_ref, ref, text

RESPONDERS = "coordinated_responding"
"""The ability without which responders cannot be requested (OpenAPI, responder requests)."""


@dataclass(frozen=True)
class Service:
    """
    A service, by which incidents are opened.

    `acknowledgement_timeout` is in seconds: how long an acknowledgement lasts, None for ever.
    """

    id: str
    name: str
    url: str
    escalation_policy: Ref | None
    teams: tuple[Ref, ...]
    acknowledgement_timeout: int | None


@dataclass(frozen=True)
class Priority:
    """A priority that incidents can have, as the account calls it."""

    id: str
    name: str
    description: str


def parse_service(answer: object) -> Service:
    """Read `{"service": {...}}`."""
    return _service(Fields.of(Fields.of(answer).get("service")))


def parse_services(answer: object) -> tuple[Service, ...]:
    """Read one page of `{"services": [...]}`."""
    return tuple(_service(service) for service in members(Fields.of(answer).get("services")))


def parse_priorities(answer: object) -> tuple[Priority, ...]:
    """Read one page of `{"priorities": [...]}`."""
    return tuple(_priority(priority) for priority in members(Fields.of(answer).get("priorities")))


def parse_abilities(answer: object) -> frozenset[str]:
    """Read `{"abilities": [...]}`: what the account can do, by PagerDuty's names."""
    abilities = Fields.of(answer).get("abilities")
    if not isinstance(abilities, list):
        raise Malformed("something else in place of a list of abilities")
    return frozenset(text(ability) for ability in abilities)


def _service(service: Fields) -> Service:
    return Service(
        id=text(service.get("id")),
        name=text(service.get("name")),
        url=service.optional_text("html_url"),
        escalation_policy=optional_ref(service.get("escalation_policy")),
        teams=tuple(ref(team) for team in service.members("teams")),
        # PagerDuty takes 0 for none as well.
        acknowledgement_timeout=service.optional_number("acknowledgement_timeout") or None,
    )


def _priority(priority: Fields) -> Priority:
    return Priority(text(priority.get("id")), text(priority.get("name")), priority.optional_text("description"))
