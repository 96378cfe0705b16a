"""
The settings: environment variables, lines of `.env` in the working directory, files in `SECRETS_DIR`; the first wins.

Each process reads only its own: the receiver never holds a Slack or PagerDuty token.
"""

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar
from urllib.parse import unquote

from pydantic import AfterValidator, AliasChoices, Field, SecretStr, ValidationError, model_validator
from pydantic_core import ErrorDetails
from pydantic_settings import BaseSettings, SettingsConfigDict, SettingsError

from shared.config import setting_types as types
from shared.config.errors import Misconfigured, describe_error, error_details
from shared.config.redis_url import split_redis_url
from shared.http.proxy import UnusableProxy, passwords


class Environment(BaseSettings):
    """Reads the environment and `.env`. An empty value is the same as none."""

    model_config = SettingsConfigDict(
        env_file=".env",
        env_file_encoding="utf-8-sig",  # editors on Windows begin a file with a byte-order mark
        env_ignore_empty=True,
        extra="ignore",
        frozen=True,
        hide_input_in_errors=True,
        populate_by_name=True,
    )

    @model_validator(mode="before")
    @classmethod
    def _without_empty(cls, given: dict[str, object]) -> dict[str, object]:
        """Pass over empty files as over empty variables, over a byte-order mark, and over Kubernetes' service links."""
        plain = {name: value.lstrip("\ufeff") if isinstance(value, str) else value for name, value in given.items()}
        return {name: value for name, value in plain.items() if value != "" and not _is_service_link(name, value)}

    def secrets(self) -> Iterator[str]:
        """Give every secret in these settings and of proxies, so that the log can hide them wherever they turn up."""
        yield from passwords()
        for name in type(self).model_fields:
            value = getattr(self, name)
            for secret in value if isinstance(value, tuple) else (value,):
                if isinstance(secret, SecretStr):
                    yield from _parts_to_hide(secret.get_secret_value())


def _is_service_link(name: str, value: object) -> bool:
    """True for what Kubernetes puts into RECEIVER_PORT where there is a service `receiver`: `tcp://10.0.0.7:80`."""
    return name.lower().endswith("_port") and isinstance(value, str) and value.startswith(("tcp://", "udp://"))


def _parts_to_hide(secret: str) -> Iterator[str]:
    """Hide of an address its passwords only: that of the servers, and that of Sentinels; of headers each value too."""
    if "://" not in secret:
        yield secret
        yield from (unquote(value) for value in re.findall("=([^,]+)", secret))
        return
    parts = split_redis_url(secret)
    for password in (parts.password, *re.findall(r"sentinel_password=([^&]+)", parts.query)):
        if password:
            yield password
            yield unquote(password)


class SharedSettings(Environment):
    """Settings of both programs."""

    redis_url: types.RedisUrl = Field(
        description="Redis or Valkey that both processes share: `redis://`, `rediss://` (TLS) or `unix:///`, "
        "`redis+sentinel://user:password@host:26379,host:26379/name` behind Sentinel, or "
        "`redis+cluster://user:password@host:6379,host:6379` for a Redis Cluster. "
        "`pagebridge up` starts one of its own when this is not set."
    )
    bridge_config: Path = Field(
        default=Path("bridge.toml"),
        description="File with routes, people, permissions and all that can be switched on.",
    )
    admin_host: types.Hosts = Field(
        default="127.0.0.1",
        description="Address for health in detail and `/metrics`: only this machine by default; `0.0.0.0`, or `::` "
        "for IPv6 as well, lets Prometheus ask from another container. Several are separated by commas. "
        "They name channels, and nothing that people wrote.",
    )
    log_level: Annotated[Literal["debug", "info", "warning", "error"], types.Word] = Field(
        default="info", description="Least severity that is logged: `debug`, `info`, `warning` or `error`."
    )
    log_format: Annotated[Literal["json", "console"], types.Word] = Field(
        default="json", description="Form of the log lines: `json` for machines or `console` for people."
    )
    otel_exporter_otlp_endpoint: types.CollectorUrl | None = Field(
        default=None,
        description="Where traces are sent, over OTLP/HTTP: an OpenTelemetry collector such as "
        "`http://collector:4318`. Without it there are none. Needs the extra `pagebridge[otel]`.",
    )
    otel_exporter_otlp_headers: SecretStr | None = Field(
        default=None, description="Headers for that collector, such as `api-key=...`, separated by commas."
    )
    secrets_dir: Path | None = Field(
        default=None,
        description="Folder with a file for each setting that is not in the environment, named like it in lower case, "
        "as container platforms hand out secrets. Read from the environment only.",
    )

    @property
    def otlp(self) -> tuple[str | None, str]:
        """Where traces go, None if nowhere, and the headers for it."""
        headers = self.otel_exporter_otlp_headers
        return self.otel_exporter_otlp_endpoint, headers.get_secret_value() if headers else ""


