"""Why something could not be looked up: each cause has words of its own, and a next step that fits it."""

import pytest

from bolt_app.replies.failure_text import brief_reason, explain_failure, next_step, not_sent_text
from shared.errors import BadCredentials, CallError, Malformed, Queued, Refused, StoreDown, Unavailable, Uncertain
from shared.pagerduty.api import errors as pagerduty
from shared.slack.api import errors as slack

CONTACT = "#sre-help"


@pytest.mark.parametrize(
    ("error", "why", "step"),
    [
        (Unavailable("PagerDuty cannot be reached: ClientConnectorError"), "PagerDuty can't be reached.", "Try again"),
        (Unavailable("Slack cannot be reached for users.info: x"), "Slack can't be reached.", "Try again"),
        (pagerduty.error_from(429, {}, b""), "PagerDuty's rate limit is reached.", "Wait a minute"),
        (slack.error_from("users.info", 429, {}, ""), "Slack's rate limit is reached.", "Wait a minute"),
        (pagerduty.error_from(503, {}, b""), "PagerDuty failed to answer.", "Try again"),
        (Uncertain("the connection to Slack broke during users.info: x"), "Slack failed to answer.", "Try again"),
        (pagerduty.error_from(401, {}, b""), "PagerDuty rejects this bridge's credentials.", "tell #sre-help"),
        (BadCredentials("Slack refused users.info", "token_revoked"), "Slack rejects this bridge's", "tell #sre-help"),
        (pagerduty.error_from(403, {}, b""), "PagerDuty doesn't let this bridge read", "tell #sre-help"),
        (Queued("the bridge is busy, requests ahead of this one: 9"), "Other requests", "Try again"),
        (Malformed("a text in place of a list"), "can't read PagerDuty's answer", "tell #sre-help"),
        (StoreDown("x"), "can't reach its database", "Try again"),
        (TimeoutError(), "no answer in time", "Try again"),
    ],
)
def test_each_cause_has_its_words(error: Exception, why: str, step: str) -> None:
    """A person reads what failed and what helps against it, and no name of a class."""
    told = explain_failure(error, CONTACT)

    assert why in told[0]
    assert step in told[1]
    assert "Client" not in not_sent_text(error, CONTACT)
    assert "Nothing was sent" in not_sent_text(error, CONTACT)


def test_a_reason_within_a_sentence() -> None:
    """It has no full stop and no markup; what passes by itself needs no other step."""
    error: CallError = Refused("PagerDuty answered: <no>", 4711, 400)

    assert "PagerDuty answered: &lt;no&gt;" == brief_reason(error)
    assert "" == next_step(TimeoutError(), CONTACT)
    assert "Look at the incident in PagerDuty." == next_step(error, CONTACT)
