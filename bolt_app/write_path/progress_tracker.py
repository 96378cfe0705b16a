"""The open commands of an incident during a pass; each clicker is told how it goes, while another is in hand too."""

import asyncio

from bolt_app.write_path.execution import Execution
from bolt_app.write_path.progress_replies import ProgressReplies
from shared.model.command_queue import CommandRecord
from shared.model.ids import CommandId
from shared.store.leases import Lease


class ProgressTracker:
    """Holds what is in hand for each command, and the task that tells its clicker how it goes."""

    def __init__(self, group: asyncio.TaskGroup, progress_replies: ProgressReplies, lease: Lease) -> None:
        self._group = group
        self._progress_replies = progress_replies
        self._lease = lease
        self._tries: dict[CommandId, Execution] = {}
        self._telling: dict[CommandId, asyncio.Task[None]] = {}

    def track(self, record: CommandRecord) -> Execution:
        """Take a command in hand as it is on record; its clicker is told from now on, if not already."""
        command = record.command.id
        attempt = self._tries.get(command)
        if attempt is None:
            attempt = self._tries[command] = Execution(record, self._lease, replies_sent=record.replies_sent)
            self._telling[command] = self._group.create_task(self._progress_replies.progress(attempt))
        return attempt

    def replies_sent(self, record: CommandRecord) -> int:
        """Count the private answers that its clicker has had during this pass and before."""
        attempt = self._tries.get(record.command.id)
        return attempt.replies_sent if attempt else record.replies_sent

    async def finish(self, attempt: Execution) -> None:
        """Stop telling how it goes: it is over. What is just being put on the card is let through, or it came last."""
        async with attempt.shown_on_card:
            self._telling[attempt.command.id].cancel()

    def open(self) -> list[Execution]:
        """List what is still in hand."""
        return [attempt for command, attempt in self._tries.items() if not self._telling[command].cancelling()]

    def cancel(self) -> None:
        """Stop sending progress replies."""
        for task in self._telling.values():
            task.cancel()
