"""The logs of the processes, read while they are written."""

import json
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class LogLine:
    """One line: what happened, when (seconds since the epoch), and the other fields."""

    at: float
    event: str
    fields: dict[str, Any]


@dataclass
class LogTail:
    """A log of JSON lines. `lines` are those that `read` has found so far."""

    path: Path
    lines: list[LogLine] = field(default_factory=list)
    _offset: int = 0

    def read(self) -> None:
        """Read what was written since the last time, as far as its lines are whole."""
        with self.path.open("rb") as log:
            log.seek(self._offset)
            *whole, _rest = log.read().split(b"\n")
        self._offset += sum(len(line) + 1 for line in whole)
        self.lines += filter(None, map(_parse, whole))


def _parse(line: bytes) -> LogLine | None:
    """Read one line; what is no JSON, as Python's words at its end, is left out."""
    try:
        entry = json.loads(line)
        at = datetime.fromisoformat(str(entry.pop("timestamp"))).timestamp()
    except (ValueError, KeyError, AttributeError):
        return None
    return LogLine(at, str(entry.pop("event", "")), entry)
