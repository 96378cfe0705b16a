"""Records the acts on the page, so that they can be replayed elsewhere."""

import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from pagebridge_sandbox.play.playground import Playground
from pagebridge_sandbox.play.slack_state import incident_of
from pagebridge_sandbox.slack import Ephemeral, Message
from pagebridge_sandbox.slack.interactive import Clickable

Json = dict[str, Any]

IN_SLACK = ("click", "select", "type", "shortcut", "modal/fill", "modal/submit", "modal/close", "home", "reload")
RECORDED_PATHS = frozenset({"pagerduty/trigger", "pagerduty/act", "breaks", *(f"slack/{act}" for act in IN_SLACK)})
"""The paths under `/api/` of what belongs to a scenario."""


@dataclass
class Recorder:
    """The acts so far, each with the milliseconds since the one before."""

    playground: Playground
    acts: list[Json] = field(default_factory=list)
    _latest: float = field(default_factory=time.monotonic)

    def described(self, path: str, body: Json) -> Json | None:
        """Describe what is about to be done, in words that mean the same in another play; None for what is not kept."""
        if path not in RECORDED_PATHS:
            return None
        kept = {name: value for name, value in body.items() if name not in ("ts", "thread_ts", "view_id")}
        if path == "slack/type" and body.get("thread_ts"):
            kept |= self._card(body, str(body["thread_ts"]))
        if path in ("slack/click", "slack/select", "slack/shortcut") and not body.get("modal"):
            kept |= self._on_tab(body) if body.get("home") else self._place(body)
        if path == "pagerduty/act":
            kept["incident"] = self.playground.pagerduty.incident(body["incident"]).number
        return {"path": path, "body": {name: value for name, value in kept.items() if value is not None}}

    def keep(self, act: Json) -> None:
        """Write down what was done."""
        now = time.monotonic()
        self.acts.append({"after_ms": round((now - self._latest) * 1000), **act})
        self._latest = now

    def _place(self, body: Json) -> Json:
        """Name a message by its incident, or by what it says, and what is pressed by its label."""
        message = self._message(body)
        if message is None:
            return {}
        place: Json = {} if isinstance(message, Ephemeral) else self._card(body, message.ts)
        return {**place, **_pressed(body, message.clickables)}

    def _on_tab(self, body: Json) -> Json:
        """Name what is pressed on a Home tab by its label, and by the number of the incident that it is about."""
        pagerduty, words = self.playground.pagerduty, str(body.get("value") or "").split()
        about = [each.number for each in pagerduty.incidents if each.id in words]
        place = {"incident": about[0]} if about else {}
        return {**place, **_pressed(body, self.playground.slack.person(str(body["user"])).home.clickables)}

    def _card(self, body: Json, ts: str) -> Json:
        message = self.playground.slack.channels[str(body["channel"])].find(ts)
        incident = incident_of(message) if message else None
        if message is None or incident is None or message.thread_ts:
            return {"said": message.text} if message else {}
        return {"card": self.playground.pagerduty.incident(incident).number}

    def _message(self, body: Json) -> Message | Ephemeral | None:
        ts = str(body.get("ts", ""))
        if body.get("private"):
            seen = self.playground.slack.person(str(body["user"])).private_messages
            return next((each for each in seen if each.ts == ts), None)
        return self.playground.slack.channels[str(body["channel"])].find(ts) if ts else None


def _pressed(body: Json, clickables: Iterable[Clickable]) -> Json:
    """Name what is pressed by its label; ids differ from play to play, so that they are taken out."""
    wanted = (body.get("action_id"), body.get("value") or "")
    for each in clickables:
        if each.path.action_id == wanted[0] and wanted[1] in ("", each.path.value):
            return {"label": each.label, **dict.fromkeys(("block_id", "action_id", "value"))}
    return {}