class ReceiverSettings(SharedSettings):
    """Settings of the receiver."""

    pagerduty_webhook_secrets: types.Secrets = Field(
        description="Signing secret of the webhook subscription, shown once when it is created. "
        "While one replaces another, list both, separated by commas."
    )
    receiver_host: types.Hosts = Field(
        default="0.0.0.0",  # noqa: S104 - PagerDuty must reach it; it is the one public endpoint
        description="Address on which webhooks are received; `::` is IPv6 and IPv4. Several are separated by commas.",
    )
    receiver_port: types.Port = Field(
        default=8080,
        validation_alias=AliasChoices("RECEIVER_PORT", "PORT"),
        description="Port on which webhooks are received. Defaults to `PORT` where the platform sets it.",
    )
    receiver_admin_port: types.Port = Field(
        default=8082, description="Port on `ADMIN_HOST`: health in detail, and `/metrics`."
    )


class SlackSettings(Environment):
    """Settings for Slack."""

    slack_transport: Annotated[Literal["socket", "http"], types.Word] = Field(
        default="socket",
        description="How Slack reaches the worker: `socket` (Socket Mode, nothing public) or `http` (signed requests).",
    )
    slack_bot_token: types.BotToken = Field(
        description="Bot token (`xoxb-`) from the page *OAuth & Permissions* of the Slack app."
    )
    slack_app_token: Annotated[types.AppToken | None, types.needed_for("socket")] = Field(
        default=None,
        description="App-level token (`xapp-`) with the scope `connections:write` from the app's *Basic Information*.",
        json_schema_extra={"required": "with `SLACK_TRANSPORT=socket`"},
    )
    slack_signing_secret: Annotated[types.Token | None, types.needed_for("http")] = Field(
        default=None,
        description="Signing secret from the app's *Basic Information*, which proves that a request is Slack's.",
        json_schema_extra={"required": "with `SLACK_TRANSPORT=http`"},
    )
    slack_http_host: types.Hosts = Field(
        default="0.0.0.0",  # noqa: S104 - Slack must reach it; it is open only with SLACK_TRANSPORT=http
        description="Address on which Slack's requests are received, with `SLACK_TRANSPORT=http`. "
        "`::` is IPv6 and IPv4; several are separated by commas.",
    )
    slack_http_port: types.Port = Field(
        default=3000, description="Port on which Slack's requests are received, with `SLACK_TRANSPORT=http`."
    )
    slack_api_url: Annotated[types.ApiUrl, types.Folder] = Field(
        default="https://slack.com/api/", description="Slack's Web API. Plain http only to this machine."
    )
    slack_command: types.SlashCommand = Field(default="/pd", description="The slash command, as the Slack app has it.")

    @property
    def socket_token(self) -> str | None:
        """The token for Socket Mode, None when Slack comes over HTTP."""
        token = self.slack_app_token
        return token.get_secret_value() if token and self.slack_transport == "socket" else None


