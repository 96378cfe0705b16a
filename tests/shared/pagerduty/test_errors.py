"""What an error of PagerDuty's means, and how long to wait."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.errors import LONGEST_WAIT, BadCredentials, CallError, NotFound, Refused, Unavailable, Uncertain
from shared.pagerduty.api import errors
from tests.shared.pagerduty.json_values import JSON


def error(status: int, code: int | None = None, **headers: str) -> CallError:
    """Make the error of an answer in PagerDuty's own form."""
    body = {"error": {"message": "Some words", "code": code, "errors": ["More words"]}}
    return errors.error_from(status, {name.replace("_", "-"): value for name, value in headers.items()}, _bytes(body))


def _bytes(body: object) -> bytes:
    return json.dumps(body).encode()


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        (400, 1008, Refused),
        (400, 1028, Refused),
        (400, 1001, Refused),
        (400, 2001, Refused),
        (400, 5001, NotFound),
        (401, 2006, BadCredentials),
        (401, None, BadCredentials),
        (401, 2010, Refused),
        (402, 2014, Refused),
        (403, 2010, Refused),
        (404, 2100, NotFound),
        (404, None, NotFound),
        (408, 2016, Uncertain),
        (409, 1005, Refused),
        (429, 2020, Unavailable),
        (500, 2000, Uncertain),
        (503, None, Uncertain),
        (304, None, Uncertain),
        (600, None, Uncertain),
    ],
)
def test_what_kind_of_error(status: int, code: int | None, kind: type[CallError]) -> None:
    """The kind of error says whether the call was surely not done, and what can be done about it."""
    made = error(status, code)
    assert type(made) is kind
    if isinstance(made, Refused):
        assert (made.code, made.status) == (code, status)
        assert str(made) == "PagerDuty answered: Some words: More words"


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"ratelimit_reset": "12"}, 12.0),
        ({"Retry_After": "3"}, 3.0),
        ({"ratelimit_reset": "soon", "Retry_After": "3"}, 3.0),
        ({"Ratelimit_Reset": "12", "retry_after": "3"}, 12.0),
        ({}, None),
        ({"retry_after": "Tue, 14 Nov 2023 22:13:20 GMT"}, None),
        ({"retry_after": "-1"}, None),
        ({"retry_after": "nan"}, None),
        ({"retry_after": "inf"}, None),
        ({"retry_after": "1e300"}, LONGEST_WAIT),
        ({"ratelimit_reset": "1893456000"}, LONGEST_WAIT),
    ],
)
def test_how_long_to_wait(headers: dict[str, str], seconds: float | None) -> None:
    """A 429 names the seconds to wait in one of two headers, or not at all."""
    limited = error(429, 2020, **headers)
    assert isinstance(limited, Unavailable)
    assert limited.retry_after == seconds


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>",
        b"\xff\xfe",
        b"null",
        b"[]",
        b'{"error": {"errors": {"a": 1}}}',
        b'{"error": null}',
        b"7",
        b"\x00\x01",
        b"[" * 99999,
        b'{"error":' * 600 + b"7" + b"}" * 600,
        b'{"errors":' + b"[" * 900 + b"]" * 900 + b"}",
    ],
)
def test_errors_without_pagerdutys_words(body: bytes) -> None:
    """A gateway's answer is understood by its status alone."""
    refused = errors.error_from(403, {}, body)
    assert isinstance(refused, Refused)
    assert refused.code is None
    assert "403" in str(refused)


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b'{"error": "No current user"}', "No current user"),
        (b'{"message": "Invalid Input"}', "Invalid Input"),
        (b'{"error": {"message": "Invalid Input", "errors": "Title is too long"}}', "Invalid Input: Title is too long"),
        (b'{"error": {"errors": {"title": ["is too long", "is odd"]}}}', "title is too long: title is odd"),
        (b'{"errors": ["Not now"]}', "Not now"),
        (
            b'{"error": {"errors": [{"title": "Not now"}, {"title": ["Nor", "then"]}]}}',
            "title Not now: title Nor: title then",
        ),
        (b'"Not now"', "Not now"),
        (b"Bad Request: not now\n", "Bad Request: not now"),
        (b'{"error": {"message": null, "errors": [null, "Not now", 7]}}', "Not now"),
    ],
    ids=repr,
)
def test_reasons_in_other_forms(body: bytes, words: str) -> None:
    """However PagerDuty writes its reason, people read it."""
    assert f"PagerDuty answered: {words}" == str(errors.error_from(400, {}, body))


@given(st.integers(300, 700), st.binary() | JSON.map(_bytes) | JSON.map(lambda inner: _bytes({"error": inner})))
def test_any_error_body(status: int, body: bytes) -> None:
    """Every answer that is no success is one of our errors, whose text is short."""
    assert len(str(errors.error_from(status, {}, body))) <= errors.LONGEST_WHY
