"""The state as text, field by field, so that only what has changed need be sent."""

import json
import time
from contextlib import suppress
from typing import Any

from pagebridge_sandbox.play.game import Game

Json = dict[str, Any]
Snapshot = dict[str, str]
"""The JSON of each field by its path: `hops`, or `slack.channels`. All snapshots have the same paths."""

LEAST = 0.1
"""Seconds between two looks at all there is."""
LULL = 1.0
"""Seconds after which the state is made although nothing seems to have happened: some of it is a matter of time."""
BREATHS = 4
"""How many times as long as making the state takes nothing else is made, so that the bridge has time to work."""


class Snapshots:
    """Gives the state of a game as it is now, or was just now."""

    def __init__(self, game: Game) -> None:
        self._game = game
        self._latest: Snapshot = {}
        self._made_at = self._made_in = 0.0
        self._pulse: tuple[object, ...] = ()

    def expire(self) -> None:
        """Make the next one anew: something was done, which is seen at once."""
        self._made_at = self._made_in = 0.0

    def latest(self) -> Snapshot:
        """Return the state: the same object for as long as nothing has changed, and between two plays."""
        waited = time.monotonic() - self._made_at
        if waited > max(LEAST, BREATHS * self._made_in):
            with suppress(LookupError):
                pulse = self._game.play.playground.pulse()
                if waited > LULL or pulse != self._pulse:
                    self._make()
                    self._pulse = pulse
        return self._latest

    def _make(self) -> None:
        begun = time.monotonic()
        made = _texts(self._game.state())
        self._latest = self._latest if made == self._latest else made
        self._made_at = time.monotonic()
        self._made_in = self._made_at - begun


def whole(snapshot: Snapshot) -> str:
    """Return a snapshot as one object of JSON."""
    parts: dict[str, Snapshot] = {}
    for path, text in snapshot.items():
        part, _, field = path.partition(".")
        parts.setdefault(part, {})[field] = text
    return _object({part: fields.get("") or _object(fields) for part, fields in parts.items()})


def changes(before: Snapshot, after: Snapshot) -> str:
    """Return what is another in `after` as one object of JSON, by path."""
    return _object({path: text for path, text in after.items() if before.get(path) != text})


def _object(fields: Snapshot) -> str:
    return f"{{{', '.join(f'{json.dumps(name)}: {text}' for name, text in fields.items())}}}"


def _texts(state: Json) -> Snapshot:
    texts: Snapshot = {}
    for part, value in state.items():
        fields = (
            {f"{part}.{field}": each for field, each in value.items()} if isinstance(value, dict) else {part: value}
        )
        texts |= {path: json.dumps(each, ensure_ascii=False) for path, each in fields.items()}
    return texts
