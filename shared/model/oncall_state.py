"""The state of a user group and a topic that follow who is on call, and the notices about them. Pure."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace

from shared.model.event import SECOND
from shared.model.ids import IncidentId
from shared.model.message_state import MessageState

PASSING_MS = 60 * SECOND
"""Milliseconds for which a passing cause, such as a rate limit, is not reported."""
AGAIN_MS = 3600 * SECOND
"""Milliseconds for which further changes by hand are undone without another notice."""
CHANGED = "changed:"
"""How the notice begins that something was put right, by the place that it was at."""


@dataclass(frozen=True)
class Written:
    """
    The text that the bridge wrote to a place: `asked` last; until that is confirmed, any of `before` may be there.

    `shown` is how Slack showed it then, None before. Nothing was ever written if `asked` is None.
    """

    asked: str | None = None
    before: tuple[str, ...] = ()
    shown: str | None = None

    def is_right(self, wanted: str, found: str, shown: str) -> bool:
        """True if `wanted` is `found` there, or what Slack made of it: then nothing is to be written."""
        return found == wanted or (self.asked == wanted and self.shown == shown)

    def is_ours(self, found: str, shown: str) -> bool:
        """True if our own calls explain what is `found` there, those with an unknown outcome included."""
        return found in (self.asked, *self.before) or shown == self.shown

    def begun(self, wanted: str, found: str) -> "Written":
        """Note that this is about to be written where something else was found; earlier calls may still land."""
        before = dict.fromkeys((*self.before, *filter(None, (self.asked,)), found))
        return Written(wanted, tuple(before))

    def done(self, shown: str) -> "Written":
        """Note that what was asked for last is there, and how Slack shows it."""
        return Written(self.asked, (), shown)


@dataclass(frozen=True)
class Cause:
    """Why a place can't follow or was corrected, in words; it is reported once it has lasted for `patience_ms`."""

    words: str
    patience_ms: int = 0


@dataclass(frozen=True)
class Notice:
    """The notice of a cause, to be posted from `due_ms` on by the store's clock, unless it was `told`."""

    words: str
    due_ms: int
    told: bool = False
    message: MessageState = field(default_factory=MessageState)


@dataclass(frozen=True)
class OncallState:
    """
    The state of one entry of `[[oncall_groups]]`; `id` is the entry's, in the place of an incident's.

    `notices` are by the cause that each tells of: one that lasts is told once, one that comes again is told again.
    """

    id: IncidentId
    group: Written = field(default_factory=Written)
    topic: Written = field(default_factory=Written)
    notices: dict[str, Notice] = field(default_factory=dict)

    def written(self, place: str) -> Written:
        """Return what was written at `place`: `group` or `topic`."""
        return self.group if place == "group" else self.topic

    def with_written(self, place: str, written: Written) -> "OncallState":
        """Note what was written at a place."""
        return replace(self, group=written) if place == "group" else replace(self, topic=written)

    def with_causes(self, found: Mapping[str, Cause], now_ms: int, *, whole: bool) -> "OncallState":
        """
        Note the causes that were found; the others are forgotten if it was looked at the `whole`.

        That something was put right stays until it is told, and for a while after that.
        """

        def stays(name: str, notice: Notice) -> bool:
            if name.startswith(CHANGED):
                return not notice.told or abs(now_ms - notice.due_ms) < AGAIN_MS
            return name in found or not whole

        kept = {name: notice for name, notice in self.notices.items() if stays(name, notice)}
        fresh = {
            name: Notice(cause.words, now_ms + cause.patience_ms) for name, cause in found.items() if name not in kept
        }
        return replace(self, notices={**kept, **fresh})

    def due(self, now_ms: int, right: Collection[str]) -> list[str]:
        """Return the causes that are due; that a place was corrected only once it is among those that are `right`."""
        return [
            name
            for name, notice in self.notices.items()
            if not notice.told
            and notice.due_ms <= now_ms
            and (not name.startswith(CHANGED) or name.removeprefix(CHANGED) in right)
        ]

    def with_message(self, cause: str, message: MessageState, *, told: bool = False) -> "OncallState":
        """Note what is known of the message that tells of a cause."""
        changed = replace(self.notices[cause], message=message, told=told)
        return replace(self, notices={**self.notices, cause: changed})


Rule = Callable[[OncallState], OncallState]
"""How what is known changes."""
