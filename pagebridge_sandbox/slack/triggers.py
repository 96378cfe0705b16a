"""The `trigger_id`s with which an app may open a view: each once, within three seconds. Source: the views.* pages."""

from dataclasses import dataclass

from pagebridge_sandbox.slack import ids
from pagebridge_sandbox.slack.responses import SlackError

LIFETIME = 3.0
"""Seconds, counted from when the payload is made; Slack does not say from which moment it counts."""


@dataclass
class Trigger:
    """The user of an interaction, and its view (None: outside of views)."""

    user_id: str
    view_id: str | None
    expires_at: float
    is_used: bool = False


class Triggers:
    """Makes them, and takes them back."""

    def __init__(self, clock: ids.Clock) -> None:
        self._clock = clock
        self._triggers: dict[str, Trigger] = {}

    def issue(self, user_id: str, view_id: str | None = None) -> str:
        """Return the id for one interaction."""
        now = self._clock.now()
        trigger_id = ids.trigger_id(now)
        self._triggers[trigger_id] = Trigger(user_id, view_id, now + LIFETIME)
        return trigger_id

    def find(self, trigger_id: str) -> Trigger:
        """Return what the id stands for. Raises `SlackError` when it is made up, used or too old."""
        trigger = self._triggers.get(trigger_id)
        if trigger is None:
            raise SlackError("invalid_trigger_id")
        if trigger.is_used:
            raise SlackError("exchanged_trigger_id")
        if self._clock.now() > trigger.expires_at:
            raise SlackError("expired_trigger_id")
        return trigger
