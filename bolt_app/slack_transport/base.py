"""How Slack reaches a worker: what Socket Mode and HTTP have in common."""

import asyncio
from typing import Protocol


class Transport(Protocol):
    """Brings what people do in Slack to the listeners."""

    lost: str
    """The message for an operator when nothing arrives, with where to look."""

    async def run(self, stopping: asyncio.Event) -> None:
        """Bring it until `stopping` is set; what comes from then on until `close` is still taken."""

    async def close(self) -> None:
        """End it; what is being handled can no longer be acked afterwards."""

    async def connected(self) -> int:
        """Count the ways on which what people do arrives here, as far as can be known."""

    async def details(self) -> dict[str, object]:
        """Return details for `/readyz`."""
