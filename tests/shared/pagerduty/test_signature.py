"""Whether a delivery is PagerDuty's."""

import hashlib
import hmac
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.pagerduty.events.signature import HEADER, MOST_CANDIDATES, verify

SAMPLES = Path(__file__).parents[4] / "shared/reference/pagerduty/samples/signed_real"
BODY = b'{"event": {}}'
FALSE = "v1=" + "0" * 64
ANY_TEXT = st.text(st.characters(exclude_categories=()))
"""Halves of surrogate pairs included, as aiohttp makes them of bytes that are not UTF-8."""


def sign(secret: str, body: bytes = BODY) -> str:
    """Sign as PagerDuty does."""
    return "v1=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


@pytest.mark.skipif(not SAMPLES.exists(), reason="the vendors' reference is not beside this checkout")
@pytest.mark.parametrize("name", [path.name for path in sorted(SAMPLES.glob("*_*.json"))])
def test_real_deliveries_verify(name: str) -> None:
    """The signatures of real deliveries fit, and no longer after one bit of the body has changed."""
    signed = json.loads((SAMPLES / "SIGNATURES.json").read_text())
    body, headers = (SAMPLES / name).read_bytes(), [signed["files"][name][HEADER]]

    assert verify(body, headers, [signed["secret"]])
    assert not verify(bytes([body[0] ^ 1]) + body[1:], headers, [signed["secret"]])


@pytest.mark.parametrize(
    "headers",
    [
        [sign("old")],
        [f"{FALSE},{sign('new')}"],
        [f" {FALSE} , {sign('new')} "],
        [FALSE, sign("old")],
        [f"v0=abc,v2=def,{sign('new')}"],
        [f"v1=é\udcff,{sign('new')}"],
    ],
    ids=["one", "second of two", "spaces", "second header", "other versions", "beyond ASCII"],
)
def test_any_signature_may_fit_any_secret(headers: list[str]) -> None:
    """While secrets are being changed, one fitting pair is enough, wherever it stands."""
    assert verify(BODY, headers, ["new", "old"])


@pytest.mark.parametrize(
    "headers",
    [
        [],
        [""],
        [FALSE],
        [sign("other")],
        [sign("new").removeprefix("v1=")],
        [sign("new").replace("v1=", "v2=")],
        [sign("new")[:-1]],
        [sign("new") + "0"],
        ["v1="],
    ],
    ids=["none", "empty", "wrong", "another secret", "no version", "another version", "short", "long", "blank"],
)
def test_anything_else_is_refused(headers: list[str]) -> None:
    """A signature that is missing, wrong or of another kind does not verify."""
    assert not verify(BODY, headers, ["new", "old"])


def test_only_so_many_signatures_are_looked_at() -> None:
    """Whoever sends thousands of signatures does not get thousands of tries."""
    padding = [FALSE] * (MOST_CANDIDATES - 1)

    assert verify(BODY, [",".join([*padding, sign("new")])], ["new"])
    assert not verify(BODY, [",".join([*padding, FALSE, sign("new")])], ["new"])


def test_an_empty_secret_fits_nothing() -> None:
    """What anybody could sign is not signed, and without a secret nothing is."""
    assert not verify(BODY, [sign("")], ["", ""])
    assert not verify(BODY, [sign("new")], [])


@given(st.binary(), st.lists(ANY_TEXT | st.just(FALSE)), st.lists(ANY_TEXT, max_size=3))
def test_no_header_makes_it_raise(body: bytes, headers: list[str], secrets: list[str]) -> None:
    """Whatever comes in from outside, the answer is yes or no."""
    assert not verify(body, headers, secrets)
