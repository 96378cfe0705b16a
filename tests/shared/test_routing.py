"""Where an incident is shown: the first route that matches, else the default channel, else nowhere."""

from dataclasses import replace

import pytest

from shared.config.bridge_config import Route, RoutingConfig
from shared.model.event import Ref, Snapshot
from shared.model.ids import ChannelId
from tests.builders import snapshot

INCIDENT = snapshot()
DEFAULT = ChannelId("C0DEFAULT")
CHOSEN = ChannelId("C0ROUTE")


def routed(*routes: dict[str, object], incident: Snapshot = INCIDENT, default: str | None = DEFAULT) -> Route:
    """Route an incident (high urgency, P1, of checkout-api and Payments) by these routes."""
    routing = RoutingConfig.model_validate({"default_channel": default, "routes": routes})
    return replace(routing.route(incident), cards={}, digests={})


def to(*channels: ChannelId, named: bool = True) -> Route:
    """Make a route to `channels` whose threads tell what threads tell by default."""
    return Route(channels, named=named, verbosity="changes", broadcast=frozenset(), cards={}, digests={})


@pytest.mark.parametrize(
    "wanted",
    [
        {"service": "PSVC001"},
        {"service": "checkout-api"},
        {"team": "PTEAM01"},
        {"team": "Payments"},
        {"urgency": "high"},
        {"priority": "PPRIO01"},
        {"priority": "P1"},
        {"service": "checkout-api", "team": "Payments", "urgency": "high", "priority": "P1"},
        {},
    ],
    ids=str,
)
def test_each_field_matches_by_id_or_by_name(wanted: dict[str, object]) -> None:
    """A route takes the incident when every field that it gives fits; without fields it takes all."""
    assert to(CHOSEN) == routed({**wanted, "channel": CHOSEN})


@pytest.mark.parametrize(
    "wanted",
    [
        {"service": "PSVC002"},
        {"service": "checkout"},
        {"service": "Checkout-API"},
        {"team": "Search"},
        {"urgency": "low"},
        {"priority": "P2"},
        {"service": "Payments"},
        {"service": "checkout-api", "team": "Payments", "urgency": "low", "priority": "P1"},
        {"service": "checkout-api", "team": "Payments", "urgency": "high", "priority": "P2"},
        {"service": "search-api", "team": "Payments", "urgency": "high", "priority": "P1"},
        {"service": "checkout-api", "team": "Search", "urgency": "high", "priority": "P1"},
    ],
    ids=str,
)
def test_one_field_that_does_not_fit_is_enough(wanted: dict[str, object]) -> None:
    """Ids and names are taken whole and as PagerDuty spells them, each for its own field."""
    assert to(DEFAULT, named=False) == routed({**wanted, "channel": CHOSEN})


def test_the_first_route_that_matches_wins() -> None:
    """Later routes, be they more exact, are not looked at."""
    found = routed(
        {"service": "search-api", "channel": "C0SEARCH"},
        {"urgency": "high", "channel": "C0HIGH"},
        {"service": "checkout-api", "urgency": "high", "channel": "C0CHECKOUT"},
    )

    assert ("C0HIGH",) == found.channels


def test_several_channels_keep_their_order() -> None:
    """The first one is home."""
    assert ("C0CHECKOUT", "C0DUTY") == routed({"channels": ["C0CHECKOUT", "C0DUTY"]}).channels


def test_any_team_of_the_incident_will_do() -> None:
    """An incident may have several teams."""
    incident = replace(INCIDENT, teams=(Ref("PTEAM01", "Payments"), Ref("PTEAM02", "Search")))

    assert ("C0SEARCH",) == routed({"team": "Search", "channel": "C0SEARCH"}, incident=incident).channels


@pytest.mark.parametrize("wanted", [{"service": "PSVC001"}, {"team": "Payments"}, {"priority": "P1"}], ids=str)
def test_what_an_incident_does_not_have_matches_nothing(wanted: dict[str, object]) -> None:
    """Without service, team and priority only the routes that ask for none take it."""
    bare = replace(INCIDENT, service=None, teams=(), priority=None)

    assert not routed({**wanted, "channel": CHOSEN}, incident=bare).named
    assert ("C0ANY",) == routed({**wanted, "channel": CHOSEN}, {"channel": "C0ANY"}, incident=bare).channels


def test_a_name_that_is_missing_matches_no_empty_wish() -> None:
    """A reference without a name is still matched by its id."""
    incident = replace(INCIDENT, service=Ref("PSVC001"))

    assert (CHOSEN,) == routed({"service": "PSVC001", "channel": CHOSEN}, incident=incident).channels
    assert not routed({"service": "checkout-api", "channel": CHOSEN}, incident=incident).named


def test_without_routes_and_default_it_is_shown_nowhere() -> None:
    """Nobody said where, so it is not shown."""
    assert to(named=False) == routed(default=None)


def test_a_named_route_to_the_default_channel_is_still_named() -> None:
    """Somebody wrote that route for such incidents, so also those of private teams may be shown there."""
    assert to(DEFAULT) == routed({"team": "Payments", "channel": DEFAULT})


def test_a_route_has_its_own_words_or_the_common_ones() -> None:
    """What a thread tells, and what of it aloud, is said by the route, else for all."""
    own = routed({"channel": CHOSEN, "verbosity": "state", "broadcast": ["reopened"]})

    assert ("state", frozenset({"reopened"})) == (own.verbosity, own.broadcast)
    assert ("changes", frozenset()) == (routed().verbosity, routed().broadcast)


def test_a_route_may_ignore() -> None:
    """What it takes goes nowhere, not even to the default channel or a later route."""
    assert to() == routed({"urgency": "high", "ignore": True}, {"channel": CHOSEN})


@pytest.mark.parametrize(
    ("routes", "fields"),
    [
        ((), ()),
        (({"urgency": "high"},), ()),
        (({"service": "other"}, {"team": "Search", "urgency": "low"}, {"priority": "P1"}), ("service", "team")),
        (({"urgency": "low"}, {"priority": "P5"}), ("urgency", "priority")),
    ],
)
def test_what_keeps_a_route_from_taking_it_is_known(
    routes: tuple[dict[str, object], ...], fields: tuple[str, ...]
) -> None:
    """For each route before the one that takes it, the first field that does not match."""
    config = RoutingConfig.model_validate({"routes": [{"channel": CHOSEN, **wanted} for wanted in routes]})
    assert fields == config.mismatches(INCIDENT)
