"""Faults on demand of the next payload on its way to the app."""

from dataclasses import dataclass
from typing import Literal

DeliveryFaultKind = Literal["lost", "delayed", "duplicated", "cut"]
EnvelopeType = Literal["interactive", "slash_commands", "events_api"]


@dataclass(frozen=True)
class DeliveryFault:
    """
    One payload (of the type `kind`, if given) is disturbed.

    `lost`: it never arrives. `delayed`: by so many seconds of `delay`. `duplicated`: it comes a second time under
    another envelope id, over the next connection. `cut`: its connection ends instead of bringing it.
    """

    how: DeliveryFaultKind
    kind: EnvelopeType | None = None
    delay: float = 0.1


class PendingDeliveryFaults:
    """Those that wait for their payload, each for one."""

    def __init__(self) -> None:
        self.pending: list[DeliveryFault] = []

    def take(self, kind: EnvelopeType) -> DeliveryFault | None:
        """Return the oldest that concerns a payload of this kind."""
        for fault in self.pending:
            if fault.kind in (None, kind):
                self.pending.remove(fault)
                return fault
        return None
