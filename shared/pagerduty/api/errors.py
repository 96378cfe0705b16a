"""
Pure: what PagerDuty's errors mean for the caller.

Sources: PagerDuty's pages on errors and rate limits. The error codes are in the body; the HTTP status of most is 400.
"""

import json
import math
from collections.abc import Iterator, Mapping

from shared.errors import BadCredentials, CallError, NotFound, Refused, Unavailable, Uncertain

LONGEST_WHY = 300
"""Characters of PagerDuty's own words in an error."""

BAD_KEY = 2006
NOT_FOUND_CODES = frozenset({2100, 5001})
BAD_REQUEST, UNAUTHORIZED, NOT_FOUND, REQUEST_TIMEOUT, TOO_MANY, SERVER_ERROR = 400, 401, 404, 408, 429, 500
OVERTAKEN = frozenset({1001, 1002, 1005})
"""Already resolved, already acknowledged, changed since it was read."""
UNKNOWN_SENDER = frozenset({1008, 2013})
"""The person in `From` is not known (any more)."""


def error_from(status: int, headers: Mapping[str, str], body: bytes) -> CallError:
    """Make the error of an answer outside 2xx; 5xx, 408 and undocumented ones leave open whether it took effect."""
    why, code = _reason(status, body)
    if status == TOO_MANY:
        return Unavailable(why, _retry_after(headers), limited=True)
    if status < BAD_REQUEST or status == REQUEST_TIMEOUT or status >= SERVER_ERROR:
        return Uncertain(why)
    if status == UNAUTHORIZED and code in {BAD_KEY, None}:
        return BadCredentials(why, code, status)
    if status == NOT_FOUND or code in NOT_FOUND_CODES:
        return NotFound(why, code, status)
    return Refused(why, code, status)


def was_overtaken(error: CallError) -> bool:
    """True if the incident was so already, or changed at the same moment: read it again, then decide again."""
    return isinstance(error, Refused) and error.code in OVERTAKEN


def sender_is_unknown(error: CallError) -> bool:
    """True if PagerDuty does not know the person in whose name the call was made."""
    return isinstance(error, Refused) and error.code in UNKNOWN_SENDER


def _reason(status: int, body: bytes) -> tuple[str, int | None]:
    """Read what PagerDuty says in words and its code. Gateways answer with no JSON, or with something else."""
    try:
        answer = json.loads(body)
        error = answer.get("error", answer) if isinstance(answer, dict) else answer
        fields = error if isinstance(error, dict) else {"message": error}
        words = ": ".join(dict.fromkeys([*_texts(fields.get("message")), *_texts(fields.get("errors"))]))
    except (ValueError, RecursionError):
        words = _plain(body)
        return f"PagerDuty answered: {words}" if words else f"PagerDuty answered with HTTP status {status}", None
    code = fields.get("code")
    known = code if isinstance(code, int) and not isinstance(code, bool) else None
    return f"PagerDuty answered: {words or f'HTTP status {status}'}"[:LONGEST_WHY], known


def _texts(said: object) -> Iterator[str]:
    """Find the texts in what PagerDuty says: a text, several, some for each of several names, or several of those."""
    if isinstance(said, str):
        yield from filter(None, [said])
    elif isinstance(said, list):
        yield from (text for one in said for text in _texts(one))
    elif isinstance(said, dict):
        yield from (f"{name} {text}" for name, texts in said.items() for text in _texts(texts))


def _plain(body: bytes) -> str:
    """Read a reason that is no JSON, if it is one: short, and no page for a browser."""
    words = " ".join(body[: LONGEST_WHY + 1].decode(errors="replace").split())
    return words if len(body) <= LONGEST_WHY and words.isprintable() and not {"<", "\ufffd"} & set(words) else ""


def _retry_after(headers: Mapping[str, str]) -> float | None:
    """Read how many seconds to wait; a 429 may come without saying."""
    given = {name.lower(): value for name, value in headers.items()}
    for name in ("ratelimit-reset", "retry-after"):
        try:
            seconds = float(given[name])
        except (KeyError, ValueError):
            continue
        if math.isfinite(seconds) and seconds >= 0:
            return seconds
    return None
