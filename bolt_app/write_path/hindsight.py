"""Pure: what events show of a command only after it has ended."""

from shared.model.command_queue import CommandRecord
from shared.model.incident import Incident
from shared.model.outcome import Kind, Outcome


def late_outcome(record: CommandRecord, incident: Incident) -> Outcome | None:
    """Find out whether events have shown more than was known when the command ended."""
    command, known = record.command.id, record.outcome
    if known is None:
        return None
    undone = incident.reopened_by(command)
    if undone is not None and known.kind in {Kind.DONE, Kind.UNKNOWN}:
        return Outcome(Kind.REOPENED, actor=undone.agent.name if undone.agent else "", at_ms=undone.at.ms)
    if known.kind is Kind.UNKNOWN and incident.line_of(command) is not None:
        return Outcome(Kind.DONE)
    return None
