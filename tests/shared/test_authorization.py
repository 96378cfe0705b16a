"""The rules of who may act, as tables."""

import pytest

from shared.authorization import Facts, belongs, role_allows
from shared.bridge_config import AuthorizationConfig
from shared.model.ids import TeamId, UserId

TEAM = TeamId("PTEAM01")


def facts(role: str, team_role: str = "", *, assigned: bool = False, responding: bool = False) -> Facts:
    """Make what is known of one person and one incident with a team."""
    roles = {TEAM: team_role} if team_role else {}
    return Facts(UserId("PALICE1"), role, assigned, responding, has_teams=True, team_roles=roles)


@pytest.mark.parametrize(
    ("known", "allowed"),
    [
        (facts("owner"), True),
        (facts("admin", "observer"), True),
        (facts("user"), True),
        (facts("limited_user"), True),
        (facts("user", "observer"), False),
        (facts("user", "observer", assigned=True), True),
        (facts("limited_user", "responder"), True),
        (facts("observer"), False),
        (facts("observer", "responder"), True),
        (facts("observer", "manager"), True),
        (facts("observer", assigned=True), True),
        (facts("observer", responding=True), True),
        (facts("restricted_access"), False),
        (facts("restricted_access", "responder"), True),
        (facts("read_only_user", "manager", assigned=True), False),
        (facts("read_only_limited_user", "manager", assigned=True), False),
        (facts("a_role_of_tomorrow", "manager"), False),
    ],
)
def test_pagerdutys_role_rules(known: Facts, *, allowed: bool) -> None:
    """The base role decides, raised or lowered by the team role; stakeholders and unknown roles never act."""
    assert allowed == role_allows(known)


@pytest.mark.parametrize(
    ("known", "mode", "allowed"),
    [
        (facts("user"), "team", False),
        (facts("user"), "pagerduty", True),
        (facts("admin"), "team", True),
        (facts("user", "responder"), "team", True),
        (facts("user", "observer"), "team", False),
        (facts("user", assigned=True), "team", True),
        (facts("user", responding=True), "team", True),
    ],
)
def test_the_rule_of_the_team(known: Facts, mode: str, *, allowed: bool) -> None:
    """In the mode `team` one must belong to the incident, whatever PagerDuty itself would let one do."""
    assert allowed == belongs(known, AuthorizationConfig.model_validate({"mode": mode}))


def test_incident_commanders_may_act_everywhere() -> None:
    """Whoever is listed belongs to every team's incidents."""
    assert belongs(facts("user"), AuthorizationConfig.model_validate({"everywhere": ["PALICE1"]}))


def test_an_incident_without_a_team_falls_back_to_the_roles() -> None:
    """Where there is no team there is nobody to belong to."""
    known = Facts(UserId("PALICE1"), "user", assigned=False, responding=False, has_teams=False, team_roles={})

    assert belongs(known, AuthorizationConfig())
