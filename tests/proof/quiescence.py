"""When a day has come to rest: nothing on its way or due, and since the last thing that went wrong one whole resync."""

import json
from collections.abc import Sequence

from shared.model.resync_state import GLOBAL
from shared.store import keys
from tests.proof.engine.memory_server import MemoryServer
from tests.proof.faulty_link import Troubles
from tests.proof.worker_host import Host

SETTLED = 2.0
"""Seconds after which the last call that went wrong has landed, and reads show it."""


class Rest:
    """
    Looks whether it is at rest, again and again.

    `epoch_ms` is when the simulation's time begins, for the store, `resync` whether these workers compare at all.

    A resync counts when it began after all that it has to make good, and has left nothing to look at again.
    """

    def __init__(
        self, server: MemoryServer, hosts: Sequence[Host], troubles: Troubles, epoch_ms: int, *, resync: bool
    ) -> None:
        self._server = server
        self._hosts = hosts
        self._troubles = troubles
        self._epoch_ms = epoch_ms
        self._resync = resync
        self._struck = 0
        self._since: float | None = 0.0

    def missing(self, now: float, outside: int) -> str:
        """Say what is not at rest yet, empty if all is. `outside` counts what people and PagerDuty are still about."""
        struck = self._troubles.struck.total() + sum(host.lives for host in self._hosts)
        wrong = outside or struck != self._struck or self._troubles.late or any(host.away for host in self._hosts)
        if wrong:
            self._struck, self._since = struck, None
            return "deliveries, late calls, clicks, or a worker that is not back"
        # It ended at some time since the last look.
        self._since = now if self._since is None else self._since
        return self._due() or (self._not_compared(self._since) if self._resync else "")

    def _due(self) -> str:
        execute = self._server.execute
        left: dict[str, object] = {"calls": self._troubles.outstanding}
        left |= {name: execute("XLEN", name) for name in (keys.EVENTS, keys.COMMANDS)}
        left[keys.DELIVERIES] = execute("LLEN", keys.DELIVERIES)
        left |= {name: execute("ZCARD", keys.of_queue(name, "due")) for name in ("dirty", "commands")}
        return ", ".join(f"{name}: {count}" for name, count in left.items() if count)

    def _not_compared(self, since: float) -> str:
        kept = self._server.execute("HGET", keys.of_incident(GLOBAL, "progress"), "doc")
        progress = {"begun_ms": 0, "due_ms": 0} | (json.loads(kept) if isinstance(kept, bytes) else {})
        begun = (progress["begun_ms"] - self._epoch_ms) / 1000
        seen = begun > since + SETTLED and not progress["due_ms"]
        return "" if seen else "a resync that has seen everything"
