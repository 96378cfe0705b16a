"""
The types of the fields in PagerDuty's JSON, and how an answer that declares its fields with them is read.

A field that must be there has its documented type, or the reading is `Malformed`. One that may be missing costs no more
than itself: if it cannot be read it reads as null, unless the parser is `strict`. A missing field reads as null, which
PagerDuty does not tell apart either; fields that no type declares are passed over. Null is an empty text, a list
without members (but for `OptionalMany`), and None for anything else. Members of a list that cannot be read are left
out, but for one that is of use only as a whole.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Generic, Protocol, TypeVar

from pydantic import (
    AliasPath,
    BeforeValidator,
    Field,
    PlainValidator,
    Strict,
    TypeAdapter,
    ValidationError,
    ValidationInfo,
    ValidatorFunctionWrapHandler,
    WrapValidator,
)
from pydantic_core import PydanticOmit

from shared.errors import Malformed
from shared.model.event import SECOND, Agent, Instant, Ref
from shared.model.ids import IncidentId, incident_id

LONGEST_NUMBER = 19
"""Digits of a whole number: more than any counter has, few enough for any reader."""
FIRST, LAST = datetime(1970, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)
"""Times outside of these are mistakes, and further out than dates can be calculated with."""
_MILLISECOND = timedelta(milliseconds=1)

Body = dict[str, object]
"""A JSON object that is sent."""
T = TypeVar("T")
Parsed_co = TypeVar("Parsed_co", covariant=True)


@dataclass(frozen=True)
class Skipped:
    """A member of a list that cannot be read, and why: its `id`, or `#` and its place, and the `incident` it names."""

    id: str
    why: str
    incident: IncidentId | None = None


@dataclass(frozen=True)
class Listed(Generic[T]):
    """One page of a list: what could be read of it, and what could not."""

    members: tuple[T, ...]
    skipped: tuple[Skipped, ...] = ()

    @property
    def given(self) -> int:
        """The number of members that PagerDuty gave."""
        return len(self.members) + len(self.skipped)


class Parse(Protocol[Parsed_co]):
    """A parser of PagerDuty's answers; what tells of the past can have no time after `latest_ms`, if that is given."""

    def __call__(self, answer: object, latest_ms: int | None = None, /) -> Parsed_co:
        """Return the value. Raises `Malformed`."""


@dataclass(frozen=True)
class Reading:
    """How one answer is read: `strict` or not, and the latest time that what it tells of the past can have."""

    strict: bool = False
    latest_ms: int | None = None


def parser(kind: type[T], name: str = "", *, strict: bool = False) -> Parse[T]:
    """
    Make the parser of an object, or of what stands under `name` in an answer.

    `kind` declares the fields; in a `strict` reading also an optional one counts. The parser raises `Malformed`, which
    names the field and does not quote it: reasons are logged.
    """
    adapter = TypeAdapter(kind)

    def parse(answer: object, latest_ms: int | None = None, /) -> T:
        try:
            found = as_object(answer).get(name) if name else answer
            return adapter.validate_python(found, context=Reading(strict, latest_ms))
        except ValidationError as error:
            first = error.errors(include_url=False, include_context=False, include_input=False)[0]
            place = ".".join(str(step) for step in (name, *first["loc"]) if step != "") or "the whole"
            raise Malformed(f"{place} is not as PagerDuty documents it: {first['type']}") from None

    return parse


def listing(kind: type[T], name: str) -> Parse[Listed[T]]:
    """
    Make the parser of one page of the list under `name`: a member that cannot be read costs the others nothing.

    The parser raises `Malformed` if there is no list.
    """
    parse_member = parser(kind)

    def parse(answer: object, latest_ms: int | None = None, /) -> Listed[T]:
        given = as_object(answer).get(name)
        if not isinstance(given, list):
            raise Malformed(f"{name}: {_kind(given)} in place of a list")
        members, skipped = [], []
        for place, member in enumerate(given):
            try:
                members.append(parse_member(member, latest_ms))
            except Malformed as error:
                skipped.append(_skipped(member, place, str(error)))
        return Listed(tuple(members), tuple(skipped))

    return parse


def _skipped(member: object, place: int, why: str) -> Skipped:
    fields = member if isinstance(member, dict) else {}
    reference = fields.get("incident")
    named = _id_or_none(fields.get("id"))
    return Skipped(
        named or f"#{place + 1}",
        why,
        _id_or_none(reference.get("id")) if isinstance(reference, dict) else None,
    )


def _id_or_none(value: object) -> IncidentId | None:
    """Take the id of anything; PagerDuty's are all made alike."""
    try:
        return incident_id(value)
    except Malformed:
        return None


def named(*path: str) -> Any:  # noqa: ANN401 - as pydantic's own `Field`
    """Declare PagerDuty's name for a field, or the names on the way to one that stands further inside."""
    return Field(validation_alias=AliasPath(*path))


def as_object(value: object) -> Mapping[str, object]:
    """Take `value` as a JSON object."""
    if not isinstance(value, dict):
        raise Malformed(f"{_kind(value)} in place of an object")
    return value


def as_objects(value: object) -> list[Mapping[str, object]]:
    """Take `value` as a list of JSON objects, empty when it is null."""
    if value is None:
        return []
    if not isinstance(value, list):
        raise Malformed(f"{_kind(value)} in place of a list")
    return [as_object(member) for member in value]


