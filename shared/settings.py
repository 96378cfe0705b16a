"""
The settings: environment variables, or lines of `.env` in the working directory; the environment wins.

Each process reads only its own: the receiver never holds a Slack or PagerDuty token.
"""

import re
from collections.abc import Iterator
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar
from urllib.parse import unquote, urlsplit

from pydantic import AfterValidator, AliasChoices, BeforeValidator, Field, SecretStr, ValidationError
from pydantic_core import ErrorDetails
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from shared.problems import Misconfigured, details, what_is_wrong


def _secret(prefix: str) -> AfterValidator:
    def check(secret: SecretStr) -> SecretStr:
        text = secret.get_secret_value()
        if not text.startswith(prefix):
            raise ValueError(f"does not begin with {prefix}")
        if not text.isascii() or not text.isprintable() or " " in text:
            raise ValueError("has spaces or other characters in it that no token has")
        return secret

    return AfterValidator(check)


def _api_url(text: str) -> str:
    """Take the address of an API: https, because tokens travel there; plain http on this machine only."""
    parts = urlsplit(text)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ValueError("is not an https:// address")
    if parts.scheme == "http" and not _is_loopback(parts.hostname):
        raise ValueError("is plain http to another machine: write https://")
    return text.rstrip("/")


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _folder(text: str) -> str:
    return text + "/"


def _slash_command(text: str) -> str:
    if not re.fullmatch(r"/[a-z0-9_-]{1,31}", text):
        raise ValueError("is not a slash command such as /pd (lower case, at most 32 characters)")
    return text


def _redis_url(secret: SecretStr) -> SecretStr:
    parts = urlsplit(secret.get_secret_value())
    if parts.scheme == "unix" and parts.path.startswith("/"):
        return secret
    if parts.scheme in {"redis", "rediss"} and parts.hostname and parts.port != 0:
        return secret
    raise ValueError("is not an address that begins with redis://, rediss:// or unix:///")


def _split(value: object) -> object:
    return [secret.strip() for secret in value.split(",")] if isinstance(value, str) else value


def _none_empty(secrets: tuple[SecretStr, ...]) -> tuple[SecretStr, ...]:
    if not secrets or not all(secret.get_secret_value() for secret in secrets):
        raise ValueError("has an empty secret in it: one comma too many")
    return secrets


def _lower(value: object) -> object:
    return value.strip().lower() if isinstance(value, str) else value


Token = Annotated[SecretStr, _secret("")]
BotToken = Annotated[SecretStr, _secret("xoxb-")]
AppToken = Annotated[SecretStr, _secret("xapp-")]
Secrets = Annotated[tuple[SecretStr, ...], NoDecode, BeforeValidator(_split), AfterValidator(_none_empty)]
ApiUrl = Annotated[str, AfterValidator(_api_url)]
Folder = AfterValidator(_folder)
SlashCommand = Annotated[str, AfterValidator(_slash_command)]
RedisUrl = Annotated[SecretStr, AfterValidator(_redis_url)]
Port = Annotated[int, Field(ge=0, le=65535)]
Word = BeforeValidator(_lower)


class Environment(BaseSettings):
    """Reads the environment and `.env`. An empty value is the same as none."""

    model_config = SettingsConfigDict(
        env_file=".env",
        env_ignore_empty=True,
        extra="ignore",
        frozen=True,
        hide_input_in_errors=True,
        populate_by_name=True,
    )

    def secrets(self) -> Iterator[str]:
        """Give every secret in these settings, so that the log can hide them wherever they turn up."""
        for name in type(self).model_fields:
            value = getattr(self, name)
            for secret in value if isinstance(value, tuple) else (value,):
                if isinstance(secret, SecretStr):
                    yield from _parts_to_hide(secret.get_secret_value())


def _parts_to_hide(secret: str) -> Iterator[str]:
    """Hide of an address its password only."""
    if "://" not in secret:
        yield secret
    elif password := urlsplit(secret).password:
        yield password
        yield unquote(password)


