"""
The state of one message that is to exist once, and the next step towards that. Pure.

Slack has no idempotency key (Slack: chat.postMessage), so a post is recorded before it is made, and looked for by its
metadata before it is made again. A call whose outcome is unknown may take effect until `MessageState.until_ms`.
"""

from dataclasses import dataclass, replace

from shared.model.ids import MessageTs


@dataclass(frozen=True)
class MessageState:
    """
    One message that is to exist once.

    `ts` is its name once it is known to exist. `begun_ms` (Slack's time) and `until_ms` (the store's) belong to a call
    whose outcome is not known: before `until_ms` nothing is looked up or repeated. `content_digest` is the digest of
    the message's content, None while that is unknown. `pending_digest` is that of an update that an earlier one may
    overwrite until `until_ms`: before then, writing the same again is pointless. `replaces` is a message that cannot be
    edited any more, or stands in the wrong place, to be deleted once this one is there. `state_ms` is the time of the
    newest event it tells of, by PagerDuty's clock. `doubled_from_ms` and `doubled_until_ms` belong to posts that were
    given up before their outcome was known: until then one of them may make a second message, to be deleted.
    `doubted_ms` is the last loss of writes after which it was looked for (`shared.model.doubt`).
    """

    ts: MessageTs | None = None
    begun_ms: int | None = None
    until_ms: int | None = None
    content_digest: str | None = None
    pending_digest: str | None = None
    replaces: MessageTs | None = None
    state_ms: int = 0
    doubled_from_ms: int | None = None
    doubled_until_ms: int | None = None
    doubted_ms: int = 0

    @property
    def uncertain(self) -> bool:
        """True if a post was begun whose outcome is unknown."""
        return self.ts is None and self.until_ms is not None

    @property
    def exists(self) -> bool:
        """True if the message is there, or may be."""
        return self.ts is not None or self.uncertain

    @property
    def is_gone(self) -> bool:
        """True if there is no message, and none is to replace another one."""
        return not self.exists and self.replaces is None

    def content_unknown(self) -> "MessageState":
        """Forget what it says."""
        return replace(self, content_digest=None, pending_digest=None)

    def post_begun(self, begun_ms: int, until_ms: int) -> "MessageState":
        """Note that a post may land, from `begun_ms` by Slack's clock until `until_ms` by the store's."""
        return replace(self, begun_ms=begun_ms, until_ms=until_ms)

    def post_failed(self) -> "MessageState":
        """Note that a post surely had no effect, or was looked for and not found once it could land no more."""
        return replace(self.content_unknown(), ts=None, begun_ms=None, until_ms=None, state_ms=0)

    def posted(self, ts: MessageTs, digest: str) -> "MessageState":
        """Note that the message was posted with this content."""
        return replace(
            self, ts=ts, begun_ms=None, until_ms=None, content_digest=digest, pending_digest=None, state_ms=0
        )

    def found(self, ts: MessageTs | None, unsettled: float) -> "MessageState":
        """Note a look: found, with unknown content, or None. A post that may land in `unsettled` s yet is given up."""
        # Of several posts, the one that was found may be any.
        others = ts is None or self.doubled_from_ms is not None
        state = self.given_up() if unsettled > 0 and others else self
        return state.post_failed() if ts is None else replace(state, ts=ts, begun_ms=None, until_ms=None)

    def given_up(self) -> "MessageState":
        """Note that the message is posted again although the earlier post may still land."""
        since, until = self.begun_ms or 0, self.until_ms or 0
        if self.doubled_from_ms is not None:
            since = min(since, self.doubled_from_ms)
        return replace(self, doubled_from_ms=since, doubled_until_ms=max(until, self.doubled_until_ms or 0))

    def single(self) -> "MessageState":
        """Note that no second message is there, and none can come any more."""
        return replace(self, doubled_from_ms=None, doubled_until_ms=None)

    def updated(self, digest: str, unsettled: float) -> "MessageState":
        """Note an update: the content is not known while an earlier update may overwrite it."""
        if unsettled > 0:
            return replace(self, content_digest=None, pending_digest=digest)
        return replace(self, content_digest=digest, pending_digest=None, until_ms=None)

    def update_refused(self, *, deleted: bool) -> "MessageState":
        """Note that the message can never be updated again: the next one replaces it, unless it was `deleted`."""
        return replace(self.post_failed(), replaces=None if deleted else self.ts)


@dataclass(frozen=True)
class Post:
    """Post the message: it does not exist, and no earlier post can make it exist."""


@dataclass(frozen=True)
class Look:
    """Look for the message in the channel: an earlier post has ended, with an unknown outcome."""


@dataclass(frozen=True)
class Update:
    """Update the message `ts`: it shows other content, or its content is unknown."""

    ts: MessageTs


@dataclass(frozen=True)
class Delete:
    """Delete the message `ts`, which could not be edited: the one that replaces it exists."""

    ts: MessageTs


@dataclass(frozen=True)
class DeleteDoubles:
    """Delete what posts that were given up have made beside the message `ts`, since `from_ms`."""

    ts: MessageTs
    from_ms: int


@dataclass(frozen=True)
class Wait:
    """Wait this many seconds, because of `why`: the effect of an earlier call may still come."""

    seconds: float
    why: str


@dataclass(frozen=True)
class Done:
    """Nothing is left to do."""


Step = Post | Look | Update | Delete | DeleteDoubles | Wait | Done


def next_step(
    state: MessageState, digest: str | None, unsettled: float, doubled: float = 0.0, *, at_once: bool = False
) -> Step:
    """
    Return the next step for a message of which `state` is known.

    `digest` is that of the wanted content, None if the content of an existing message is not compared. `unsettled` is
    how many seconds the unclear call of `state` may still take effect, 0 if there is none: `StoreClock.remaining`
    judges that, because the store's clock may have been set meanwhile. `doubled` is the same for the posts that were
    given up. `at_once`: the message is looked for, and posted again, while an earlier post may still land.
    """
    if state.ts is None:
        waits = state.uncertain and unsettled > 0 and not at_once
        begun: Step = Look() if state.uncertain else Post()
        return Wait(unsettled, "an earlier post of this message may still land") if waits else begun
    if state.replaces is not None:
        return Delete(state.replaces)
    if state.doubled_from_ms is not None and doubled <= 0:
        return DeleteDoubles(state.ts, state.doubled_from_ms)
    if digest is None or state.content_digest == digest:
        return Done()
    if state.pending_digest == digest and unsettled > 0:
        return Wait(unsettled, "an earlier update of this message may still land")
    return Update(state.ts)
