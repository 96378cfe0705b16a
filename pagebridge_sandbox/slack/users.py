"""People and bots, as `users.info` shows them."""

from dataclasses import dataclass
from typing import Literal

from pagebridge_sandbox.slack.responses import Json

GuestKind = Literal["multi", "single"]

AVATARS, SIZES = "https://avatars.slack-edge.com", (24, 32, 48, 72, 192, 512)


@dataclass
class User:
    """
    One account. Its fields may be changed at any time.

    `guest` is None for full members; `team_id` is another one for a person who is here through Slack Connect.
    `unsaid` are fields that Slack leaves out.
    """

    id: str
    name: str
    email: str | None
    team_id: str
    guest: GuestKind | None = None
    bot: bool = False
    deleted: bool = False
    email_confirmed: bool = True
    unsaid: frozenset[str] = frozenset()
    updated: int = 0

    @property
    def handle(self) -> str:
        """The short name in payloads."""
        local = self.email.split("@")[0] if self.email else self.name.replace(" ", ".")
        return local.lower()

    def as_json(self, home_team_id: str, *, with_email: bool) -> Json:
        """Show this account to an app of the team `home`. Without `users:read.email` there is no address."""
        stranger = self.team_id != home_team_id
        shown: Json = {
            "id": self.id,
            "team_id": self.team_id,
            "name": self.handle,
            "deleted": self.deleted,
            "profile": self.profile(with_email=with_email and not stranger),
            "is_bot": self.bot,
            "updated": self.updated,
            "is_app_user": False,
            "has_2fa": False,
        }
        if not self.deleted:
            shown |= self._active_fields()
        if with_email and not stranger:
            shown["is_email_confirmed"] = self.email_confirmed
        if stranger:
            shown["is_stranger"] = True
        return {name: value for name, value in shown.items() if name not in self.unsaid}

    def profile(self, *, with_email: bool) -> Json:
        """Show what the account says of itself."""
        profile: Json = {
            "avatar_hash": "g" + self.id.lower(),
            "status_text": "",
            "status_emoji": "",
            "real_name": self.name,
            "real_name_normalized": self.name,
            "display_name": self.name,
            "display_name_normalized": self.name,
            "team": self.team_id,
        }
        profile |= {f"image_{size}": f"{AVATARS}/{self.id}-{size}.png" for size in SIZES}
        if with_email and self.email and not self.bot:
            profile["email"] = self.email
        return profile

    def _active_fields(self) -> Json:
        """Return the fields that only active accounts show."""
        return {
            "color": "9f69e7",
            "real_name": self.name,
            "tz": "Etc/UTC",
            "tz_label": "Coordinated Universal Time",
            "tz_offset": 0,
            "is_admin": False,
            "is_owner": False,
            "is_primary_owner": False,
            "is_restricted": self.guest is not None,
            "is_ultra_restricted": self.guest == "single",
        }
