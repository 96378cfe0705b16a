"""Calls to Slack, and answers as Slack gives them."""

from collections.abc import Awaitable

from shared.model.ids import ChannelId, MessageTs, SlackUserId
from shared.slack.api.client import Slack
from tests.metric_samples import sample

CHANNEL = ChannelId("C0INCIDENTS")
OTHER = ChannelId("C0OTHER")
ALICE = SlackUserId("U0ALICE")
TS = MessageTs("1700000000.000100")
METADATA = {"event_type": "pagebridge", "event_payload": {"key": "card:Q1"}}
BLOCKS = [{"type": "divider"}]
IDENTITY = {"ok": True, "team_id": "T0HOME", "user_id": "U0BOT", "bot_id": "B0BOT"}


class Clock:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.seconds = 1000.0

    def __call__(self) -> float:
        """Tell the time."""
        return self.seconds


def counter(method: str, outcome: str) -> float:
    """Read the counter of calls."""
    labels = {"method": method, "outcome": outcome}
    return sample("pagebridge_slack_calls_total", labels) or 0.0


def post(slack: Slack, channel: ChannelId = CHANNEL) -> Awaitable[MessageTs]:
    """Make the call that must never be made twice."""
    return slack.post(channel, text="words", blocks=BLOCKS, metadata=METADATA)


def update(slack: Slack, channel: ChannelId = CHANNEL) -> Awaitable[None]:
    """Update a message."""
    return slack.update(channel, TS, text="words", blocks=BLOCKS)


def message(ts: str, key: str = "card:Q1", **changed: object) -> dict[str, object]:
    """Make a message as history shows it."""
    metadata = {"event_type": "pagebridge", "event_payload": {"key": key}}
    return {"type": "message", "ts": ts, "bot_id": "B0BOT", "metadata": metadata, **changed}


def person(**changed: object) -> dict[str, object]:
    """Make the answer of `users.info`."""
    profile = {"display_name": "Alice", "real_name": "Alice Ng", "email": "alice@example.com"}
    user = {"id": ALICE, "team_id": "T0HOME", "name": "alice", "deleted": False, "is_bot": False, "profile": profile}
    member = {"is_restricted": False, "is_ultra_restricted": False}
    return {"ok": True, "user": {**user, **member, **changed}}
