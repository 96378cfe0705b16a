"""
Pure: what all of PagerDuty's responses have in common: clock, pagination and errors.

Sources: PagerDuty's pages on errors, pagination and rate limits.
"""

import json
import math
from collections.abc import Mapping
from email.utils import parsedate_to_datetime

from shared.errors import BadCredentials, CallError, Malformed, NotFound, Refused, Unavailable, Uncertain
from shared.model.event import SECOND, Instant
from shared.pagerduty.models.fields import as_object

LONGEST_WHY = 300
"""Characters of PagerDuty's own words in an error."""

BAD_KEY = 2006
NOT_FOUND_CODES = frozenset({2100, 5001})
BAD_REQUEST, UNAUTHORIZED, NOT_FOUND, REQUEST_TIMEOUT, TOO_MANY, SERVER_ERROR = 400, 401, 404, 408, 429, 500


def has_more(answer: object) -> bool:
    """True if another page follows."""
    return as_object(answer).get("more") is True


def server_time(headers: Mapping[str, str]) -> Instant:
    """Read PagerDuty's clock off the `Date` header of an answer."""
    try:
        moment = parsedate_to_datetime(headers["Date"])
        return Instant(int(moment.timestamp()) * SECOND, SECOND)
    except (KeyError, ValueError, OverflowError):
        raise Malformed("PagerDuty's answer has no usable Date header") from None


def error_from(status: int, headers: Mapping[str, str], body: bytes) -> CallError:
    """
    Make the error that an answer outside 200 to 299 stands for.

    5xx and 408 leave open whether the call took effect, and so does what PagerDuty does not document, such as a
    redirect.
    """
    why, code = _reason(status, body)
    if status == TOO_MANY:
        return Unavailable(why, _retry_after(headers))
    if status < BAD_REQUEST or status == REQUEST_TIMEOUT or status >= SERVER_ERROR:
        return Uncertain(why)
    if status == UNAUTHORIZED and code in {BAD_KEY, None}:
        return BadCredentials(why, code, status)
    if status == NOT_FOUND or code in NOT_FOUND_CODES:
        return NotFound(why, code, status)
    return Refused(why, code, status)


def _reason(status: int, body: bytes) -> tuple[str, int | None]:
    """Read what PagerDuty says in words and its code. Gateways answer with no JSON, or with something else."""
    try:
        error = json.loads(body).get("error")
        message, code, details = error.get("message"), error.get("code"), error.get("errors")
    except (AttributeError, ValueError, RecursionError):
        return f"PagerDuty answered with HTTP status {status}", None
    texts = [message, *(details if isinstance(details, list) else [])]
    words = ": ".join(dict.fromkeys(word for word in texts if isinstance(word, str) and word))
    known = code if isinstance(code, int) and not isinstance(code, bool) else None
    return f"PagerDuty answered: {words or f'HTTP status {status}'}"[:LONGEST_WHY], known


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
