"""From something that a person did to its ack: stored first, or else handled directly."""

from collections.abc import Awaitable, Callable

from bolt_app.write_path.command_intake import CommandLog
from bolt_app.write_path.direct_acknowledge import MOST_REMEMBERED, DirectAcknowledge
from shared.model.command import Command
from shared.model.ids import CommandId


class CommandIntake:
    """Takes commands whose envelopes wait for an ack, and remembers what it has stored: a copy need not be taken."""

    def __init__(self, command_log: CommandLog, direct: DirectAcknowledge) -> None:
        self._command_log = command_log
        self._direct = direct
        self._stored: dict[CommandId, None] = {}

    async def accept(self, ack: Callable[[], Awaitable[object]], command: Command) -> None:
        """Store the command, then ack. What cannot be stored, or is a copy of such, is acked by the direct way."""
        if command.id in self._stored:
            await ack()
        elif not self._direct.has_handled(command) and await self._command_log.accept(command):
            self._remember(command.id)
            await ack()
        else:
            await self._direct.handle(command, ack)

    def _remember(self, stored: CommandId) -> None:
        self._stored[stored] = None
        if len(self._stored) > MOST_REMEMBERED:
            del self._stored[next(iter(self._stored))]