class SharedSettings(Environment):
    """What both processes need."""

    redis_url: RedisUrl = Field(
        description="Redis or Valkey that both processes share: `redis://`, `rediss://` (TLS) or `unix:///`. "
        "`pagebridge up` starts one of its own when this is not set."
    )
    bridge_config: Path = Field(
        default=Path("bridge.toml"), description="File with routing, identity table and authorization."
    )
    log_level: Annotated[Literal["debug", "info", "warning", "error"], Word] = Field(
        default="info", description="Least severity that is logged: `debug`, `info`, `warning` or `error`."
    )
    log_format: Annotated[Literal["json", "console"], Word] = Field(
        default="json", description="Form of the log lines: `json` for machines or `console` for people."
    )


class ReceiverSettings(SharedSettings):
    """What the receiver needs."""

    pagerduty_webhook_secrets: Secrets = Field(
        description="Signing secret of the webhook subscription, shown once when it is made. "
        "Several, separated by commas, while one replaces another: any may match."
    )
    receiver_host: str = Field(
        default="0.0.0.0",  # noqa: S104 - PagerDuty must reach it; it is the one public endpoint
        description="Address on which webhooks are received.",
    )
    receiver_port: Port = Field(
        default=8080,
        validation_alias=AliasChoices("RECEIVER_PORT", "PORT"),
        description="Port on which webhooks are received. Without it `PORT`, which many platforms set, is taken.",
    )
    receiver_admin_port: Port = Field(
        default=8082, description="Port on this machine only: health in detail, and `/metrics`."
    )


class SlackSettings(Environment):
    """What opens the door to Slack."""

    slack_bot_token: BotToken = Field(
        description="Bot token (`xoxb-`) from the page *OAuth & Permissions* of the Slack app."
    )
    slack_app_token: AppToken = Field(
        description="App-level token (`xapp-`) with the scope `connections:write` from the app's *Basic Information*."
    )
    slack_api_url: Annotated[ApiUrl, Folder] = Field(
        default="https://slack.com/api/", description="Slack's Web API. Plain http only to this machine."
    )
    slack_command: SlashCommand = Field(default="/pd", description="The slash command, as the Slack app has it.")


class PagerDutySettings(Environment):
    """What opens the door to PagerDuty."""

    pagerduty_api_token: Token = Field(description="PagerDuty REST API key of the account, with full access.")
    pagerduty_api_url: ApiUrl = Field(
        default="https://api.pagerduty.com",
        description="PagerDuty's REST API; `https://api.eu.pagerduty.com` in the EU. Plain http only to this machine.",
    )
    pagerduty_webhook_subscription: str = Field(
        default="any",
        description="Id of the webhook subscription that delivers here, which is watched. "
        "`any` stands for all whose address ends in `/webhooks/pagerduty`.",
    )


class WorkerSettings(PagerDutySettings, SlackSettings, SharedSettings):
    """What the worker needs."""

    worker_port: Port = Field(default=8081, description="Port on this machine only: health, and `/metrics`.")


class Settings(ReceiverSettings, WorkerSettings):
    """Every setting there is, for `pagebridge up` and for the documents."""


S = TypeVar("S", bound=Environment)


def load(kind: type[S], **given: Any) -> S:  # noqa: ANN401 - pydantic checks what is given
    """
    Read the settings of one process. What is `given`, by field name, wins over the environment.

    Raises `Misconfigured` naming every setting that is missing or wrong, never its value.
    """
    try:
        return kind(**given)
    except ValidationError as error:
        problems = [_problem(kind, found) for found in details(error)]
    except (OSError, UnicodeDecodeError) as error:
        problems = [f".env cannot be read: {error}"]
    raise Misconfigured("Settings (environment or .env)", problems)


def _problem(kind: type[Environment], found: ErrorDetails) -> str:
    name = str(found["loc"][0])
    field = kind.model_fields.get(name.lower())
    meaning = field.description if field else None
    return f"{name.upper()} {what_is_wrong(found)}. {meaning or ''}".rstrip()
