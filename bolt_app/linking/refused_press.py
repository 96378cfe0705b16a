"""The press that was refused because its person was not linked: it goes on once they are, if it is not too old."""

from dataclasses import dataclass, replace
from functools import partial

from bolt_app.linking.words import going_on_text, not_kept_text, too_old_text
from bolt_app.write_path.command_intake import CommandIntake
from shared.model.command import CommandQueue, command_id
from shared.model.event import SECOND
from shared.model.ids import SlackUserId
from shared.model.link import SIGN_IN_LIFE, LinkRequest, RefusedPress
from shared.model.outcome import Kind
from shared.store.clock import StoreClock
from shared.store.documents import Documents
from shared.store.links import LinkRequests


@dataclass(frozen=True)
class RefusedPresses:
    """Carries out a refused press as a new command, with the checks of any other."""

    command_queues: Documents[CommandQueue]
    command_intake: CommandIntake
    clock: StoreClock
    requests: LinkRequests

    async def end(self, request: LinkRequest, response_url: str) -> tuple[str, bool]:
        """
        End the request of a person who is linked now, and carry out the press that led there: the newest.

        Return what the person is told of it, and whether it was open until now. Raises `StoreDown`.
        """
        told: dict[RefusedPress, str] = {}
        while True:
            found = await self.requests.of(request.slack)
            press = (found or request).press
            if press is not None:
                told[press] = await self.carry_out(press, request.slack, response_url)
            # Another press may have been remembered meanwhile.
            if found == await self.requests.change(request.slack, partial(_ended, found)):
                return "\n".join(filter(None, told.values())), found is not None

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


def _ended(request: LinkRequest | None, known: LinkRequest | None) -> LinkRequest | None:
    """Return nothing in the place of a request that is still as it was."""
    return None if known == request else known
