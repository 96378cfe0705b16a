"""What PagerDuty's users and teams mean."""

import pytest

from shared.model.ids import TeamId
from shared.pagerduty.models import user as user_model
from tests.shared.pagerduty.responses import ALICE, BOB, reference, team, user


def test_a_user() -> None:
    """A user has a role, teams and an address."""
    read = user_model.parse_user({"user": user("PALICE1", teams=[reference("PTEAM01", "team", "Payments")])})
    assert (read.id, read.email, read.role, read.kind) == ("PALICE1", "palice1@example.com", "user", "user")
    assert read.team_ids == {"PTEAM01"}
    assert not read.deleted
    assert user_model.parse_user({"user": user("P1", deleted_at="2023-11-14T22:13:20Z")}).deleted


def test_a_page_of_people() -> None:
    """Lists are read whole: users, and members with their team role."""
    users = user_model.parse_users({"users": [user("P1"), user("P2")], "more": True})
    assert [one.id for one in users] == ["P1", "P2"]
    members = [{"user": ALICE, "role": "manager"}, {"user": BOB, "role": "observer"}]
    assert user_model.parse_members({"members": members}) == {"PALICE1": "manager", "PBOB001": "observer"}


@pytest.mark.parametrize(("default_role", "private"), [("none", True), ("manager", False), (None, False)])
def test_a_team(default_role: str | None, private: bool) -> None:  # noqa: FBT001 # the two columns of a table
    """A team whose outsiders have no role is private."""
    wanted = user_model.Team(TeamId("PTEAM01"), "Payments", private=private)
    assert user_model.parse_team({"team": team(default_role=default_role)}) == wanted
    assert user_model.parse_teams({"teams": [team(default_role=default_role)]}) == (wanted,)