class PagerDutySettings(Environment):
    """Settings for PagerDuty."""

    pagerduty_client_id: str | None = Field(
        default=None,
        description="Client id of a PagerDuty app with scoped OAuth, which can do only what its scopes say.",
        json_schema_extra={"required": "unless `PAGERDUTY_API_TOKEN`"},
    )
    pagerduty_client_secret: Annotated[types.Token | None, AfterValidator(types.beside_client_id)] = Field(
        default=None,
        description="Client secret of that app, shown once when it is created.",
        json_schema_extra={"required": "with `PAGERDUTY_CLIENT_ID`"},
    )
    pagerduty_subdomain: Annotated[types.Subdomain | None, AfterValidator(types.beside_client_id)] = Field(
        default=None,
        description="The account that app is for: `acme` if you sign in at `acme.pagerduty.com`.",
        json_schema_extra={"required": "with `PAGERDUTY_CLIENT_ID`"},
    )
    pagerduty_api_token: Annotated[types.Token | None, AfterValidator(types.instead_of_client)] = Field(
        default=None,
        description=(
            "PagerDuty REST API key of the account, which can do everything in it. An app with scoped OAuth "
            "(`PAGERDUTY_CLIENT_ID`) does without."
        ),
        json_schema_extra={"required": "unless `PAGERDUTY_CLIENT_ID`"},
    )
    pagerduty_link_client_id: str | None = Field(
        default=None,
        description="Client id of a PagerDuty app with the scope `users.read` alone, by which people sign in who link "
        'themselves (`linking = "oauth"` in `bridge.toml`). Without it that is `PAGERDUTY_CLIENT_ID`.',
    )
    pagerduty_link_client_secret: Annotated[types.Token | None, AfterValidator(types.beside_link_client_id)] = Field(
        default=None,
        description="Client secret of that app.",
        json_schema_extra={"required": "with `PAGERDUTY_LINK_CLIENT_ID`"},
    )
    pagerduty_api_url: types.ApiUrl = Field(
        default="https://api.pagerduty.com",
        description="PagerDuty's REST API; `https://api.eu.pagerduty.com` in the EU. Plain http only to this machine.",
    )
    pagerduty_identity_url: types.ApiUrl = Field(
        default="https://identity.pagerduty.com",
        description="Where PagerDuty gives tokens to `PAGERDUTY_CLIENT_ID`. Plain http only to this machine.",
    )
    pagerduty_webhook_subscription: str = Field(
        default="any",
        description="Id of the webhook subscription to watch. "
        "`any` stands for all whose address ends in `/webhooks/pagerduty`.",
    )


class WorkerSettings(PagerDutySettings, SlackSettings, SharedSettings):
    """Settings of the worker."""

    worker_port: types.Port = Field(default=8081, description="Port on `ADMIN_HOST`: health, and `/metrics`.")


class Settings(ReceiverSettings, WorkerSettings):
    """Every setting there is, for `pagebridge up` and for the documents."""


S = TypeVar("S", bound=Environment)


def load(kind: type[S], **given: Any) -> S:  # noqa: ANN401 - pydantic checks what is given
    """Read a process's settings; what is `given` wins. Raises `Misconfigured` naming all wrong ones, never a value."""
    folder = os.environ.get("SECRETS_DIR")
    try:
        if folder and not Path(folder).is_dir():
            raise Misconfigured("Settings", [f"SECRETS_DIR is not a folder: {folder}"])
        return kind(**{"_secrets_dir": folder or None, **given})
    except ValidationError as error:
        # One wrong proxy is found for each address that is called through it.
        problems = list(dict.fromkeys(_problem(kind, found) for found in error_details(error)))
    except (UnicodeDecodeError, SettingsError):
        # The latter is what pydantic makes of the former in a file of SECRETS_DIR.
        found = undecodable(Path(".env"), *(sorted(Path(folder).iterdir()) if folder else ()))
        if not found:
            raise
        problems = [f"{found}: save it with the encoding UTF-8"]
    except OSError as error:
        problems = [f"{error.filename} cannot be read: {error.strerror}"]
    raise Misconfigured("Settings (environment or .env)", problems)


def undecodable(*paths: Path) -> str:
    """Name the first of the files that is not UTF-8, and its line; empty if none is."""
    for path in filter(Path.is_file, paths):
        try:
            path.read_bytes().decode()
        except UnicodeDecodeError as error:
            line = error.object[: error.start].count(b"\n") + 1
            return f"{path} is not UTF-8 (line {line})"
    return ""


def _problem(kind: type[Environment], found: ErrorDetails) -> str:
    if isinstance(found.get("ctx", {}).get("error"), UnusableProxy):
        return describe_error(found)
    name = str(found["loc"][0])
    field = kind.model_fields.get(name.lower())
    meaning = field.description if field else None
    return f"{name.upper()} {describe_error(found)}. {meaning or ''}".rstrip()
