"""What people read when PagerDuty refuses."""

import pytest

from shared.errors import BadCredentials, NotFound, Refused
from shared.pagerduty.api.error_messages import WORDS, explain
from shared.pagerduty.api.errors import error_from

WITH_PAGERDUTYS_WORDS = (2000, 2001, 2002, 2003, 2011, 2015, 2016)
"""Codes for arguments: only PagerDuty knows what was wrong with them."""
ALL = [*WORDS, *WITH_PAGERDUTYS_WORDS]


@pytest.mark.parametrize("code", ALL)
def test_every_code_has_words_and_a_next_step(code: int) -> None:
    """A sentence without codes, then what to do, which a full stop is put after."""
    why, step = explain(
        Refused("PagerDuty answered: Invalid Input Provided: title is too long", code, 400), "#sre-help"
    )
    assert why.endswith(".")
    assert str(code) not in why
    assert step
    assert step[0].isupper()
    assert not step.endswith(".")


@pytest.mark.parametrize("code", WITH_PAGERDUTYS_WORDS)
def test_what_is_wrong_with_arguments_is_pagerdutys_to_say(code: int) -> None:
    """What PagerDuty found wrong is shown."""
    body = b'{"error": {"message": "Invalid Input Provided", "code": %d, "errors": ["Title is too long"]}}' % code
    error = error_from(400, {}, body)
    assert isinstance(error, Refused)
    assert explain(error, "#sre-help")[0] == "PagerDuty answered: Invalid Input Provided: Title is too long."


@pytest.mark.parametrize(
    ("error", "word"),
    [
        (BadCredentials("no", None, 401), "credentials"),
        (NotFound("no", None, 404), "doesn't know"),
        (Refused("no", None, 402), "feature"),
        (Refused("no", 2014, 402), "feature"),
        (Refused("Slack answered: account_inactive", "account_inactive"), "Slack refused a request of this bridge."),
        (Refused("PagerDuty answered: HTTP status 400", None, 400), "HTTP status 400."),
    ],
)
def test_what_comes_without_a_code(error: Refused, word: str) -> None:
    """The kind of error and the HTTP status say enough where PagerDuty's code is missing."""
    assert word in explain(error, "#sre-help")[0]
