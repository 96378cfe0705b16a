"""The address of a card's link: filled in whole, or left out for a reason."""

from dataclasses import replace

import pytest

from shared.model.card_content import CardLink
from shared.model.event import Ref
from tests.builders import INCIDENT, snapshot

HOST = "https://runbooks.example.com/"


@pytest.mark.parametrize(
    ("url", "address", "left_out"),
    [
        (HOST, HOST, ""),
        (HOST + "{service}?n={number}", HOST + "a%2Fb%20%26%3F%7Bid%7D?n=37", ""),
        (HOST + "{service_id}/{id}", f"{HOST}PSVC001/{INCIDENT}", ""),
        (HOST + "{service}" * 30, "", "too_long"),
    ],
)
def test_an_address_is_filled_in_and_encoded(url: str, address: str, left_out: str) -> None:
    """What a service is called can change neither the host nor the path, and names no placeholder itself."""
    part = CardLink("Runbook", url).address(INCIDENT, replace(snapshot(), service=Ref("PSVC001", "a/b &?{id}")))

    assert (address, left_out) == (part.text, part.left_out)


@pytest.mark.parametrize("service", [None, Ref("PSVC001", ""), Ref("PSVC001", "..")])
def test_a_link_that_needs_what_is_unknown_is_left_out(service: Ref | None) -> None:
    """Half an address leads elsewhere, and so do two dots."""
    known = replace(snapshot(), service=service, number=None)

    assert "missing" == CardLink("Runbook", HOST + "{service}").address(INCIDENT, known).left_out
    assert "missing" == CardLink("Runbook", HOST + "{number}").address(INCIDENT, known).left_out
    assert HOST + INCIDENT == CardLink("Runbook", HOST + "{id}").address(INCIDENT, known).text
