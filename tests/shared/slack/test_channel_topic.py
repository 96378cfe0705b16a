"""The part of a topic that names who is on call, and what people wrote around it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pagebridge_sandbox.slack import mrkdwn
from shared.slack.render.channel_topic import LONGEST, own_part, topic_in_words, topic_naming

PATTERN = "On call: {people}"
NAMES = st.sampled_from(["Alice", "Bob &amp; Co", "x@y.example", "a.example.com"])
WORDS = st.text(st.sampled_from("abC d&|:.@/<>"), max_size=40)


@pytest.mark.parametrize(
    ("topic", "pattern", "whole"),
    [
        ("", PATTERN, "On call: Alice and Bob"),
        ("Runbook", PATTERN, "On call: Alice and Bob | Runbook"),
        ("On call: Carol", PATTERN, "On call: Alice and Bob"),
        ("Runbook | On call: Carol | Ask first", PATTERN, "Runbook | On call: Alice and Bob | Ask first"),
        ("Runbook |On call: Carol|  Ask", PATTERN, "Runbook |On call: Alice and Bob|  Ask"),
        ("On call: Carol | On call: see wiki", PATTERN, "On call: Alice and Bob | On call: see wiki"),
        ("Hi", "Ask {people} first", "Ask Alice and Bob first | Hi"),
        ("Ask Carol first | Hi", "Ask {people} first", "Ask Alice and Bob first | Hi"),
        ("Hi", "Pager", "Pager Alice and Bob | Hi"),
        ("Pagerduty: see wiki", "Pager", "Pager Alice and Bob | Pagerduty: see wiki"),
        (
            "<https://a.example.com|a.example.com> | mail <mailto:x@y.example|x@y.example> | <!subteam^S1|@ops>",
            PATTERN,
            "On call: Alice and Bob | a.example.com | mail x@y.example | <!subteam^S1|@ops>",
        ),
    ],
)
def test_the_rest_of_a_topic_stays(topic: str, pattern: str, whole: str) -> None:
    """Before and after the bars; where no part is the bridge's, a new one comes first; links are written as words."""
    named = topic_naming(topic, pattern, ["Alice", "Bob"])

    assert named is not None
    assert whole == named.whole
    assert named.part == own_part(named.whole, pattern)


def test_people_without_room_are_counted() -> None:
    """As many names as fit, then their number; with room for neither there is no topic."""
    names = ["Alice Ng", "Bob Ray", "Carol Ek"]
    found = [topic_naming("x" * length, PATTERN, names) for length in (100, 210, 219, 230, 231)]

    assert [
        "On call: Alice Ng, Bob Ray and Carol Ek",
        "On call: Alice Ng, Bob Ray and 1 more",
        "On call: Alice Ng and 2 more",
        "On call: 3 people",
        None,
    ] == [topic and topic.part for topic in found]
    assert all(len(topic.whole) <= LONGEST for topic in found if topic)


@given(
    WORDS, st.lists(st.sampled_from(["Alice", "Bob &amp; Co", "x@y.example", "a.example.com"]), min_size=1, unique=True)
)
def test_a_topic_that_was_written_is_not_written_again(typed: str, names: list[str]) -> None:
    """As Slack keeps it, it names the same people, and what people typed is not lost, whatever that is."""
    kept = mrkdwn.linkified(typed)
    first = topic_naming(kept, PATTERN, names)
    assert first is not None
    shown = mrkdwn.linkified(first.whole)
    again = topic_naming(shown, PATTERN, names)

    assert again is not None
    assert first.part == own_part(shown, PATTERN) == again.part
    assert shown == mrkdwn.linkified(again.whole)
    assert all(part.strip() in first.whole for part in topic_in_words(kept).split("|"))
