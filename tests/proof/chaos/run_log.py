"""What the run did, and when: shown around whatever went wrong."""

import time
from dataclasses import dataclass, field

RECOVERS = 5.0
"""
Seconds after which a worker that was away, or without the store, has worked off what piled up meanwhile.

Until then the store may not answer it in time, on a busy machine above all, so that acknowledges still go straight.
"""


@dataclass(frozen=True)
class Entry:
    """One thing that happened at `at`, in seconds since the epoch."""

    at: float
    words: str


@dataclass(frozen=True)
class Trouble:
    """From when to when the store may have been out of reach for a worker."""

    begun: float
    ended: float


@dataclass
class Journal:
    """Everything that was done to the bridge. `waiting_for` is what the run waits for at the moment."""

    entries: list[Entry] = field(default_factory=list)
    troubles: list[Trouble] = field(default_factory=list)
    waiting_for: str = "nothing"

    def note(self, words: str) -> None:
        """Write down what happens now."""
        self.entries.append(Entry(time.time(), words))

    def trouble(self, begun: float) -> None:
        """Write down that a worker may not have reached the store, from `begun` until now."""
        self.troubles.append(Trouble(begun, time.time()))

    def troubled(self, begun: float, ended: float) -> bool:
        """Tell whether a worker may have been without the store at some time in between."""
        return any(trouble.begun <= ended and begun <= trouble.ended + RECOVERS for trouble in self.troubles)
