"""User groups, as `usergroups.list` shows them."""

from dataclasses import dataclass, field

from pagebridge_sandbox.slack.responses import Json


@dataclass
class UserGroup:
    """
    One group. Its fields may be changed at any time.

    `disabled_at` is when it was disabled, in seconds since 1970; 0 while it is not. `updated_by` is the last to write.
    """

    id: str
    name: str
    handle: str
    team_id: str
    users: list[str] = field(default_factory=list)
    created: int = 0
    updated: int = 0
    updated_by: str = "USLACKBOT"
    disabled_at: int = 0

    def as_json(self, *, with_users: bool = False, with_count: bool = False) -> Json:
        """Show this group; its members and their number only where they are asked for."""
        shown: Json = {
            "id": self.id,
            "team_id": self.team_id,
            "is_usergroup": True,
            "name": self.name,
            "description": "",
            "handle": self.handle,
            "is_external": False,
            "date_create": self.created,
            "date_update": self.updated,
            "date_delete": self.disabled_at,
            "auto_type": None,
            "created_by": "USLACKBOT",
            "updated_by": self.updated_by,
            "deleted_by": "USLACKBOT" if self.disabled_at else None,
            "prefs": {"channels": [], "groups": []},
        }
        if with_users:
            shown["users"] = list(self.users)
        if with_count:
            shown["user_count"] = str(len(self.users))
        return shown
