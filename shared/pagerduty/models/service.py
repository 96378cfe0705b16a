"""Pure: the objects of an account besides people, parsed: services, priorities, abilities."""

from dataclasses import dataclass
from typing import Annotated

from pydantic import AfterValidator

from shared.pagerduty.models.fields import (
    Many,
    OptionalNumber,
    OptionalReference,
    OptionalText,
    Reference,
    Text,
    named,
    parser,
)

RESPONDERS = "coordinated_responding"
"""The ability without which responders cannot be requested (OpenAPI, responder requests)."""


@dataclass(frozen=True)
class Service:
    """
    A service, by which incidents are opened.

    `acknowledgement_timeout` is in seconds: how long an acknowledgement lasts, None for ever (PagerDuty: null or 0).
    """

    id: Text
    name: Text
    url: Annotated[OptionalText, named("html_url")]
    escalation_policy: OptionalReference
    teams: Many[Reference]
    acknowledgement_timeout: Annotated[OptionalNumber, AfterValidator(lambda seconds: seconds or None)]


@dataclass(frozen=True)
class Priority:
    """A priority that incidents can have, as the account calls it."""

    id: Text
    name: Text
    description: OptionalText


parse_service = parser(Service, "service")
parse_services = parser(tuple[Service, ...], "services")
parse_priorities = parser(tuple[Priority, ...], "priorities")
parse_abilities = parser(frozenset[Text], "abilities")
