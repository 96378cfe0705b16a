"""The handovers that are to be posted in one channel, each once: recorded before anything is posted."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from shared.model.event import SECOND
from shared.model.ids import CommandId, IncidentId, SlackUserId
from shared.model.message_state import MessageState

KEPT_MS = 24 * 3600 * SECOND
"""Milliseconds that a press is remembered, so that one that Slack sends again posts nothing more."""
LATE_MS = 2 * 3600 * SECOND
"""Milliseconds after a change of shift from which on its handover is not begun any more: the new one has read up."""


@dataclass(frozen=True)
class AskedPost:
    """A handover that a person asked for at `asked_ms`, by the store's clock; it is `over` once posted or refused."""

    asked_ms: int
    response_url: str = ""
    by: SlackUserId | None = None
    message: MessageState = field(default_factory=MessageState)
    over: bool = False


@dataclass(frozen=True)
class ShiftChange:
    """That at `at_ms`, by PagerDuty, those who are `going` are not on call any more, and those who are `coming` are."""

    at_ms: int
    going: tuple[str, ...]
    coming: tuple[str, ...]


@dataclass(frozen=True)
class ShiftPosts:
    """
    The handovers at the changes of shift of one policy.

    Those up to `told_ms` are posted, or never will be. One that was begun, `change`, is brought to its end as it was,
    also if the schedule changes meanwhile.
    """

    policy: str
    told_ms: int
    change: ShiftChange | None = None
    message: MessageState = field(default_factory=MessageState)

    def due(self, changes: Iterable[ShiftChange], now_ms: int) -> ShiftChange | None:
        """Return the change that is to be posted now: only the last of several; None if there is none."""
        if self.change is not None:
            return self.change
        since_ms = max(self.told_ms, now_ms - LATE_MS)
        return max((one for one in changes if since_ms < one.at_ms <= now_ms), key=lambda one: one.at_ms, default=None)

    def with_message(self, change: ShiftChange, state: MessageState) -> "ShiftPosts":
        """Note what is known of the message about a change."""
        return replace(self, change=change, message=state)

    def told(self, change: ShiftChange) -> "ShiftPosts":
        """Note that a change was posted, or cannot be."""
        return ShiftPosts(self.policy, max(self.told_ms, change.at_ms))


@dataclass(frozen=True)
class HandoverPosts:
    """The posts that are due, and those that were made. `id` is the channel's, in the place of an incident's."""

    id: IncidentId
    asked: dict[CommandId, AskedPost] = field(default_factory=dict)
    shifts: ShiftPosts | None = None

    def with_asked(
        self, press: CommandId, response_url: str, now_ms: int, by: SlackUserId | None = None
    ) -> "HandoverPosts":
        """Note that a person asks for a post, unless this press did already; forget what is over for long."""
        kept = {name: one for name, one in self.asked.items() if not one.over or one.asked_ms > now_ms - KEPT_MS}
        return replace(self, asked={press: AskedPost(now_ms, response_url, by), **kept})

    def with_message(self, press: CommandId, state: MessageState, *, over: bool = False) -> "HandoverPosts":
        """Note what is known of the message that a press asks for."""
        return replace(self, asked={**self.asked, press: replace(self.asked[press], message=state, over=over)})

    def shifts_of(self, policy: str, now_ms: int) -> ShiftPosts:
        """Return what is known of a policy's handovers; what was before it was first looked at is not posted."""
        known = self.shifts if self.shifts is not None and self.shifts.policy == policy else None
        return known or ShiftPosts(policy, now_ms)

    def with_shifts(self, shifts: ShiftPosts) -> "HandoverPosts":
        """Note what is known of the handovers at changes of shift."""
        return replace(self, shifts=shifts)
