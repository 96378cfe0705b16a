"""The doors that commands open: each with the settings of its vendor alone, so that commands do with what is set."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from shared.config.settings import PagerDutySettings, SlackSettings
from shared.pagerduty.api.client import PagerDuty
from shared.slack.api.client import Slack
from shared.store.redis import Redis, connect

TIMEOUT = 8.0
"""Seconds that one call may take."""


@asynccontextmanager
async def pagerduty_door(settings: PagerDutySettings) -> AsyncIterator[PagerDuty]:
    """Open the door to PagerDuty."""
    door = PagerDuty.from_settings(settings, TIMEOUT)
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
