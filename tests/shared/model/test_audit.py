"""An entry of the audit holds names and numbers: nothing that people wrote, no secret."""

from dataclasses import fields, replace
from typing import Any

import pytest

from shared.model.actions import SPECS, Action
from shared.model.command import command_id
from shared.model.ids import CommandId, SlackUserId, UserId
from shared.model.journal import UNFIT, AuditEntry, Decision
from shared.model.outcome import Kind
from shared.model.permissions import VERDICTS
from shared.observability.log import reference
from tests.builders import INCIDENT, NOON

ENTRY = AuditEntry(
    at_ms=NOON,
    command=CommandId("0123456789abcdef0123"),
    action=Action.RESOLVE,
    incident=INCIDENT,
    slack_user=SlackUserId("U0ALICE"),
    pagerduty_user=UserId("PALICE1"),
    outcome=Kind.DONE,
    label="#37",
    mapped="e-mail",
    rule="team: assignee",
    sent="PUT /incidents/Q1INCIDENT status, resolution",
    answer="2xx",
    reference="ABCDEFGH",
)
TEXTS = [field.name for field in fields(AuditEntry) if field.name not in {"at_ms", "action", "outcome", "decision"}]


def with_texts(texts: dict[str, Any]) -> AuditEntry:
    """Make an entry in which something else stands, as no caller that is type-checked can."""
    return replace(ENTRY, **texts)


@pytest.mark.parametrize("name", TEXTS)
@pytest.mark.parametrize(
    "text",
    [
        "Rolled back to build 4711, latency is fine again",
        "rollback",
        "Hello",
        "<@U0ALICE> please look",
        "line\nbreak",
        "\x1b[2J",
        "alice@example.com",
        "xoxb-1234567890-abcdefghij",
        "xapp-1-A012-345-0123abcd",
        "u+Abcdefghijklmnopqr",
        "y_NbAkKc66ryYTWUXYEu",
        "https://hooks.slack.com/actions/T0/1/abc",
        "POST /incidents/Q1INCIDENT/notes content: rolled back",
        "refused 400 2001 because alice said so",
    ],
)
def test_no_text_of_a_person_and_no_secret_gets_in(name: str, text: str) -> None:
    """Whatever is put where, an entry does not have it; a single lower-case word could only pass for a command's id."""
    entry = with_texts({name: text})

    assert (UNFIT if (name, text) != ("command", "rollback") else text) == getattr(entry, name)


def test_every_field_that_could_hold_a_text_is_checked() -> None:
    """A field that is added later without a shape is noticed."""
    entry = with_texts(dict.fromkeys(TEXTS, "no such thing, anywhere"))

    assert [] == [name for name in TEXTS if getattr(entry, name) != UNFIT]


def test_what_really_is_recorded_passes() -> None:
    """Everything that the bridge itself puts into an entry has the shape of its field."""
    command = command_id(SlackUserId("U0ALICE"), "pagebridge:resolve", "1700000000.000100", "1700000001.000200")
    entries = [
        *(replace(ENTRY, rule=rule) for rule in VERDICTS),
        *(replace(ENTRY, action=a, sent=SPECS[a].request.replace("{id}", INCIDENT)) for a in Action),
        *(replace(ENTRY, answer=a) for a in ("", "2xx", "unavailable", "uncertain", "refused", "refused 400 2100")),
        *(replace(ENTRY, command=CommandId(f"{command}{part}")) for part in ("", ".0", ".12")),
        *(replace(ENTRY, reference=reference()) for _ in range(20)),
        replace(ENTRY, pagerduty_user=None, mapped="", label="", rule="", sent="", reference=""),
    ]

    assert [] == [entry for entry in entries if UNFIT in repr(entry)]


@pytest.mark.parametrize(
    ("outcome", "rule", "decision"),
    [
        (Kind.DONE, "team: member", Decision.ALLOWED),
        (Kind.STALE, "team: member", Decision.ALLOWED),
        (Kind.UNKNOWN, "linked: role", Decision.ALLOWED),
        (Kind.NOT_ALLOWED, "", Decision.REFUSED),
        (Kind.NOT_ALLOWED, "members", Decision.REFUSED),
        (Kind.NOT_LINKED, "", Decision.REFUSED),
        (Kind.EXPIRED, "", Decision.UNDECIDED),
    ],
)
def test_the_decision_follows_from_the_end(outcome: Kind, rule: str, decision: Decision) -> None:
    """Refused by identity or rule, allowed by a rule, or ended before anybody could tell."""
    assert decision is replace(ENTRY, outcome=outcome, rule=rule).decision


def test_a_step_is_counted_from_one() -> None:
    """The part of a command's id is the step, and a command of one call has none."""
    assert ENTRY.step is None
    assert 3 == replace(ENTRY, command=CommandId("0123456789abcdef0123.2")).step
