"""
The types of the fields in PagerDuty's JSON, and how an answer that declares its fields with them is read.

A field that is there has its documented type, or the reading is `Malformed`. A field that is missing reads as null,
which PagerDuty does not tell apart either; fields that no type declares are passed over. Null is an empty text, a list
without members, and None for anything else.
"""

import json
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Annotated, Any, TypeVar

from pydantic import AliasPath, BeforeValidator, Field, PlainValidator, Strict, TypeAdapter, ValidationError

from shared.errors import Malformed
from shared.model.event import SECOND, Agent, Instant, Ref

LONGEST_NUMBER = 19
"""Digits of a whole number: more than any counter has, few enough for any reader."""

Body = dict[str, object]
"""A JSON object that is sent."""
T = TypeVar("T")


def parser(kind: type[T], name: str = "") -> Callable[[object], T]:
    """
    Make the parser of an object, or of what stands under `name` in an answer.

    `kind` declares the fields; it is a tuple for one page of a list. The parser raises `Malformed`, which names the
    field and does not quote it: reasons are logged.
    """
    adapter = TypeAdapter(kind)

    def parse(answer: object) -> T:
        try:
            return adapter.validate_python(as_object(answer).get(name) if name else answer)
        except ValidationError as error:
            first = error.errors(include_url=False, include_context=False, include_input=False)[0]
            place = ".".join(str(step) for step in (name, *first["loc"]) if step != "") or "the whole"
            raise Malformed(f"{place} is not as PagerDuty documents it: {first['type']}") from None

    return parse


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


def time(value: object) -> Instant:
    """Take an ISO 8601 time with a time zone; REST gives whole seconds."""
    try:
        moment = datetime.fromisoformat(text(value))
    except ValueError:
        raise Malformed("a text that is no time") from None
    if moment.tzinfo is None:
        raise Malformed("a time without a time zone")
    return Instant(int(moment.timestamp()) * SECOND, SECOND)


def reference(value: object) -> Ref:
    """Take `value` as a reference."""
    fields = as_object(value)
    return Ref(text(fields.get("id")), optional_text(fields.get("summary")), optional_text(fields.get("html_url")))


def optional_reference(value: object) -> Ref | None:
    """Take `value` as a reference; None when it is null."""
    return None if value is None else reference(value)


def optional_agent(value: object) -> Agent | None:
    """Take `value` as a reference to an agent; None if it is null. Some webhooks do not tell its type."""
    if value is None:
        return None
    fields = as_object(value)
    return Agent(text(fields.get("id")), optional_text(fields.get("summary")), optional_text(fields.get("type")))


Text = Annotated[str, PlainValidator(text)]
OptionalText = Annotated[str, PlainValidator(optional_text), Field(default="")]
Written = Annotated[str, PlainValidator(written), Field(default="")]
"""Anything, as text."""
Number = Annotated[int, Strict(), Field(gt=-(10**LONGEST_NUMBER), lt=10**LONGEST_NUMBER)]
OptionalNumber = Annotated[Number | None, Field(default=None)]
Count = Annotated[Number, BeforeValidator(lambda number: 0 if number is None else number), Field(default=0)]
Time = Annotated[Instant, PlainValidator(time)]
OptionalTime = Annotated[Time | None, Field(default=None)]
Reference = Annotated[Ref, PlainValidator(reference)]
OptionalReference = Annotated[Reference | None, Field(default=None)]
OptionalAgent = Annotated[Agent | None, PlainValidator(optional_agent), Field(default=None)]
Id = Annotated[T, PlainValidator(lambda reference: text(as_object(reference).get("id")))]
"""The id alone of a reference."""
_NONE_FOR_NULL = BeforeValidator(lambda members: [] if members is None else members)
Many = Annotated[tuple[T, ...], _NONE_FOR_NULL, Field(default=())]
Group = Annotated[frozenset[T], _NONE_FOR_NULL, Field(default=frozenset())]
"""Those of a list of which neither order nor number counts."""
