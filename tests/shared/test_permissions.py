"""The rules of who may act, as tables: every role, team role, tie to the incident and rule, once."""

from dataclasses import replace
from itertools import product

import pytest

from shared.access.authorization import Facts, Standing, ground, role_allows, standing
from shared.model.actions import Action
from shared.model.ids import UserId
from shared.model.permissions import GROUNDS, VERDICTS, Ground, Rule

BASE_ROLES = (
    "owner",
    "admin",
    "user",
    "limited_user",
    "observer",
    "restricted_access",
    "read_only_user",
    "read_only_limited_user",
    "a_role_of_tomorrow",
)
TEAM_ROLES = ("", "manager", "responder", "observer")
TIES = tuple(product((False, True), repeat=4))
"""Whether they are assigned, asked to respond, on the policy, and listed under `everywhere`."""


def facts(role: str, team_role: str = "", *, assigned: bool = False, responding: bool = False) -> Facts:
    """Make what is known of one person and one incident with a team."""
    stands = standing([team_role] if team_role else [])
    return Facts(UserId("PALICE1"), role, has_teams=True, standing=stands, assigned=assigned, responding=responding)


def everybody() -> list[Facts]:
    """Make every person that there can be, for incidents with a team and without one."""
    people = []
    for role, team_role, ties, has_teams in product(BASE_ROLES, TEAM_ROLES, TIES, (True, False)):
        stands = standing([team_role] if team_role and has_teams else [])
        assigned, responding, on_policy, everywhere = ties
        people.append(Facts(UserId("PALICE1"), role, has_teams, stands, assigned, responding, on_policy, everywhere))
    return people


@pytest.mark.parametrize(
    ("roles", "stands"),
    [
        ([], Standing.NONE),
        (["manager"], Standing.ACTS),
        (["responder"], Standing.ACTS),
        (["observer"], Standing.WATCHES),
        (["observer", "observer"], Standing.WATCHES),
        (["observer", "manager"], Standing.ACTS),
        (["a_role_of_tomorrow"], Standing.WATCHES),
    ],
)
def test_team_roles_give_a_standing(roles: list[str], stands: Standing) -> None:
    """Managers and responders act; whoever belongs to a team without being one of these only watches."""
    assert stands is standing(roles)


def test_until_the_teams_are_read_a_person_counts_as_an_observer_there() -> None:
    """What may be lowered is not allowed yet, and what only members may do is not either."""
    known = Facts(UserId("PALICE1"), "user", has_teams=True, standing=Standing.UNKNOWN)

    assert not role_allows(known, Action.RESOLVE)
    assert ground(known, Rule.MEMBERS) is None
    assert role_allows(replace(known, assigned=True), Action.RESOLVE)


@pytest.mark.parametrize(
    ("known", "acts", "updates", "triggers"),
    [
        (facts("owner"), True, True, True),
        (facts("admin", "observer"), True, True, True),
        (facts("user"), True, True, True),
        (facts("limited_user"), True, True, True),
        (facts("limited_user", "responder"), True, True, True),
        (facts("user", "observer"), False, True, True),
        (facts("limited_user", "observer"), False, True, True),
        (facts("user", "observer", assigned=True), True, True, True),
        (facts("user", "observer", responding=True), True, True, True),
        (facts("observer"), False, False, False),
        (facts("observer", "observer"), False, False, False),
        (facts("observer", "responder"), True, False, True),
        (facts("observer", "manager"), True, False, True),
        (facts("observer", assigned=True), True, True, False),
        (facts("observer", responding=True), True, False, False),
        (facts("restricted_access"), False, False, False),
        (facts("restricted_access", "responder"), True, False, True),
        (facts("restricted_access", assigned=True), True, True, False),
        (facts("read_only_user", "manager", assigned=True), False, False, False),
        (facts("read_only_limited_user", "manager", assigned=True), False, False, False),
        (facts("a_role_of_tomorrow", "manager"), False, False, False),
        (facts("limited_user", "a_role_of_tomorrow"), False, True, True),
    ],
)
def test_pagerdutys_role_rules(known: Facts, *, acts: bool, updates: bool, triggers: bool) -> None:
    """The base role decides, raised or lowered by the team role; stakeholders and unknown roles never act."""
    for action in Action:
        allowed = {Action.STATUS_UPDATE: updates, Action.TRIGGER: triggers}.get(action, acts)
        assert allowed == role_allows(known, action), action


def test_an_acting_role_on_one_team_outweighs_watching_another() -> None:
    """On an incident of two teams, a responder of either acts."""
    known = Facts(UserId("PALICE1"), "user", has_teams=True, standing=standing(["observer", "responder"]))

    assert role_allows(known, Action.RESOLVE)
    assert Ground.MEMBER is ground(known, Rule.MEMBERS)


def test_nobody_below_an_observer_ever_acts() -> None:
    """Stakeholders and roles that nobody knows do nothing, whatever ties and configuration they have."""
    low = [known for known in everybody() if known.role in {"read_only_user", "a_role_of_tomorrow"}]

    assert [] == [known for known in low for action in Action if role_allows(known, action)]


def test_the_role_rules_do_not_look_at_the_configuration() -> None:
    """Being on the policy or listed under `everywhere` raises no role."""
    plain = {
        (f.role, f.has_teams, f.standing, f.assigned, f.responding): f
        for f in everybody()
        if not f.on_policy and not f.everywhere
    }

    for known in everybody():
        like = plain[known.role, known.has_teams, known.standing, known.assigned, known.responding]
        assert [role_allows(like, a) for a in Action] == [role_allows(known, a) for a in Action]


@pytest.mark.parametrize("rule", Rule)
def test_a_rule_lets_pass_whoever_has_one_of_its_ties(rule: Rule) -> None:
    """Checked for everybody, against the rule as people read it in `bridge.example.toml`."""
    for known in everybody():
        member = known.standing is Standing.ACTS
        always = known.role in {"owner", "admin"} or known.everywhere or not known.has_teams
        own = always or member or known.assigned
        passes = {Rule.LINKED: True, Rule.TEAM: own or known.responding or known.on_policy, Rule.MEMBERS: own}
        assert passes[rule] == (ground(known, rule) is not None), known


def test_each_rule_is_wider_than_the_next() -> None:
    """Whom `members` lets act, `team` does, and whom `team` does, `linked` does."""
    for known in everybody():
        found = [ground(known, rule) is not None for rule in (Rule.LINKED, Rule.TEAM, Rule.MEMBERS)]
        assert found == sorted(found, reverse=True), known


def test_every_name_that_a_decision_can_have_is_known() -> None:
    """The audit takes these names and no others."""
    allowed = {f"{rule}: {ground(known, rule)}" for known in everybody() for rule in Rule if ground(known, rule)}

    assert {f"{rule}: {found}" for rule, grounds in GROUNDS.items() for found in grounds} == allowed
    assert VERDICTS == allowed | set(Rule) | {"roles", "unseen", "unknown_teams"}
