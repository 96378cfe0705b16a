"""JSON from outside: read only if it can be sent on."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pagebridge_sandbox.json_text import decode
from tests.pagebridge_sandbox.odd_json import DEEP, HALF

WHOLE = st.text(st.characters(exclude_categories=["Cs"]))
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | WHOLE,
    lambda inner: st.lists(inner) | st.dictionaries(WHOLE, inner),
)


@given(VALUES, st.booleans())
def test_it_reads_what_was_written(value: object, ascii_only: bool) -> None:  # noqa: FBT001 - drawn
    """Any value, with its characters escaped or not, in text or in bytes: pairs of surrogates are one character."""
    text = json.dumps(value, ensure_ascii=ascii_only)

    assert value == decode(text) == decode(text.encode())


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        DEEP,
        HALF,
        '"\\uDFFF"',
        '"\ud800"',
        '{"\\ud83d": 1}',
        b'"\xed\xa0\x80"',
        b'"\xff"',
        "NaN",
        "-Infinity",
        "[1e999]",
        "-1e999",
        "1" * 5000,
    ],
)
def test_what_cannot_be_sent_on_is_refused(text: str | bytes) -> None:
    """Each is a `ValueError`, whatever Python's own parser would make of it."""
    with pytest.raises(ValueError) as refused:  # noqa: PT011 - the words are those of several parsers
        decode(text)
    assert str(refused.value)


def test_an_escaped_backslash_is_no_surrogate() -> None:
    """What only looks like half a pair is read."""
    assert "\\ud800" == decode(r'"\\ud800"')
