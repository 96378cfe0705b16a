"""Counting and timing calls to the outside, the same way at both doors."""

from collections.abc import Iterator
from contextlib import contextmanager

from prometheus_client import Counter, Histogram

from shared.errors import BadCredentials, BridgeError, CallError, Malformed, NotFound, Refused, Unavailable, Uncertain

_OUTCOMES: dict[type[BridgeError], str] = {
    Unavailable: "unavailable",
    Uncertain: "uncertain",
    Refused: "refused",
    NotFound: "not_found",
    BadCredentials: "bad_credentials",
    Malformed: "malformed",
}


BUCKETS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
"""Seconds that a call may take: the bounds of the histograms."""


@contextmanager
def record_call(calls: Counter, seconds: Histogram, method: str) -> Iterator[None]:
    """
    Count the call inside the block as `method`, under the labels `method` and `outcome`.

    Its duration goes into `seconds`, by `method`. The outcome is `ok`, the kind of failure as `shared.errors` names it,
    or `abandoned` if the caller was cancelled.
    """
    outcome = "abandoned"
    try:
        with seconds.labels(method).time():
            yield
        outcome = "ok"
    except (CallError, Malformed) as error:
        outcome = _OUTCOMES[type(error)]
        raise
    finally:
        calls.labels(method, outcome).inc()
