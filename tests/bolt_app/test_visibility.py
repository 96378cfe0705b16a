"""Who sees an incident that their channel does not show: whom PagerDuty would show it to."""

import pytest

from bolt_app.visibility import can_see
from shared.model.ids import TeamId, UserId
from shared.pagerduty.models.account import User

PAYMENTS, SECURITY, SEARCH = TeamId("PPAYMENTS"), TeamId("PSECURITY"), TeamId("PSEARCH")
PRIVATE = frozenset({SECURITY})


@pytest.mark.parametrize(
    ("role", "own", "teams", "seen"),
    [
        ("limited_user", {SEARCH}, {PAYMENTS}, True),
        ("limited_user", {SEARCH}, set(), True),
        ("observer", set(), {PAYMENTS}, True),
        ("read_only_user", set(), {PAYMENTS}, True),
        ("limited_user", {PAYMENTS}, {SECURITY}, False),
        ("limited_user", {PAYMENTS}, {SECURITY, PAYMENTS}, False),
        ("read_only_user", set(), {SECURITY}, False),
        ("limited_user", {SECURITY}, {SECURITY}, True),
        ("observer", {SECURITY}, {SECURITY, PAYMENTS}, True),
        ("admin", set(), {SECURITY}, True),
        ("owner", set(), {SECURITY}, True),
        ("restricted_access", {SEARCH}, {PAYMENTS}, False),
        ("restricted_access", {PAYMENTS}, {PAYMENTS}, True),
        ("restricted_access", set(), set(), False),
        ("read_only_limited_user", {SEARCH}, {PAYMENTS}, False),
        ("a_role_of_tomorrow", {SEARCH}, {PAYMENTS}, False),
        ("a_role_of_tomorrow", {PAYMENTS}, {PAYMENTS}, True),
        ("", {SEARCH}, {PAYMENTS}, False),
    ],
)
def test_roles_and_private_teams(role: str, own: set[TeamId], teams: set[TeamId], *, seen: bool) -> None:
    """A private team hides what is its own, some roles and unknown ones see only their own, and others see the rest."""
    user = User(UserId("PALICE1"), "Alice Ng", "alice@example.com", role, frozenset(own), kind="user")

    assert seen == can_see(user, frozenset(teams), PRIVATE, involved=False)
    assert can_see(user, frozenset(teams), PRIVATE, involved=True)
