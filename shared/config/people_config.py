"""The parts of `bridge.toml` that say who is who, and who may act."""

from typing import Annotated, Literal

from pydantic import Field

from shared.config.card_config import Table
from shared.config.setting_types import shaped
from shared.model.actions import Action
from shared.model.permissions import Rule

SlackUser = Annotated[str, shaped(r"[UW][A-Z0-9]{2,30}", "a Slack user id such as U024BE7LH")]
PagerDutyUser = Annotated[str, shaped(r"[PQ][A-Z0-9]{3,30}", "a PagerDuty user id such as PXPGF42")]
Domain = Annotated[str, shaped(r"[^\s@]+", "a domain such as example.com (without the @)")]
Contact = Annotated[str, shaped(r"\S[^\n]{0,79}", "a short text such as #sre-help")]


class IdentityConfig(Table):
    """Who is who."""

    users: dict[SlackUser, PagerDutyUser] = Field(default_factory=dict)
    """The PagerDuty user of a Slack user, both by their ids; wins over e-mail."""
    email_domains: tuple[Domain, ...] = ()
    """The domains whose addresses link people; empty for all."""
    contact: Contact = "the team that runs this bridge"
    """Whom people are told to ask to be linked, and when the bridge itself needs help."""


class AuthorizationConfig(Table):
    """Who may act."""

    mode: Literal["team", "pagerduty"] = "team"
    """Who may do what `actions` doesn't name: `team`, this incident's people, or `pagerduty`, its roles."""
    everywhere: frozenset[PagerDutyUser] = frozenset()
    """PagerDuty users who may act on any team's incidents."""
    actions: dict[Action, Rule] = Field(default_factory=dict)
    """The rule of single actions: `linked`, `team` or `members`. Notes are `linked` if not named."""

    def rule(self, action: Action) -> Rule:
        """Find the rule that is in force for `action`."""
        by_roles = self.mode == "pagerduty" or action is Action.NOTE
        return self.actions.get(action, Rule.LINKED if by_roles else Rule.TEAM)
