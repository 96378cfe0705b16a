"""What Slack's failures mean, whatever it, or somebody in between, may answer."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.errors import NotFound, Refused, Unavailable
from shared.slack.api import errors
from tests.pagebridge_sandbox.documented import documented

METHODS = (
    "chat.postMessage",
    "chat.update",
    "chat.delete",
    "chat.getPermalink",
    "chat.postEphemeral",
    "conversations.history",
    "conversations.info",
    "conversations.replies",
    "views.open",
    "views.update",
)

KEYS = st.sampled_from(["error", "response_metadata", "messages", "needed"])
WORDS = st.sampled_from(["ratelimited", "hash_conflict", "not_found", "invalid_auth"])
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text() | WORDS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=12,
)


@given(st.integers(200, 700), JSON)
def test_any_failure_is_one_of_our_errors(status: int, body: object) -> None:
    """Every answer that is no success is one error, whose text is short."""
    assert len(str(errors.error_from("chat.postMessage", status, {}, body))) <= errors.LONGEST_WHY


@pytest.mark.parametrize(
    ("header", "seconds"), [("30", 30.0), ("0", 0.0), ("", None), ("soon", None), ("-1", None), ("nan", None)]
)
def test_how_long_to_wait(header: str, seconds: float | None) -> None:
    """Slack names the seconds to wait, or not."""
    limited = errors.error_from("chat.update", 429, {"retry-after": header}, "")
    assert isinstance(limited, Unavailable)
    assert limited.retry_after == seconds


@pytest.mark.parametrize("word", sorted(errors.TRIGGER_GONE | {errors.HASH_CONFLICT}))
def test_what_a_view_is_refused_for_is_told_in_words(word: str) -> None:
    """The code is Slack's word; the text says what it means."""
    error = errors.error_from("views.open", 200, {}, {"ok": False, "error": word})
    assert type(error) is Refused
    assert error.code == word
    assert str(error).endswith(("click)", "click already)", "meanwhile)"))


def test_a_closed_view_is_not_found() -> None:
    """Somebody closed it before it could be changed."""
    assert isinstance(errors.error_from("views.update", 200, {}, {"ok": False, "error": "not_found"}), NotFound)


@pytest.mark.parametrize("method", METHODS)
def test_every_documented_error_is_a_refusal_with_its_word(method: str) -> None:
    """Each word that Slack lists for a method comes through as it is, but for failures of Slack's own and limits."""
    listed = documented("slack", f"api-ref/{method}.json")["errors"]
    assert listed
    for word in listed.keys() - errors.BROKEN - errors.RATE_LIMITED:
        error = errors.error_from(method, 200, {}, {"ok": False, "error": word})
        assert isinstance(error, Refused), word
        assert error.code == word
