"""A channel as people see it, for a terminal and for the messages of failing tests."""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime

from pagebridge_sandbox.slack.channels import Channel
from pagebridge_sandbox.slack.messages import BaseMessage, Ephemeral, Message

BAR = "│ "


def render_channel(channel: Channel, private_messages: Iterable[Ephemeral]) -> str:
    """Show the channel, its threads, and the private messages in it with the name of the only person who sees each."""
    ephemerals = [whisper for whisper in private_messages if whisper.channel_id == channel.id]
    flags = [word for word in ("private", "archived", "ext_shared") if getattr(channel, word)]
    heading = f"{'@' if channel.user else '#'}{channel.name}" + (f" ({', '.join(flags)})" if flags else "")
    body = list(_timeline([*channel.messages, *(w for w in ephemerals if not w.thread_ts)], ephemerals))
    return "\n".join([heading, *(body or ["(empty)"])])


def _timeline(shown: list[BaseMessage] | list[Message | Ephemeral], ephemerals: list[Ephemeral]) -> Iterator[str]:
    for item in sorted(shown, key=lambda item: item.ts):
        yield from _render_item(item)
        if isinstance(item, Message):
            thread = [*item.replies, *(whisper for whisper in ephemerals if whisper.thread_ts == item.ts)]
            yield from ("    " + line for line in _timeline(thread, []))


def _render_item(item: BaseMessage) -> Iterator[str]:
    user = getattr(item, "user", "")
    at = datetime.fromtimestamp(float(item.ts), UTC).strftime("%H:%M:%S")
    if isinstance(item, Ephemeral):
        yield f"{at} (only visible to {item.name_of(user)})"
    else:
        edited = " (edited)" if getattr(item, "edited", None) else ""
        yield f"{at} {item.name_of(user)}{edited}"
    yield from (BAR + line for line in item.plain.splitlines())
