"""Identifiers that look like PagerDuty's."""

import secrets
from datetime import datetime

ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
TIME_DIGITS = 10
EVENT_LENGTH = 26


def object_id() -> str:
    """Make the id of a user, team, service, note and the like: `P` and six more characters."""
    return "P" + _random(6)


def incident_id() -> str:
    """Make the id of an incident: `Q` and thirteen more characters."""
    return "Q" + _random(13)


def log_entry_id() -> str:
    """Make the id of a log entry: `R` and twenty-five more characters."""
    return "R" + _random(25)


def event_id(at: datetime) -> str:
    """Make the id of a webhook event: 26 characters that sort by time."""
    return _in_base_36(int(at.timestamp() * 1000)).rjust(TIME_DIGITS, "0") + _random(EVENT_LENGTH - TIME_DIGITS)


def _random(length: int) -> str:
    return "".join(secrets.choice(ALPHABET) for _ in range(length))


def _in_base_36(number: int) -> str:
    digits = ""
    while number:
        number, digit = divmod(number, len(ALPHABET))
        digits = ALPHABET[digit] + digits
    return digits