def text(value: object) -> str:
    """Take `value` as a text; halves of surrogate pairs, which no file or socket takes, become U+FFFD."""
    if not isinstance(value, str):
        raise Malformed(f"{_kind(value)} in place of a text")
    return value if value.isascii() else value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _kind(value: object) -> str:
    return "nothing" if value is None else type(value).__name__


def written(value: object) -> str:
    """Return `value` as text: a string as it is, null as empty, all else as JSON."""
    if value is None:
        return ""
    try:
        return text(value) if isinstance(value, str) else json.dumps(value)
    except RecursionError:
        raise Malformed("a value nested too deeply") from None


def optional_text(value: object) -> str:
    """Take `value` as a text, empty when it is null."""
    return "" if value is None else text(value)


def time(value: object, latest_ms: int | None = None) -> Instant:
    """
    Take an ISO 8601 time with a time zone; REST gives whole seconds.

    What tells of the past is not after `latest_ms`: PagerDuty's own `Date` says what the future is.
    """
    try:
        moment = datetime.fromisoformat(text(value))
    except ValueError:
        raise Malformed("not a time") from None
    at_ms = milliseconds(moment) // SECOND * SECOND
    if latest_ms is not None and at_ms > latest_ms:
        raise Malformed("a time of the future")
    return Instant(at_ms, SECOND)


def milliseconds(moment: datetime) -> int:
    """Return a time as milliseconds since 1970. Raises `Malformed` where it has no time zone, or cannot be meant."""
    if moment.tzinfo is None:
        raise Malformed("a time without a time zone")
    if not FIRST <= moment < LAST:
        raise Malformed("an implausible time")
    return (moment - FIRST) // _MILLISECOND


def reference(value: object) -> Ref:
    """Take `value` as a reference."""
    fields = as_object(value)
    words = (text(given) if (given := fields.get(name)) is not None else "" for name in ("summary", "html_url"))
    return Ref(text(fields.get("id")), *words)


def optional_reference(value: object) -> Ref | None:
    """Take `value` as a reference; None when it is null."""
    return None if value is None else reference(value)


def optional_agent(value: object) -> Agent | None:
    """
    Take a reference to an agent; None if it is null, which stands for PagerDuty itself.

    What is missing of one is empty: without an id it stays unknown who it was. Some webhooks do not tell its type.
    """
    if value is None:
        return None
    fields = value if isinstance(value, dict) else {}
    given = (fields.get(name) for name in ("id", "summary", "type"))
    return Agent(*(text(each) if isinstance(each, str) else "" for each in given))


@dataclass(frozen=True)
class Tolerant:
    """
    Reads what may be missing: as null if it cannot be read, or `omit` it, a member of a list.

    In a strict reading that counts all the same, unless `always`: what is unknown is asked for.
    """

    omit: bool = False
    always: bool = False

    def __call__(self, value: object, read: ValidatorFunctionWrapHandler, info: ValidationInfo[Reading]) -> object:
        """Read the value. Raises `Malformed` or `ValidationError`, and `PydanticOmit` to leave it out."""
        try:
            return read(value)
        except (Malformed, ValidationError):
            if info.context.strict and not self.always:
                raise
            if self.omit:
                raise PydanticOmit from None
            return read(None)


OR_NULL, _OR_OMITTED = WrapValidator(Tolerant()), WrapValidator(Tolerant(omit=True))
Text = Annotated[str, PlainValidator(text)]
OptionalText = Annotated[
    Text, BeforeValidator(lambda words: "" if words is None else words), OR_NULL, Field(default="")
]
Written = Annotated[str, PlainValidator(written), OR_NULL, Field(default="")]
"""Anything, as text."""
Number = Annotated[int, Strict(), Field(gt=-(10**LONGEST_NUMBER), lt=10**LONGEST_NUMBER)]
OptionalNumber = Annotated[Number | None, OR_NULL, Field(default=None)]
Count = Annotated[Number, BeforeValidator(lambda number: 0 if number is None else number), OR_NULL, Field(default=0)]
Time = Annotated[Instant, PlainValidator(time)]
OptionalTime = Annotated[Time | None, OR_NULL, Field(default=None)]
PastTime = Annotated[Instant, PlainValidator(lambda value, info: time(value, info.context.latest_ms))]
OptionalPastTime = Annotated[PastTime | None, OR_NULL, Field(default=None)]
Reference = Annotated[Ref, PlainValidator(reference)]
OptionalReference = Annotated[Reference | None, OR_NULL, Field(default=None)]
OptionalAgent = Annotated[Agent | None, PlainValidator(optional_agent), Field(default=None)]
Id = Annotated[T, PlainValidator(lambda reference: text(as_object(reference).get("id")))]
"""The id alone of a reference."""
_NONE_FOR_NULL = BeforeValidator(lambda members: [] if members is None else members)
Many = Annotated[tuple[Annotated[T, _OR_OMITTED], ...], _NONE_FOR_NULL, OR_NULL, Field(default=())]
Group = Annotated[frozenset[Annotated[T, _OR_OMITTED]], _NONE_FOR_NULL, OR_NULL, Field(default=frozenset())]
"""Those of a list of which neither order nor number counts."""
Whole = Annotated[tuple[T, ...], _NONE_FOR_NULL, Field(default=())]
"""A list that is of no use in part."""
OptionalMany = Annotated[tuple[T, ...] | None, WrapValidator(Tolerant(always=True)), Field(default=None)]
"""One of which missing is not empty, such as the teams that decide who may see something; None if it is not said."""
