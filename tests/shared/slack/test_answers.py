"""Whatever Slack, or somebody in between, may answer."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.errors import Malformed, Refused, Unavailable
from shared.slack import answers
from tests.shared.slack.calls import message, person

US = answers.SlackIdentity("T0HOME", None, "U0BOT", "B0BOT", None, frozenset())
REFERENCE = Path(__file__).parents[4] / "shared" / "reference" / "slack" / "api-ref"

KEYS = st.sampled_from(["user", "profile", "messages", "metadata", "error", "response_metadata", *message("1")])
SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.sampled_from(["B0BOT", "pagebridge"])
JSON = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=4), max_leaves=12
)
OBJECTS = st.dictionaries(KEYS | st.text(), JSON, max_size=5)


@given(OBJECTS)
def test_any_answer_is_a_value_or_malformed(answer: dict[str, object]) -> None:
    """No answer whatever breaks a parser in another way than `Malformed`."""
    for parse in (
        answers.parse_person,
        lambda one: answers.parse_person({"user": {"id": "U1", "team_id": "T1", **one}}),
        lambda one: answers.parse_identity(one, {}),
        lambda one: answers.find_own(one, "card:Q1", US),
        lambda one: answers.find_own({"messages": [{**message("1"), **one}]}, "card:Q1", US),
        answers.next_cursor,
    ):
        try:
            parse(answer)
        except Malformed:
            continue


@given(st.integers(200, 700), JSON | OBJECTS)
def test_any_failure_is_one_of_our_errors(status: int, body: object) -> None:
    """Every answer that is no success is one error, whose text is short."""
    assert len(str(answers.error_from("chat.postMessage", status, {}, body))) <= answers.LONGEST_WHY


@pytest.mark.parametrize(
    ("header", "seconds"), [("30", 30.0), ("0", 0.0), ("", None), ("soon", None), ("-1", None), ("nan", None)]
)
def test_how_long_to_wait(header: str, seconds: float | None) -> None:
    """Slack names the seconds to wait, or not."""
    limited = answers.error_from("chat.update", 429, {"retry-after": header}, "")
    assert isinstance(limited, Unavailable)
    assert limited.retry_after == seconds


def test_a_name_is_the_one_that_others_see() -> None:
    """The display name comes first, where somebody chose one."""
    assert answers.parse_person(person()).name == "Alice"
    assert answers.parse_person(person(profile={"display_name": "", "real_name": "Alice Ng"})).name == "Alice Ng"


@pytest.mark.skipif(not REFERENCE.exists(), reason="the vendor's lists are not in this checkout")
@pytest.mark.parametrize("method", ["chat.postMessage", "chat.update", "chat.postEphemeral", "conversations.history"])
def test_every_documented_error_is_a_refusal_with_its_word(method: str) -> None:
    """Each word that Slack lists for a method comes through as it is, but for failures of Slack's own and limits."""
    listed = json.loads((REFERENCE / f"{method}.json").read_text(encoding="utf-8"))["errors"]
    for word in listed.keys() - answers.BROKEN - answers.RATE_LIMITED:
        error = answers.error_from(method, 200, {}, {"ok": False, "error": word})
        assert isinstance(error, Refused), word
        assert error.code == word
