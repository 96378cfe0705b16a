"""PagerDuty's answers to our own calls, on the events stream like webhooks: a result is an event."""

from pydantic import TypeAdapter, ValidationError

from shared.errors import Malformed
from shared.model.event import Event

_JSON = TypeAdapter(Event)


def answer_fields(event: Event) -> dict[str, bytes]:
    """Write an answer as the fields of a stream entry."""
    return {"v": b"1", "kind": b"answer", "body": _JSON.dump_json(event)}


def parse_answer(body: bytes) -> Event:
    """Read it back; raises `Malformed` for anything else."""
    try:
        return _JSON.validate_json(body)
    except ValidationError as error:
        raise Malformed(f"an answer that does not read back: {error.error_count()} errors") from None
