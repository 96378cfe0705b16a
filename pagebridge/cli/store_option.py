"""The store that a command reads: `REDIS_URL`, or else the embedded Valkey of a bridge on this machine."""

import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Annotated

import typer
from pydantic import SecretStr

from pagebridge.cli.up import DATA, StoreSettings
from pagebridge.local.embedded_valkey import EmbeddedValkey
from shared.config.settings import Environment, load
from shared.errors import StoreDown
from shared.store.clock import require_layout
from shared.store.redis import Redis, connect

FAILED = 1
TIMEOUT = 10.0
"""Seconds that one read may take."""

Data = Annotated[
    Path, typer.Option(metavar="DIR", help="Where `pagebridge up` keeps its data, unless REDIS_URL is set.")
]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON object per line.")]

__all__ = ["DATA", "FAILED", "AsJson", "Data", "known_secrets", "opened"]


class _Secrets(Environment):
    """Every secret that may be set here."""

    redis_url: SecretStr | None = None
    slack_bot_token: SecretStr | None = None
    slack_app_token: SecretStr | None = None
    slack_signing_secret: SecretStr | None = None
    pagerduty_client_secret: SecretStr | None = None
    pagerduty_api_token: SecretStr | None = None
    pagerduty_webhook_secrets: SecretStr | None = None


def known_secrets() -> list[str]:
    """List every secret that is set here, so that it can be hidden wherever it turns up."""
    found = list(load(_Secrets).secrets())
    return [*found, *(part.strip() for secret in found for part in secret.split(","))]


@asynccontextmanager
async def opened(data: Path) -> AsyncIterator[Redis]:
    """Open the store, or end the command with the reason and the fix. Raises `WrongLayout`."""
    given = load(StoreSettings).redis_url
    redis = connect(given.get_secret_value() if given else EmbeddedValkey(data).url, timeout=TIMEOUT)
    try:
        await require_layout(redis)
        yield redis
    except StoreDown as error:
        sys.stderr.write(f"Can't read the store: {error if given else _nobody(data)}\n")
        raise typer.Exit(FAILED) from error
    finally:
        await redis.aclose()


def _nobody(data: Path) -> str:
    return f"no `pagebridge up` is using {data.absolute()}: start it, pass its --data, or set REDIS_URL"
