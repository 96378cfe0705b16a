"""What Slack shows: every message with each version that people could see, and everything that was said privately."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.proof.reply_classifier import Said, card_status, said

CHANNEL = "C0INCIDENTS"

Blocks = Sequence[Mapping[str, Any]]


@dataclass(frozen=True)
class Version:
    """
    What a message said from `at` on, in the simulation's time.

    `late` says that nobody waited for it any more: the call that brought it had been given up, or its worker was dead.
    """

    at: float
    text: str
    blocks: Blocks
    late: bool

    @property
    def status(self) -> str:
        """The state that a card shows."""
        return card_status(self.text)

    @property
    def buttons(self) -> dict[str, str]:
        """The buttons, by their action id, with their values."""
        elements = [one for block in self.blocks if block["type"] == "actions" for one in block["elements"]]
        return {one["action_id"]: one.get("value", "") for one in elements}


@dataclass
class Posted:
    """
    One message. `seen_from` is when reads show it, which is a moment after it is there.

    Of one that is `deleted` only the place is left, above its replies.
    """

    ts: str
    thread_ts: str | None
    payload: Mapping[str, Any]
    seen_from: float
    versions: list[Version] = field(default_factory=list)
    deleted: bool = False

    @property
    def key(self) -> str:
        """The key that the bridge gave it."""
        return str(self.payload["key"])

    @property
    def incident(self) -> str:
        """The incident that it is about."""
        return str(self.payload.get("incident", ""))

    @property
    def now(self) -> Version:
        """What it says at last."""
        return self.versions[-1]


@dataclass(frozen=True)
class Whisper:
    """
    Something said privately: as the answer to a click when `click` is set, else to `user` in the channel.

    `late` says that nobody waited for it any more, as of a version of a message.
    """

    at: float
    text: str
    click: str = ""
    user: str = ""
    late: bool = False

    @property
    def said(self) -> Said:
        """What it comes to."""
        return said(self.text)


class Workspace:
    """Slack's side: one channel. `now` gives the simulation's time in seconds, `lag` how long reads hide a post."""

    def __init__(self, now: Callable[[], float], epoch: float, lag: float) -> None:
        self.messages: dict[str, Posted] = {}
        self.whispers: list[Whisper] = []
        self.unheard: list[Whisper] = []
        """What was to be said and certainly was not, because its call failed."""
        self.updates = 0
        self._now = now
        self._epoch = epoch
        self._lag = lag

    def post(self, text: str, blocks: Blocks, payload: Mapping[str, Any], thread_ts: str | None, *, late: bool) -> str:
        """Post a message; Slack cannot tell a repeated post from a new one."""
        at = self._now()
        ts = f"{self._epoch + at:.3f}{len(self.messages):03d}"
        version = Version(at, text, blocks, late)
        self.messages[ts] = Posted(ts, thread_ts, payload, at + self._lag, [version])
        return ts

    def update(self, ts: str, text: str, blocks: Blocks, *, late: bool) -> None:
        """Replace what a message says."""
        self.updates += 1
        self.messages[ts].versions.append(Version(self._now(), text, blocks, late))

    def delete(self, ts: str) -> None:
        """Take a message away; of one with replies its place stays."""
        if any(message.thread_ts == ts for message in self.messages.values()):
            self.messages[ts].deleted = True
        else:
            del self.messages[ts]

    def gone(self, ts: str) -> bool:
        """Tell whether there is no such message, or not any more."""
        return ts not in self.messages or self.messages[ts].deleted

    def seen(self, oldest: float, thread_ts: str | None) -> list[Posted]:
        """List what a read shows of the channel, or of a thread, at this moment."""
        at = self._now()
        shown = (m for m in self.messages.values() if m.thread_ts == thread_ts and m.seen_from <= at)
        return [message for message in shown if float(message.ts) >= oldest]

    def find(self, key: str, oldest: float, thread_ts: str | None) -> str | None:
        """Look for a message by its key, as a read shows the channel or the thread."""
        shown = self.seen(oldest, thread_ts)
        return next((message.ts for message in shown if message.key == key and not message.deleted), None)

    def cards(self, incident: str) -> list[Posted]:
        """List the cards of an incident."""
        return [message for message in self._of(incident) if message.key.startswith("card:")]

    def lines(self, incident: str) -> list[Posted]:
        """List the lines about an incident, in whatever thread they are."""
        return [message for message in self._of(incident) if message.key.startswith("line:")]

    def _of(self, incident: str) -> list[Posted]:
        return [one for one in self.messages.values() if one.incident == incident and not one.deleted]
