"""The schema of `bridge.toml`: routing, identity table, authorization, durability."""

import re
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal, Self

import structlog
from pydantic import AfterValidator, BaseModel, ConfigDict, ValidationError, model_validator
from pydantic_core import ErrorDetails

from shared.config.errors import Misconfigured, describe_error, error_details
from shared.model.command import Action
from shared.model.permissions import Rule
from shared.model.thread_layout import BroadcastKind, Verbosity

log = structlog.get_logger()


def _shaped(pattern: str, wanted: str) -> AfterValidator:
    def check(text: str) -> str:
        if not re.fullmatch(pattern, text):
            raise ValueError(f"must be {wanted}")
        return text

    return AfterValidator(check)


Channel = Annotated[str, _shaped(r"[CG][A-Z0-9]{2,30}", "a Slack channel id such as C024BE91L (not its name)")]
SlackUser = Annotated[str, _shaped(r"[UW][A-Z0-9]{2,30}", "a Slack user id such as U024BE7LH")]
PagerDutyUser = Annotated[str, _shaped(r"[PQ][A-Z0-9]{3,30}", "a PagerDuty user id such as PXPGF42")]
Domain = Annotated[str, _shaped(r"[^\s@]+", "a domain such as example.com (without the @)")]
Contact = Annotated[str, _shaped(r"\S[^\n]{0,79}", "a short text such as #sre-help")]
Name = Annotated[str, _shaped(r"(?s).*\S.*", "an id or a name; leave it out to match any")]


class _Table(BaseModel):
    """A table of `bridge.toml`: read once, never changed, and every key in it is known."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class RouteConfig(_Table):
    """
    One route. Every field that it gives must match the incident; one without fields takes every incident.

    `service`, `team` and `priority` are ids, or names as PagerDuty gives them. With `ignore` nothing is shown.
    `verbosity` and `broadcast` say what their threads tell, and what of it the whole channel sees; None takes what
    holds for all routes.
    """

    service: Name | None = None
    team: Name | None = None
    urgency: Literal["high", "low"] | None = None
    priority: Name | None = None
    channel: Channel | None = None
    channels: tuple[Channel, ...] = ()
    ignore: bool = False
    verbosity: Verbosity | None = None
    broadcast: frozenset[BroadcastKind] | None = None

    @property
    def all_channels(self) -> tuple[str, ...]:
        """The channels of this route; the first is home."""
        return (self.channel,) if self.channel else self.channels

    @model_validator(mode="after")
    def _goes_somewhere(self) -> Self:
        if [self.channel is not None, bool(self.channels), self.ignore].count(True) != 1:
            raise ValueError("needs one of channel, channels or ignore = true")
        if len(set(self.channels)) < len(self.channels):
            raise ValueError("names a channel twice")
        return self


class RoutingConfig(_Table):
    """
    Where incidents are shown. The first route that matches wins, then `default_channel`.

    `verbosity` and `broadcast` hold where a route does not give its own.
    """

    default_channel: Channel | None = None
    routes: tuple[RouteConfig, ...] = ()
    verbosity: Verbosity = "changes"
    broadcast: frozenset[BroadcastKind] = frozenset()


class IdentityConfig(_Table):
    """
    Who is who. `users` maps Slack user ids to PagerDuty user ids, and wins over e-mail.

    With `email_domains`, only addresses in these domains are used to link people. `contact` is whom people are told to
    ask when they are not linked, such as "#sre-help".
    """

    users: dict[SlackUser, PagerDutyUser] = {}
    email_domains: tuple[Domain, ...] = ()
    contact: Contact = "the team that runs this bridge"


class AuthorizationConfig(_Table):
    """
    Who may act. `everywhere` names PagerDuty users who may act on any team's incident.

    `actions` widens or narrows single actions; for the others `mode` decides, except that notes follow the role rules.
    """

    mode: Literal["team", "pagerduty"] = "team"
    everywhere: frozenset[PagerDutyUser] = frozenset()
    actions: dict[Action, Rule] = {}

    def rule(self, action: Action) -> Rule:
        """Find the rule that is in force for `action`."""
        by_roles = self.mode == "pagerduty" or action is Action.NOTE
        return self.actions.get(action, Rule.LINKED if by_roles else Rule.TEAM)


class BridgeConfig(_Table):
    """All of `bridge.toml`. `durability` says whether 202 and ack() wait for the disk."""

    durability: Literal["fsync", "memory"] = "fsync"
    routing: RoutingConfig = RoutingConfig()
    identity: IdentityConfig = IdentityConfig()
    authorization: AuthorizationConfig = AuthorizationConfig()


@dataclass
class LiveConfig:
    """The `bridge.toml` in force; `current` is replaced as a whole when the file is read again."""

    current: BridgeConfig


def load_bridge_config(path: Path) -> BridgeConfig:
    """
    Read `path`. Without the file the defaults hold, no incident is shown anywhere, and the log says so.

    Raises `Misconfigured` naming the file and every key in it that is wrong.
    """
    try:
        return BridgeConfig.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except FileNotFoundError:
        log.warning("config.missing", path=str(path), hint="no incident is shown: see bridge.example.toml")
        return BridgeConfig()
    except ValidationError as error:
        raise Misconfigured(str(path), map(_problem, error_details(error))) from None
    except tomllib.TOMLDecodeError as error:
        raise Misconfigured(str(path), [f"is not TOML: {error}"]) from None
    except (OSError, UnicodeDecodeError) as error:
        raise Misconfigured(str(path), [f"cannot be read: {error}"]) from None


def _problem(found: ErrorDetails) -> str:
    hint = " (bridge.example.toml shows them all)" if found["type"] == "extra_forbidden" else ""
    return f"{_key(found['loc'])} {describe_error(found)}{hint}"


def _key(place: tuple[int | str, ...]) -> str:
    """Write the place as in the file, entries of a list counted from one: `routing.routes[2].channel`."""
    path = "".join(f"[{part + 1}]" if isinstance(part, int) else f".{part}" for part in place if part != "[key]")
    return path.removeprefix(".")
