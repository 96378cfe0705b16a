"""Every limit of the public endpoint, in one place that tests can scale."""

from dataclasses import dataclass

from shared.http.connections import ClientLimits

MOST_BODY = 512 * 1024
"""Bytes. PagerDuty sends at most 256 KB."""


@dataclass(frozen=True)
class Limits(ClientLimits):
    """
    How long things may take, in seconds, and how many clients there may be.

    PagerDuty gives a delivery 5 s in all, so `body` and `store` together stay within that.
    """

    store: float = 2.0
    """For storing a delivery; past it the answer is 503 and PagerDuty tries again."""
    probe: float = 2.0
    """Between two looks at Redis."""
