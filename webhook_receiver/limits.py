"""Every limit of the public endpoint, in one place that tests can scale."""

from dataclasses import dataclass

MOST_BODY = 512 * 1024
"""Bytes. PagerDuty sends at most 256 KB."""


@dataclass(frozen=True)
class Limits:
    """
    How long things may take, in seconds, and how many clients there may be.

    PagerDuty gives a delivery 5 s in all, so `body` and `store` together stay within that.
    """

    header: float = 5.0
    """From the connection, or the first byte of a later request, to the end of the request's header."""
    body: float = 3.0
    """From there to the end of the body."""
    answer: float = 5.0
    """From there to the answer."""
    idle: float = 30.0
    """From an answer to the next request on the same connection."""
    connections: int = 256
    """Open at the same time. For one more, the one that has been awaited longest is closed."""
    store: float = 2.0
    """For storing a delivery; past it the answer is 503 and PagerDuty tries again."""
    probe: float = 2.0
    """Between two looks at Redis."""
    drain: float = 8.0
    """For deliveries in hand after SIGTERM."""
