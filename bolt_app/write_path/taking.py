"""From something that a person did to its ack: stored first, or else handled directly."""

from collections.abc import Awaitable, Callable

from bolt_app.write_path.command_intake import Intake
from bolt_app.write_path.direct_acknowledge import KEPT, Direct
from shared.model.command import Command
from shared.model.ids import CommandId


class Taking:
    """Takes commands whose envelopes wait for an ack, and remembers what it has stored: a copy need not be taken."""

    def __init__(self, intake: Intake, direct: Direct) -> None:
        self._intake = intake
        self._direct = direct
        self._stored: dict[CommandId, None] = {}

    async def take(self, ack: Callable[[], Awaitable[object]], command: Command) -> None:
        """Store the command, then ack. What cannot be stored, or is a copy of such, is acked by the direct way."""
        if command.id in self._stored:
            await ack()
        elif not self._direct.remembers(command) and await self._intake.accept(command):
            self._remember(command.id)
            await ack()
        else:
            await self._direct.handle(command, ack)

    def _remember(self, stored: CommandId) -> None:
        self._stored[stored] = None
        if len(self._stored) > KEPT:
            del self._stored[next(iter(self._stored))]
