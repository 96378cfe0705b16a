"""Reading messages."""

from dataclasses import dataclass

from pagebridge_sandbox.slack.arguments import Arguments
from pagebridge_sandbox.slack.channels import Channel
from pagebridge_sandbox.slack.messages import Message
from pagebridge_sandbox.slack.methods import lookup, paging
from pagebridge_sandbox.slack.methods.registry import Method
from pagebridge_sandbox.slack.responses import Json, SlackError
from pagebridge_sandbox.slack.workspace import Workspace

SCOPES = ("channels:history", "groups:history", "im:history", "mpim:history")
MOST = {"conversations.history": 999, "conversations.replies": 1000}


@dataclass(frozen=True)
class Span:
    """A stretch of time; its ends belong to it only when it is inclusive."""

    oldest: float
    latest: float
    inclusive: bool

    @classmethod
    def of(cls, arguments: Arguments) -> "Span":
        """Read it from the arguments of a call."""
        oldest = lookup.seconds(arguments.text("oldest") or "0", "invalid_ts_oldest")
        latest = lookup.seconds(arguments.text("latest") or "inf", "invalid_ts_latest")
        return cls(oldest, latest, bool(arguments.flag("inclusive")))

    def holds(self, message: Message) -> bool:
        """Whether the message is from this time."""
        at = float(message.ts)
        if self.inclusive:
            return self.oldest <= at <= self.latest
        return self.oldest < at < self.latest


def history(workspace: Workspace, arguments: Arguments) -> Json:
    """
    Show what stands in a channel, the newest first.

    With `oldest` and without `latest` the pages begin at the oldest end, each still with its newest first. Source: the
    documentation of `channels.history`, from which this method was made.
    """
    channel = lookup.channel(workspace, arguments, "history")
    if not lookup.in_it(workspace, channel):
        raise SlackError("not_in_channel")
    span = Span.of(arguments)
    found = [message for message in _top(channel) if span.holds(message) and _found(workspace, message)]
    forward = arguments.has("oldest") and not arguments.has("latest")
    limit = min(arguments.number("limit", 100) or 100, MOST["conversations.history"])
    some, following = _page(found if forward else found[::-1], arguments, limit, forward=forward)
    shown = _shown(some[::-1] if forward else some, arguments)
    pinned = sum(message.pinned for message in channel.all_messages())
    answer: Json = {"messages": shown, "has_more": bool(following), "pin_count": pinned}
    answer |= {name: arguments.text(name) for name in ("oldest", "latest") if arguments.has(name)}
    answer |= {"channel_actions_ts": None, "channel_actions_count": 0}
    return answer | paging.metadata(following) if following else answer


def replies(workspace: Workspace, arguments: Arguments) -> Json:
    """Show a thread, its parent first; `ts` may be that of any message in it."""
    channel = lookup.channel(workspace, arguments, "history")
    if not lookup.in_it(workspace, channel):
        raise SlackError("channel_not_found")
    named = channel.find(arguments.text("ts"))
    parent = channel.find(named.thread_ts) if named and named.thread_ts else named
    if parent is None or not _found(workspace, parent):
        raise SlackError("thread_not_found")
    span = Span.of(arguments)
    found = [reply for reply in parent.replies if span.holds(reply) and _found(workspace, reply)]
    limit = min(arguments.number("limit", 1000) or 1000, MOST["conversations.replies"])
    some, following = _page([parent, *found], arguments, limit, forward=True)
    answer: Json = {"messages": _shown(some, arguments), "has_more": bool(following)}
    return answer | paging.metadata(following) if following else answer


def _top(channel: Channel) -> list[Message]:
    """Give what stands in the channel itself, replies that were broadcast to it included; oldest first."""
    broadcast = [reply for message in channel.messages for reply in message.replies if reply.subtype]
    return sorted([*channel.messages, *broadcast], key=lambda message: float(message.ts))


def _found(workspace: Workspace, message: Message) -> bool:
    """Whether a message is old enough to be found."""
    return float(message.ts) <= workspace.clock.now() - workspace.history_lag or not workspace.history_lag


def _page(found: list[Message], arguments: Arguments, limit: int, *, forward: bool) -> tuple[list[Message], str]:
    """Return one page. The cursor names the last message of it, so that what is posted meanwhile shifts nothing."""
    after = lookup.seconds(paging.opened(arguments.text("cursor")) or "nan", "invalid_cursor")
    rest = [m for m in found if not (float(m.ts) <= after if forward else float(m.ts) >= after)]
    some = rest[:limit]
    return some, paging.cursor(some[-1].ts) if len(rest) > limit else ""


def _shown(messages: list[Message], arguments: Arguments) -> list[Json]:
    with_metadata = bool(arguments.flag("include_all_metadata"))
    return [message.as_json(with_metadata=with_metadata) for message in messages]


METHODS = {
    "conversations.history": Method(history, tier=3, scopes=SCOPES, required=("channel",)),
    "conversations.replies": Method(replies, tier=3, scopes=SCOPES, required=("channel", "ts"), takes_json=False),
}
