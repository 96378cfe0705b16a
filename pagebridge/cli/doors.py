"""The doors that commands open: each with the settings of its vendor alone, so that commands do with what is set."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from pagebridge.cli.up import StoreSettings
from pagebridge.embedded_valkey import EmbeddedValkey
from shared.pagerduty.client import PagerDuty
from shared.settings import PagerDutySettings, SlackSettings, load
from shared.slack.client import Slack
from shared.store.redis import Redis, connect

TIMEOUT = 8.0
"""Seconds that one call may take."""


def store_url(data: Path) -> str:
    """Give the address of Redis, or of the embedded Valkey that keeps its data in `data`."""
    given = load(StoreSettings).redis_url
    return given.get_secret_value() if given else EmbeddedValkey(data).url


@asynccontextmanager
async def pagerduty_door(settings: PagerDutySettings) -> AsyncIterator[PagerDuty]:
    """Open the door to PagerDuty."""
    door = PagerDuty(settings.pagerduty_api_token.get_secret_value(), settings.pagerduty_api_url, TIMEOUT)
    try:
        yield door
    finally:
        await door.aclose()


@asynccontextmanager
async def slack_door(settings: SlackSettings) -> AsyncIterator[Slack]:
    """Open the door to Slack."""
    door = Slack(settings.slack_bot_token.get_secret_value(), settings.slack_api_url, TIMEOUT)
    try:
        yield door
    finally:
        await door.aclose()


@asynccontextmanager
async def store_door(url: str) -> AsyncIterator[Redis]:
    """Open the way to Redis."""
    redis = connect(url)
    try:
        yield redis
    finally:
        await redis.aclose()
