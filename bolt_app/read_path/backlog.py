"""Keeps what waits to be told of an incident small, while Slack takes none of it or less than comes."""

from dataclasses import dataclass

import structlog

from shared.config.bridge_config import LiveConfig
from shared.model.archive import Moved, crowded_out
from shared.model.backlog import seconds_of_burst, told_briefly
from shared.model.incident import Incident
from shared.model.slack_state import SlackState
from shared.model.thread_layout import MOST
from shared.store.clock import StoreClock
from shared.store.coordination import Lease
from shared.store.documents import Documents
from shared.store.incidents import Incidents

log = structlog.get_logger()

CROWDED = 2 * MOST
"""Lines of a projection from which on it is made smaller without the lease on its messages."""


@dataclass(frozen=True)
class Backlog:
    """Counts what people need not read one by one; see `shared.model.backlog`."""

    incidents: Incidents
    slack_states: Documents[SlackState]
    config: LiveConfig
    clock: StoreClock

    async def reduce(self, known: Incident, lease: Lease | None = None) -> bool:
        """
        Count what is too much to be told and move it out; return true if anything has changed.

        Without the lease on its messages, what another worker may be posting is left alone.
        """
        slack_state = (await self.slack_states.load(known.id, lease)).value

        def rule(now: Incident) -> Moved:
            verbosity = self.config.current.routing.route(now.snapshot).verbosity if now.snapshot else "all"
            spared = MOST if lease is None else 0
            return crowded_out(told_briefly(now, slack_state, verbosity, self.clock.estimate_ms(), spared))

        if rule(known)[0] == known:
            return False
        left = await self.incidents.move_out(known.id, rule)
        if left is not None:
            log.info("lines.counted", incident=known.id, left=len(left.lines))
        return left is not None

    def next_look(self, known: Incident) -> float | None:
        """Return the seconds after which a burst may be over that is being counted, None if none is."""
        return seconds_of_burst(known, self.clock.estimate_ms())
