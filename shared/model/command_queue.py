"""The commands of one incident, in the order in which people gave them. One is carried out at a time."""

from dataclasses import dataclass, replace

from shared.durations import Durations
from shared.model.command import Command
from shared.model.event import SECOND
from shared.model.expectation import KEPT
from shared.model.ids import CommandId, IncidentId
from shared.model.incident import Incident
from shared.model.outcome import Kind, Outcome


@dataclass(frozen=True)
class CommandRecord:
    """
    A command and its progress. All times are the store's.

    `calls` counts the writes that were begun; `begun_ms` is when the last one was, `until_ms` its end with its latest
    effect. `uncertain` is true if a call was begun whose outcome is unknown. `reported` is true if the sender of the
    last call saw it end: only then can it not be sent any more. `replies_sent` counts the private replies.
    """

    command: Command
    accepted_ms: int
    calls: int = 0
    begun_ms: int = 0
    until_ms: int = 0
    uncertain: bool = False
    reported: bool = False
    replies_sent: int = 0
    outcome: Outcome | None = None
    ended_ms: int = 0

    def lifetime(self, durations: Durations) -> float:
        """Return for how many seconds a call may be begun."""
        return durations.text_lifetime if self.command.action.long_lived else durations.command_lifetime

    def deadline_ms(self, durations: Durations) -> int:
        """Return the time after which no call is begun."""
        return self.accepted_ms + int(self.lifetime(durations) * SECOND)

    @property
    def may_end_late(self) -> bool:
        """True if an echo may still show that the command succeeded after all."""
        return self.outcome is not None and self.outcome.kind is Kind.UNKNOWN


@dataclass(frozen=True)
class CommandQueue:
    """The records of one incident; ended ones are kept as long as an envelope or an echo may come again."""

    id: IncidentId
    records: tuple[CommandRecord, ...] = ()

    def appended(self, record: CommandRecord) -> "CommandQueue":
        """Take in a command, once, however often its envelope comes."""
        if any(known.command.id == record.command.id for known in self.records):
            return self
        return replace(self, records=(*self.records, record))

    def replaced(self, record: CommandRecord) -> "CommandQueue":
        """Replace the record of the same command."""
        records = tuple(record if known.command.id == record.command.id else known for known in self.records)
        return replace(self, records=records)

    def get(self, command: CommandId) -> CommandRecord | None:
        """Find the record of a command."""
        return next((record for record in self.records if record.command.id == command), None)

    def parts_of(self, command: Command) -> tuple[CommandRecord, ...]:
        """List the records of all parts of what one person asked for at once."""
        return tuple(record for record in self.records if record.command.parent_id == command.parent_id)

    def open(self) -> tuple[CommandRecord, ...]:
        """List the commands that are still to be carried out."""
        return tuple(record for record in self.records if record.outcome is None)

    def first_open(self) -> CommandRecord | None:
        """Find the command to carry out next."""
        return next(iter(self.open()), None)

    def pruned(self, now_ms: int) -> "CommandQueue":
        """Drop what ended so long ago that nothing can refer to it any more."""
        kept = tuple(r for r in self.records if r.outcome is None or r.ended_ms > now_ms - KEPT)
        return replace(self, records=kept)


def late_outcome(record: CommandRecord, incident: Incident) -> Outcome | None:
    """Return the outcome that events have shown since the command ended; None if they have shown nothing new."""
    command, known = record.command.id, record.outcome
    if known is None:
        return None
    undone = incident.reopened_by(command)
    if undone is not None and known.kind in {Kind.DONE, Kind.UNKNOWN}:
        return Outcome(Kind.REOPENED, actor=undone.agent.name if undone.agent else "", at_ms=undone.at.ms)
    if known.kind is Kind.UNKNOWN and incident.line_of(command) is not None:
        return Outcome(Kind.DONE)
    return None
