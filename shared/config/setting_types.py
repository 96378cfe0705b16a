"""Types of settings and their cross-checks. Error messages never contain the value."""

import re
from collections.abc import Mapping
from importlib.util import find_spec
from ipaddress import ip_address
from typing import Annotated, TypeVar
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, ValidationInfo
from pydantic_settings import NoDecode

from shared.config.redis_url import check_redis_url
from shared.http.hosts import ANY, addresses
from shared.http.proxy import is_loopback, proxy_for

T = TypeVar("T")
PORT_HOSTS = {
    "slack_http_port": "slack_http_host",
    "worker_port": "admin_host",
    "receiver_port": "receiver_host",
    "receiver_admin_port": "admin_host",
}
"""The settings with ports, and of each the one with its address."""


MOST_PER_MINUTE = 1000


def shaped(pattern: str, wanted: str) -> AfterValidator:
    """Accept a text that matches `pattern` as a whole; else the error is that it must be what is `wanted`."""

    def check(text: str) -> str:
        if not re.fullmatch(pattern, text):
            raise ValueError(f"must be {wanted}")
        return text

    return AfterValidator(check)


def _per_minute(number: int) -> int:
    if not 0 <= number <= MOST_PER_MINUTE:
        raise ValueError(f"must be a number from 0 (never) to {MOST_PER_MINUTE}")
    return number


def _secret(prefix: str) -> AfterValidator:
    def check(secret: SecretStr) -> SecretStr:
        text = secret.get_secret_value()
        if not text.startswith(prefix):
            raise ValueError(f"must start with {prefix}")
        if not text.isascii() or not text.isprintable() or " " in text:
            raise ValueError("contains characters that no token has")
        return secret

    return AfterValidator(check)


def _api_url(text: str) -> str:
    """Take the address of an API that can be called: https, for tokens travel there; http on this machine only."""
    parts = urlsplit(text)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ValueError("must be an https:// address")
    if parts.scheme == "http" and not is_loopback(parts.hostname):
        raise ValueError("must use https:// for another machine")
    proxy_for(text)
    return text.rstrip("/")


def _hosts(text: str) -> str:
    """Take addresses and names to listen on, separated by commas."""
    for host in addresses(text):
        if (":" in host and not _is_ip(host)) or not re.fullmatch(r"[\w.:%-]+", host):
            raise ValueError("must be an address to listen on, such as 0.0.0.0 or ::, or several, separated by commas")
    return text


def _is_ip(text: str) -> bool:
    try:
        return bool(ip_address(text))
    except ValueError:
        return False


def _collector_url(text: str) -> str:
    """Take the address of a collector of traces; plain http too, because one mostly stands beside the bridge."""
    parts = urlsplit(text)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.username is not None:
        raise ValueError("must be an address such as http://collector:4318")
    if find_spec("opentelemetry.exporter") is None:
        raise ValueError("needs the packages of the extra `otel`: install pagebridge[otel]")
    return text.rstrip("/")


def _redis_url(secret: SecretStr) -> SecretStr:
    check_redis_url(secret.get_secret_value())
    return secret


def _beside(info: ValidationInfo) -> dict[str, object]:
    """Give the settings that were read before this one; none when a single answer is checked."""
    return info.data or {}


def _port_of_its_own(port: int, info: ValidationInfo) -> int:
    """Refuse a port on which another server of the same process or of `pagebridge up` listens."""
    given = _beside(info)
    for other in PORT_HOSTS:
        off = other == "slack_http_port" and given.get("slack_transport") != "http"
        if port and not off and given.get(other) == port and _same_host(given, other, info.field_name or ""):
            raise ValueError(f"is the same as {other.upper()}: choose another")
    return port


def _same_host(given: Mapping[str, object], *ports: str) -> bool:
    one, other = (set(addresses(str(given.get(PORT_HOSTS.get(port, ""))))) for port in ports)
    return bool(one & other or (one | other) & ANY)


def needed_for(transport: str) -> AfterValidator:
    """Ask for a setting that one way to Slack cannot do without."""

    def check(value: SecretStr | None, info: ValidationInfo) -> SecretStr | None:
        if value is None and _beside(info).get("slack_transport") == transport:
            raise ValueError("is not set")
        return value

    return AfterValidator(check)


def beside_client_id(value: T, info: ValidationInfo) -> T:
    """Ask for what belongs to the OAuth client, if there is one, and for the client if there is something of it."""
    return _beside_client(value, info, "pagerduty_client_id")


def beside_link_client_id(value: T, info: ValidationInfo) -> T:
    """Ask the same of the client by which people sign in."""
    return _beside_client(value, info, "pagerduty_link_client_id")


def _beside_client(value: T, info: ValidationInfo, client: str) -> T:
    if value is None and _beside(info).get(client):
        raise ValueError("is not set")
    if value is not None and client in _beside(info) and not _beside(info)[client]:
        raise ValueError(f"is set, but {client.upper()} is not")
    return value


def instead_of_client(value: SecretStr | None, info: ValidationInfo) -> SecretStr | None:
    """Ask for exactly one way to prove to PagerDuty who we are."""
    client = _beside(info).get("pagerduty_client_id")
    if value is None and not client and "pagerduty_client_id" in _beside(info):
        raise ValueError("is not set")
    if value is not None and client:
        raise ValueError(
            "is set as well as PAGERDUTY_CLIENT_ID: keep one, preferably the client, which has fewer rights"
        )
    return value


def _split(value: object) -> object:
    return [secret.strip() for secret in value.split(",")] if isinstance(value, str) else value


def _none_empty(secrets: tuple[SecretStr, ...]) -> tuple[SecretStr, ...]:
    if not secrets or not all(secret.get_secret_value() for secret in secrets):
        raise ValueError("contains an empty secret: remove a comma")
    return secrets


def _lower(value: object) -> object:
    return value.strip().lower() if isinstance(value, str) else value


Channel = Annotated[str, shaped(r"[CG][A-Z0-9]{2,30}", "a Slack channel id such as C024BE91L (not its name)")]
Policy = Annotated[str, shaped(r"[PQ][A-Z0-9]{3,30}", "the id of an escalation policy such as PANZZEQ (not its name)")]
Schedule = Annotated[str, shaped(r"[PQ][A-Z0-9]{3,30}", "the id of a schedule such as PI7DH85 (not its name)")]
Token = Annotated[SecretStr, _secret("")]
BotToken = Annotated[SecretStr, _secret("xoxb-")]
AppToken = Annotated[SecretStr, _secret("xapp-")]
Secrets = Annotated[tuple[SecretStr, ...], NoDecode, BeforeValidator(_split), AfterValidator(_none_empty)]
ApiUrl = Annotated[str, AfterValidator(_api_url)]
Hosts = Annotated[str, AfterValidator(_hosts)]
CollectorUrl = Annotated[str, AfterValidator(_collector_url)]
Folder = AfterValidator(lambda text: text + "/")
Subdomain = Annotated[
    str, BeforeValidator(_lower), shaped(r"[a-z0-9-]+", "a subdomain such as acme, as in https://acme.pagerduty.com")
]
SlashCommand = Annotated[
    str, shaped(r"/[a-z0-9_-]{1,31}", "a slash command such as /pd (lower case, at most 32 characters)")
]
RedisUrl = Annotated[SecretStr, AfterValidator(_redis_url)]
PerMinute = Annotated[int, Field(strict=True), AfterValidator(_per_minute)]
Port = Annotated[int, Field(ge=0, le=65535), AfterValidator(_port_of_its_own)]
Word = BeforeValidator(_lower)
