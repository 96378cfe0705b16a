"""The parts of `bridge.toml` that say who is who, and who may act."""

from collections.abc import Mapping
from functools import cached_property
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, model_validator

from shared.config.card_config import Table
from shared.config.setting_types import shaped
from shared.http.proxy import is_loopback
from shared.model.actions import Action
from shared.model.permissions import Rule

CALLBACK_PATH = "/oauth/pagerduty/callback"
"""Where the receiver takes people who come back from PagerDuty."""

SlackUser = Annotated[str, shaped(r"[UW][A-Z0-9]{2,30}", "a Slack user id such as U024BE7LH")]
PagerDutyUser = Annotated[str, shaped(r"[PQ][A-Z0-9]{3,30}", "a PagerDuty user id such as PXPGF42")]
Domain = Annotated[str, shaped(r"[^\s@]+", "a domain such as example.com (without the @)")]
Contact = Annotated[str, shaped(r"\S[^\n]{0,79}", "a short text such as #sre-help")]


def _callback_url(text: str) -> str:
    """Take the receiver's public address for people who come back from PagerDuty; http on this machine only."""
    parts = urlsplit(text)
    safe = parts.scheme == "https" or (parts.scheme == "http" and is_loopback(parts.hostname or ""))
    plain = f"{parts.scheme}://{parts.netloc}{parts.path}" == text and parts.username is None and text.isascii()
    if not safe or not parts.hostname or not plain or not parts.path.endswith(CALLBACK_PATH):
        raise ValueError(f"must be the receiver's public address, such as https://bridge.example.com{CALLBACK_PATH}")
    return text


class IdentityConfig(Table):
    """The rules by which Slack users are linked to PagerDuty users."""

    users: dict[SlackUser, PagerDutyUser] = Field(default_factory=dict)
    """The PagerDuty user of a Slack user, both by their ids; wins over a link and over e-mail."""
    email_domains: tuple[Domain, ...] = ()
    """The domains whose addresses link people; empty for all."""
    contact: Contact = "the team that runs this bridge"
    """Whom people are told to ask to be linked, and when the bridge itself needs help."""
    linking: Literal["off", "oauth", "admin"] = "off"
    """How people can link themselves: `oauth`, by signing in to PagerDuty; `admin`, if one of `admins` approves."""
    callback_url: Annotated[str, AfterValidator(_callback_url)] | None = None
    """Where PagerDuty sends people back who have signed in: an address of the receiver's, as in the PagerDuty app."""
    admins: tuple[SlackUser, ...] = ()
    """The Slack users who are asked, with `linking = "admin"`."""
    excluded: tuple[SlackUser, ...] = ()
    """Slack users who are never linked, neither by e-mail nor by themselves."""

    @model_validator(mode="after")
    def _has_what_linking_needs(self) -> Self:
        if self.linking == "oauth" and self.callback_url is None:
            raise ValueError('with linking = "oauth" needs callback_url')
        if self.linking == "admin" and not self.admins:
            raise ValueError('with linking = "admin" needs admins')
        if both := self.users.keys() & set(self.excluded):
            raise ValueError(f"has {min(both)} both in users and in excluded")
        return self


class AuthorizationConfig(Table):
    """The rules for who may act on incidents."""

    mode: Literal["team", "pagerduty"] = "team"
    """The rule for all that `actions` doesn't name: `team`, this incident's people, or `pagerduty`, its roles."""
    everywhere: frozenset[PagerDutyUser] = frozenset()
    """PagerDuty users who may act on any team's incidents."""
    actions: dict[Action, Rule] = Field(default_factory=dict)
    """The rule of single actions: `linked`, `team` or `members`. Notes are `linked` if not named."""

    @cached_property
    def rules(self) -> Mapping[Action, Rule]:
        """The rule that is in force for each action."""
        others = Rule.LINKED if self.mode == "pagerduty" else Rule.TEAM
        return {**dict.fromkeys(Action, others), Action.NOTE: Rule.LINKED, **self.actions}
