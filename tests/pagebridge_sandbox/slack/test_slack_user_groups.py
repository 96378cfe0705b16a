"""User groups: who is in them, who may be, and who may say so."""

import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from pagebridge_sandbox.slack import SlackSandbox, User, UserGroup
from tests.pagebridge_sandbox.slack.conftest import Sample, keys

SCOPES = {"usergroups:read", "usergroups:write"}


@pytest.fixture(autouse=True)
def _scopes(slack: SlackSandbox) -> None:
    slack.bot_scopes |= SCOPES


@pytest.fixture
def group(slack: SlackSandbox, alice: User) -> UserGroup:
    """Make @oncall, with Alice in it."""
    return slack.add_user_group("oncall", [alice.id], id="S0ONCALL")


async def refused(client: AsyncWebClient, method: str, **arguments: object) -> str:
    """Make a call that is refused, and return the error."""
    with pytest.raises(SlackApiError) as caught:
        await client.api_call(method, params=arguments)
    return str(caught.value.response["error"])


async def test_its_members_are_replaced(slack: SlackSandbox, client: AsyncWebClient, group: UserGroup) -> None:
    """All of them at once, each once; the answer shows them, and who has changed the group."""
    bob = slack.add_user("Bob", id="U0BOB")

    told = (await client.usergroups_users_update(usergroup=group.id, users=[bob.id, "U0ALICE", bob.id]))["usergroup"]
    by_json = await client.api_call("usergroups.users.update", json={"usergroup": group.id, "users": [bob.id]})

    assert ([bob.id, "U0ALICE"], slack.bot_user_id) == (told["users"], told["updated_by"])
    assert [bob.id] == by_json["usergroup"]["users"]
    assert [bob.id] == (await client.usergroups_users_list(usergroup=group.id))["users"]


async def test_groups_are_listed(client: AsyncWebClient, group: UserGroup, sample: Sample) -> None:
    """Disabled ones, members and their number only where they are asked for."""
    [plain] = (await client.usergroups_list())["usergroups"]
    [counted] = (await client.usergroups_list(include_count=True))["usergroups"]
    [full] = (await client.usergroups_list(include_users=True))["usergroups"]
    group.disabled_at = 1_700_000_000

    documented = sample("api-ref/usergroups.list.json")["examples"]["success"]["example"]["usergroups"][0]
    assert keys(documented) == keys(counted)
    assert ("users" in plain, full["users"]) == (False, ["U0ALICE"])
    assert [] == (await client.usergroups_list())["usergroups"]
    [disabled] = (await client.usergroups_list(include_disabled=True))["usergroups"]
    assert group.disabled_at == disabled["date_delete"]
    assert "no_such_subteam" == await refused(client, "usergroups.users.list", usergroup=group.id)
    assert ["U0ALICE"] == (await client.usergroups_users_list(usergroup=group.id, include_disabled=True))["users"]


@pytest.mark.parametrize(
    ("users", "error"),
    [
        ("", "no_users_provided"),
        ("U0NOBODY", "invalid_users"),
        ("U0ALICE,U0GONE", "invalid_users"),
        ("U0ALICE,U0GUS", "invalid_user"),
        ("U0ALICE,U0SINGLE", "single_channel_guests_cannot_be_added"),
        ("U0PDBRIDGE", "invalid_user"),
        ("U0OLGA", "failed_for_some_users"),
        (",".join(["U0ALICE"] * 1001), "subteam_max_users_exceeded"),
    ],
)
async def test_who_cannot_be_in_it(
    slack: SlackSandbox, client: AsyncWebClient, group: UserGroup, users: str, error: str
) -> None:
    """One who cannot keeps out all of them, and it cannot be emptied."""
    slack.add_user("Gone", id="U0GONE", deleted=True)
    slack.add_user("Gus", id="U0GUS", guest="multi")
    slack.add_user("Sina", id="U0SINGLE", guest="single")
    slack.add_user("Olga", id="U0OLGA", team_id="T0OTHER")

    assert error == await refused(client, "usergroups.users.update", usergroup=group.id, users=users)
    assert ["U0ALICE"] == group.users


async def test_who_may_not_change_it(slack: SlackSandbox, client: AsyncWebClient, group: UserGroup) -> None:
    """A plan without groups, a workspace where only admins change them, a group that is none, and missing scopes."""
    update = "usergroups.users.update"
    assert "missing_argument" == await refused(client, update, users="U0ALICE")
    assert "no_such_subteam" == await refused(client, update, usergroup="S0NONE", users="U0ALICE")
    slack.apps_manage_groups = False
    assert "permission_denied" == await refused(client, update, usergroup=group.id, users="U0ALICE")
    slack.plan_has_groups = False
    for method in ("usergroups.list", "usergroups.users.list", update):
        assert "plan_upgrade_required" == await refused(client, method, usergroup=group.id, users="U0ALICE")
    slack.bot_scopes -= {"usergroups:write"}
    assert "missing_scope" == await refused(client, update, usergroup=group.id, users="U0ALICE")
    slack.bot_scopes -= SCOPES
    assert "missing_scope" == await refused(client, "usergroups.list")
