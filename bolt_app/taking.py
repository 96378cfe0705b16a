"""From something that a person did to its ack: stored first, or else handled directly."""

from collections.abc import Awaitable, Callable

from bolt_app.direct import Direct
from bolt_app.intake import Intake
from shared.model.command import Command


class Taking:
    """Takes commands whose envelopes wait for an ack."""

    def __init__(self, intake: Intake, direct: Direct) -> None:
        self._intake = intake
        self._direct = direct

    async def take(self, ack: Callable[[], Awaitable[object]], command: Command) -> None:
        """Store the command, then ack. What cannot be stored, or is a copy of such, is acked by the direct way."""
        if not self._direct.remembers(command) and await self._intake.accept(command):
            await ack()
        else:
            await self._direct.handle(command, ack)
