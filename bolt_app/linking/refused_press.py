"""The press that was refused because its person was not linked: it goes on once they are, if it is not too old."""

from dataclasses import dataclass, replace

from bolt_app.commands.slash_payload import SlashPayload
from bolt_app.linking.words import going_on_text, not_kept_text, too_old_text
from bolt_app.write_path.command_intake import CommandIntake
from shared.model.command import CommandQueue, command_id
from shared.model.event import SECOND
from shared.model.link import SIGN_IN_LIFE, RefusedPress
from shared.model.outcome import Kind
from shared.store.clock import StoreClock
from shared.store.documents import Documents


@dataclass(frozen=True)
class RefusedPresses:
    """Carries them out as a command of their own, by the rules for any: who may, whether it still makes sense, once."""

    command_queues: Documents[CommandQueue]
    command_intake: CommandIntake
    clock: StoreClock

    async def carry_out(self, press: RefusedPress, typed: SlashPayload) -> str:
        """Store it as a new command, and return what its person is told of it. Raises `StoreDown`."""
        record = (await self.command_queues.load(press.incident)).value.get(press.command)
        refused = record is not None and record.outcome is not None and record.outcome.kind is Kind.NOT_LINKED
        if record is None or not refused or record.command.by.id != typed.by.id:
            return ""
        now_ms = await self.clock.now_ms()
        if now_ms - record.accepted_ms > SIGN_IN_LIFE * SECOND:
            return too_old_text(record.command)
        command = replace(
            record.command,
            # The same one, however often the person finishes.
            id=command_id(typed.by.id, "linked", record.command.parent_id, ""),
            by=typed.by,
            response_url=typed.response_url,
            always_reply=True,
            on_answer=False,
            requested_ms=now_ms,
        )
        return going_on_text(command) if await self.command_intake.store(command) else not_kept_text(command)
