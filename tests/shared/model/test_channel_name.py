"""The name of an incident's channel: one that Slack takes, whatever the incident is called."""

import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.model.channel_name import LONGEST, channel_name
from shared.model.event import Ref
from tests.builders import INCIDENT, snapshot

TAKEN = re.compile(r"[a-z0-9][a-z0-9_-]*")


@pytest.mark.parametrize(
    ("pattern", "title", "name"),
    [
        ("inc-{number}-{title}", "Checkout: P95 > 2 s!", "inc-37-checkout-p95-2-s"),
        ("inc-{number}-{title}", "Zürich ist langsam", "inc-37-zurich-ist-langsam"),
        ("inc-{number}-{title}", "決済が遅い", "inc-37"),
        ("{title}_{service}-{id}", "", "checkout-api-q1incident"),
        ("inc-{number}-{title}", "x" * 200, "inc-37-" + "x" * 73),
        ("{title}-{number}", "x" * 200, "x" * 77 + "-37"),
    ],
)
def test_it_is_filled_in(pattern: str, title: str, name: str) -> None:
    """Other letters lose their marks or are left out, a long title gives way to the number."""
    assert name == channel_name(pattern, INCIDENT, snapshot(title=title))


def test_a_name_that_is_taken_gets_a_suffix_within_the_limit() -> None:
    """Each try has another one."""
    long = snapshot(title="x" * 200)
    names = [channel_name("inc-{number}-{title}", INCIDENT, long, tries) for tries in (0, 1, 99)]

    assert ["", "-2", "-100"] == [name.rpartition("x")[2] for name in names]
    assert {LONGEST} == set(map(len, names))


REPEATED = "{id}-{service}-{service}-{service}"
PATTERNS = st.sampled_from(["inc-{number}-{title}", "{title}{id}", "_{number}_{service}-", "{id}", REPEATED])


def test_a_pattern_that_names_a_service_again_is_cut() -> None:
    """At the limit, with the suffix of a name that was taken."""
    shown = replace(snapshot(), service=Ref("PSVC001", "payments-checkout-gateway"))

    assert LONGEST == len(channel_name(REPEATED, INCIDENT, shown))
    assert re.fullmatch(r".{78}-2", channel_name(REPEATED, INCIDENT, shown, 1))


@given(st.text(), st.text(), PATTERNS, st.integers(0, 99))
def test_slack_takes_every_name(title: str, service: str, pattern: str, tries: int) -> None:
    """Also one without a number, and with letters of any kind."""
    shown = replace(snapshot(title=title), service=Ref("PSVC001", service), number=None if tries % 2 else 37)

    name = channel_name(pattern, INCIDENT, shown, tries)

    assert TAKEN.fullmatch(name)
    assert len(name) <= LONGEST
