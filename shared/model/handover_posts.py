"""The handovers that are to be posted in one channel, each once: recorded before anything is posted."""

from dataclasses import dataclass, field, replace

from shared.model.event import SECOND
from shared.model.ids import CommandId, IncidentId
from shared.model.slack_state import MessageState

KEPT_MS = 24 * 3600 * SECOND
"""Milliseconds that a press is remembered, so that one that Slack sends again posts nothing more."""


@dataclass(frozen=True)
class AskedPost:
    """A handover that a person asked for at `asked_ms`, by the store's clock; it is `over` once posted or refused."""

    asked_ms: int
    response_url: str = ""
    message: MessageState = field(default_factory=MessageState)
    over: bool = False


@dataclass(frozen=True)
class HandoverPosts:
    """What is to be posted, and what was. `id` is the channel's, which stands in the place of an incident's."""

    id: IncidentId
    asked: dict[CommandId, AskedPost] = field(default_factory=dict)

    def with_asked(self, press: CommandId, response_url: str, now_ms: int) -> "HandoverPosts":
        """Note that a person asks for a post, unless this press did already; forget what is over for long."""
        kept = {name: one for name, one in self.asked.items() if not one.over or one.asked_ms > now_ms - KEPT_MS}
        return replace(self, asked={press: AskedPost(now_ms, response_url), **kept})

    def with_message(self, press: CommandId, state: MessageState, *, over: bool = False) -> "HandoverPosts":
        """Note what is known of the message that a press asks for."""
        return replace(self, asked={**self.asked, press: replace(self.asked[press], message=state, over=over)})
