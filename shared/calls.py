"""Counting calls to the outside, the same way at both doors."""

from collections.abc import Iterator
from contextlib import contextmanager

from prometheus_client import Counter

from shared.errors import BadCredentials, BridgeError, CallError, Malformed, NotFound, Refused, Unavailable, Uncertain

_OUTCOMES: dict[type[BridgeError], str] = {
    Unavailable: "unavailable",
    Uncertain: "uncertain",
    Refused: "refused",
    NotFound: "not_found",
    BadCredentials: "bad_credentials",
    Malformed: "malformed",
}


@contextmanager
def counted(calls: Counter, method: str) -> Iterator[None]:
    """
    Count what happens inside as one call of `method`, under the labels `method` and `outcome`.

    The outcome is `ok`, the kind of failure as `shared.errors` names it, or `abandoned` when nobody waited for the end.
    """
    outcome = "abandoned"
    try:
        yield
        outcome = "ok"
    except (CallError, Malformed) as error:
        outcome = _OUTCOMES[type(error)]
        raise
    finally:
        calls.labels(method, outcome).inc()
