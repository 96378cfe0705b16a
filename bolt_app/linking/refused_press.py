"""The press that was refused because its person was not linked: it goes on once they are, if it is not too old."""

from dataclasses import dataclass, replace

from bolt_app.linking.words import going_on_text, not_kept_text, too_old_text
from bolt_app.write_path.command_intake import CommandIntake
from shared.model.command import CommandQueue, command_id
from shared.model.event import SECOND
from shared.model.ids import SlackUserId
from shared.model.link import SIGN_IN_LIFE, RefusedPress
from shared.model.outcome import Kind
from shared.store.clock import StoreClock
from shared.store.documents import Documents


@dataclass(frozen=True)
class RefusedPresses:
    """Carries out a refused press as a new command, with the checks of any other."""

    command_queues: Documents[CommandQueue]
    command_intake: CommandIntake
    clock: StoreClock

    async def carry_out(self, press: RefusedPress, person: SlackUserId, response_url: str) -> str:
        """
        Store it as a new command, answered at `response_url`, and return what its person is told of it.

        Returns an empty text unless it is a press of theirs that was refused for lack of a link. Raises `StoreDown`.
        """
        record = (await self.command_queues.load(press.incident)).value.get(press.command)
        refused = record is not None and record.outcome is not None and record.outcome.kind is Kind.NOT_LINKED
        if record is None or not refused or record.command.by.id != person:
            return ""
        now_ms = await self.clock.now_ms()
        if now_ms - record.accepted_ms > SIGN_IN_LIFE * SECOND:
            return too_old_text(record.command)
        command = replace(
            record.command,
            # The same id each time, so that finishing twice stores one command.
            id=command_id(person, "linked", record.command.parent_id, ""),
            response_url=response_url,
            always_reply=True,
            on_answer=False,
            requested_ms=now_ms,
        )
        return going_on_text(command) if await self.command_intake.store(command) else not_kept_text(command)
