"""
How a message comes to exist once and to show its content: which step is next, and what is known after it. Pure.

Slack has no idempotency key (Slack: chat.postMessage), so a post is recorded before it is made, and looked for by its
metadata before it is made again. A call whose outcome is unknown may take effect until `MessageState.until_ms`.
"""

from dataclasses import dataclass, replace

from shared.model.ids import MessageTs
from shared.model.slack_state import MessageState


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
class Wait:
    """Wait this many seconds, because of `why`: the effect of an earlier call may still come."""

    seconds: float
    why: str


@dataclass(frozen=True)
class Done:
    """Nothing is left to do."""


Step = Post | Look | Update | Delete | Wait | Done


def next_step(state: MessageState, digest: str | None, unsettled: float) -> Step:
    """
    Return the next step for a message of which `state` is known.

    `digest` is that of the wanted content, None if the content of an existing message is not compared. `unsettled` is
    how many seconds the unclear call of `state` may still take effect, 0 if there is none: `StoreClock.remaining`
    judges that, because the store's clock may have been set meanwhile.
    """
    if state.ts is None:
        if not state.uncertain:
            return Post()
        return Wait(unsettled, "an earlier post of this message may still land") if unsettled > 0 else Look()
    if state.replaces is not None:
        return Delete(state.replaces)
    if digest is None or state.content_digest == digest:
        return Done()
    if state.pending_digest == digest and unsettled > 0:
        return Wait(unsettled, "an earlier update of this message may still land")
    return Update(state.ts)


def post_begun(state: MessageState, begun_ms: int, until_ms: int) -> MessageState:
    """Return what is known while a post may land: from `begun_ms` until `until_ms`, by the store's clock."""
    return replace(state, begun_ms=begun_ms, until_ms=until_ms)


def post_failed(state: MessageState) -> MessageState:
    """Return what is known after a post that surely had no effect, or was looked for and not found."""
    return MessageState(replaces=state.replaces)


def posted(state: MessageState, ts: MessageTs, digest: str) -> MessageState:
    """Return what is known after a post."""
    return MessageState(ts=ts, content_digest=digest, replaces=state.replaces)


def found(state: MessageState, ts: MessageTs | None) -> MessageState:
    """Return what is known after a look: a message that was found has unknown content; None: there is no message."""
    return post_failed(state) if ts is None else replace(state, ts=ts, begun_ms=None, until_ms=None)


def updated(state: MessageState, digest: str, unsettled: float) -> MessageState:
    """Return what is known after an update: not the content, while an earlier update may overwrite it."""
    if unsettled > 0:
        return replace(state.content_unknown(), pending_digest=digest)
    return MessageState(ts=state.ts, content_digest=digest)


def update_refused(state: MessageState, *, deleted: bool) -> MessageState:
    """Return what is known of a message that can never be updated again: the next one replaces it, unless `deleted`."""
    return MessageState() if deleted else MessageState(replaces=state.ts)
