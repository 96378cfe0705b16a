"""Reading messages."""

from dataclasses import dataclass

from pagebridge_sandbox.slack.arguments import Arguments
from pagebridge_sandbox.slack.channels import Channel
from pagebridge_sandbox.slack.messages import Message
from pagebridge_sandbox.slack.methods import lookup, paging
from pagebridge_sandbox.slack.methods.registry import Method
from pagebridge_sandbox.slack.responses import Json, SlackError
from pagebridge_sandbox.slack.workspace import Workspace

HISTORY_SCOPES = ("channels:history", "groups:history", "im:history", "mpim:history")
MAX_LIMITS = {"conversations.history": 999, "conversations.replies": 1000}


@dataclass(frozen=True)
class TimeRange:
    """A stretch of time; its ends belong to it only when it is inclusive."""

    oldest: float
    latest: float
    inclusive: bool

    @classmethod
    def from_arguments(cls, arguments: Arguments) -> "TimeRange":
        """Read it from the arguments of a call."""
        oldest = lookup.parse_ts(arguments.text("oldest") or "0", "invalid_ts_oldest")
        latest = lookup.parse_ts(arguments.text("latest") or "inf", "invalid_ts_latest")
        return cls(oldest, latest, bool(arguments.flag("inclusive")))

    def contains(self, message: Message) -> bool:
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
    channel = lookup.find_channel(workspace, arguments, "history")
    if not lookup.is_bot_member(workspace, channel):
        raise SlackError("not_in_channel")
    span = TimeRange.from_arguments(arguments)
    found = [
        message
        for message in _top_level_messages(channel)
        if span.contains(message) and _is_indexed(workspace, message)
    ]
    forward = arguments.has("oldest") and not arguments.has("latest")
    limit = min(arguments.number("limit", 100) or 100, MAX_LIMITS["conversations.history"])
    some, following = _page(found if forward else found[::-1], arguments, limit, forward=forward)
    shown = _render(some[::-1] if forward else some, arguments)
    pinned = sum(message.pinned for message in channel.all_messages())
    answer: Json = {"messages": shown, "has_more": bool(following), "pin_count": pinned}
    answer |= {name: arguments.text(name) for name in ("oldest", "latest") if arguments.has(name)}
    answer |= {"channel_actions_ts": None, "channel_actions_count": 0}
    return answer | paging.cursor_metadata(following) if following else answer


def replies(workspace: Workspace, arguments: Arguments) -> Json:
    """Show a thread, its parent first; `ts` may be that of any message in it."""
    channel = lookup.find_channel(workspace, arguments, "history")
    if not lookup.is_bot_member(workspace, channel):
        raise SlackError("channel_not_found")
    named = channel.find(arguments.text("ts"))
    parent = channel.find(named.thread_ts) if named and named.thread_ts else named
    if parent is None or not _is_indexed(workspace, parent):
        raise SlackError("thread_not_found")
    span = TimeRange.from_arguments(arguments)
    found = [reply for reply in parent.replies if span.contains(reply) and _is_indexed(workspace, reply)]
    limit = min(arguments.number("limit", 1000) or 1000, MAX_LIMITS["conversations.replies"])
    some, following = _page([parent, *found], arguments, limit, forward=True)
    answer: Json = {"messages": _render(some, arguments), "has_more": bool(following)}
    return answer | paging.cursor_metadata(following) if following else answer


def _top_level_messages(channel: Channel) -> list[Message]:
    """Give what stands in the channel itself, replies that were broadcast to it included; oldest first."""
    broadcast = [reply for message in channel.messages for reply in message.replies if reply.subtype]
    return sorted([*channel.messages, *broadcast], key=lambda message: float(message.ts))


def _is_indexed(workspace: Workspace, message: Message) -> bool:
    """Whether a message is old enough to be found."""
    return float(message.ts) <= workspace.clock.now() - workspace.history_lag or not workspace.history_lag


def _page(found: list[Message], arguments: Arguments, limit: int, *, forward: bool) -> tuple[list[Message], str]:
    """Return one page. The cursor names the last message of it, so that what is posted meanwhile shifts nothing."""
    after = lookup.parse_ts(paging.decode_cursor(arguments.text("cursor")) or "nan", "invalid_cursor")
    rest = [m for m in found if not (float(m.ts) <= after if forward else float(m.ts) >= after)]
    some = rest[:limit]
    return some, paging.encode_cursor(some[-1].ts) if len(rest) > limit else ""


def _render(messages: list[Message], arguments: Arguments) -> list[Json]:
    with_metadata = bool(arguments.flag("include_all_metadata"))
    return [message.as_json(with_metadata=with_metadata) for message in messages]


METHODS = {
    "conversations.history": Method(history, tier=3, scopes=HISTORY_SCOPES, required=("channel",)),
    "conversations.replies": Method(
        replies, tier=3, scopes=HISTORY_SCOPES, required=("channel", "ts"), takes_json=False
    ),
}
