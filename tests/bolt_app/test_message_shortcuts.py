"""A message as a note: who said it, what, and where it can be read."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bolt_app.listeners.message_shortcuts import note_text, parse_quote
from shared.errors import Malformed
from shared.pagerduty.models.incident_parts import LONGEST_NOTE
from tests.bolt_app.test_interactive import JSON, places, put

LINK = "https://acme.slack.com/archives/C0INCIDENTS/p1700000005000100?thread_ts=1700000000.000100"


def used(**message: object) -> dict[str, Any]:
    """Use the shortcut on Bob's reply in a thread."""
    reply = {"type": "message", "user": "U0BOB", "text": "It is the cache", "ts": "1700000005.000100"}
    return {
        "type": "message_action",
        "callback_id": "add_note",
        "user": {"id": "U0ALICE", "team_id": "T0ACME"},
        "team": {"id": "T0ACME"},
        "channel": {"id": "C0INCIDENTS", "name": "incidents"},
        "message": {**reply, "thread_ts": "1700000000.000100", **message},
        "message_ts": "1700000005.000100",
        "action_ts": "1700000009.000100",
        "trigger_id": "1.2.abc",
        "response_url": "https://hooks.slack.com/app/T0ACME/1/x",
    }


def test_a_message_in_a_thread() -> None:
    """Who uses the shortcut files it; who wrote it is somebody else."""
    found = parse_quote(used())

    assert ("U0ALICE", "U0BOB", "It is the cache") == (found.by.id, found.author, found.text)
    assert ("C0INCIDENTS", "1700000005.000100", "1700000000.000100") == (found.channel, found.ts, found.thread)
    assert found.id == parse_quote(used() | {"trigger_id": "9.9.z"}).id


@pytest.mark.parametrize("thread", [None, "", "1700000005.000100"])
def test_a_message_in_no_thread(thread: str | None) -> None:
    """The head of a thread is not in it."""
    assert parse_quote(used(thread_ts=thread)).thread is None


def test_a_message_of_a_bot() -> None:
    """It has a name, though nobody wrote it."""
    assert "Grafana" == parse_quote(used(user=None, bot_profile={"name": "Grafana"})).author_name
    assert "A bot" == parse_quote(used(user=None)).author_name


def test_the_note_says_who_and_where() -> None:
    """In plain words, with the address at the end."""
    assert f"Bob Ng in Slack: It is the cache\n{LINK}" == note_text("Bob Ng", "It is the cache", LINK)


@given(st.text(min_size=1), st.integers(1, 40_000))
def test_a_note_is_never_too_long(text: str, times: int) -> None:
    """Whatever was said, PagerDuty takes it, and the address is whole."""
    made = note_text("Bob Ng", (text * times)[:40_000], LINK)

    assert len(made.encode()) <= LONGEST_NOTE
    assert made.endswith(LINK)


@given(st.sampled_from(places(used())), JSON)
def test_anything_anywhere_is_understood_or_malformed(place: tuple[str, ...], value: object) -> None:
    """No payload, in whatever shape, raises anything else."""
    payload = used()
    put(payload, list(place), value)

    try:
        found = parse_quote(payload)
    except Malformed:
        return
    assert found.text.encode() is not None
