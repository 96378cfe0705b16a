"""The commands that can be typed: their names, what each takes, and what it does."""

from dataclasses import dataclass
from enum import StrEnum


class Verb(StrEnum):
    """The commands, by the name that people type."""

    ACK = "ack"
    ACK_MINE = "ack mine"
    UNACK = "unack"
    NOTE = "note"
    RESOLVE = "resolve"
    REOPEN = "reopen"
    MERGE = "merge"
    ESCALATE = "escalate"
    REASSIGN = "reassign"
    SNOOZE = "snooze"
    PRIORITY = "priority"
    RESPONDERS = "responders"
    STATUS = "status"
    CHANNEL = "channel"
    TRIGGER = "trigger"
    LIST = "list"
    SHOW = "show"
    TIMELINE = "timeline"
    HANDOVER = "handover"
    ONCALL = "oncall"
    NOTIFY = "notify"
    WHOAMI = "whoami"
    LINK = "link"
    UNLINK = "unlink"
    HELP = "help"


class Scope(StrEnum):
    """Which incidents are meant."""

    CHANNEL = ""
    MINE = "mine"
    ALL = "all"


@dataclass(frozen=True)
class Usage:
    """One command: what it takes (in brackets what may be left out), what it does, and other names for it."""

    verb: Verb
    arguments: str
    description: str
    aliases: tuple[str, ...] = ()

    @property
    def line(self) -> str:
        """The command with what it takes."""
        return f"{self.verb} {self.arguments}".strip()


USAGES = (
    Usage(Verb.ACK, "[number]", "Acknowledge an incident", ("acknowledge", "acked")),
    Usage(Verb.ACK_MINE, "", "List your unacknowledged incidents and acknowledge all of them", ("acknowledge mine",)),
    Usage(Verb.UNACK, "[number]", "Undo an acknowledgement: escalation goes on", ("unacknowledge",)),
    Usage(Verb.NOTE, "[number] text", "Add a note", ("comment",)),
    Usage(Verb.RESOLVE, "[number] [note]", "Resolve an incident: a dialog asks what fixed it", ("resolved", "close")),
    Usage(Verb.REOPEN, "number", "Reopen a resolved incident: a dialog asks first", ("unresolve",)),
    Usage(Verb.MERGE, "[number]", "Merge an incident into another one: a dialog searches for that"),
    Usage(Verb.ESCALATE, "[number]", "Page the next escalation level: a dialog asks first"),
    Usage(Verb.REASSIGN, "[number] @user", "Reassign an incident to another person or to yourself", ("assign",)),
    Usage(Verb.SNOOZE, "[number]", "Snooze an acknowledged incident: a dialog asks for how long"),
    Usage(Verb.PRIORITY, "[number]", "Change the priority: a dialog offers them"),
    Usage(Verb.RESPONDERS, "[number]", "Ask people for help: a dialog asks whom", ("add responders", "responder")),
    Usage(Verb.STATUS, "[number]", "Publish a status update: a dialog asks for it", ("status update", "update")),
    Usage(Verb.CHANNEL, "[number]", "Open a channel for an incident, or join its channel", ("room", "warroom")),
    Usage(Verb.TRIGGER, "[title]", "Create an incident", ("new", "create")),
    Usage(Verb.LIST, "[mine|all]", "List open incidents: this channel's, yours, or all", ("ls", "incidents")),
    Usage(Verb.SHOW, "[number]", "Show an incident with its alerts, notes and activity", ("details",)),
    Usage(Verb.TIMELINE, "[number]", "Write what happened to an incident as Markdown, for a report", ("history",)),
    Usage(
        Verb.HANDOVER,
        "[mine]",
        "Sum up this channel, or your teams, for the next shift",
        ("handoff", "hand over", "hand off", "hand-over", "hand-off"),
    ),
    Usage(
        Verb.ONCALL,
        "[service or policy]",
        "Show who is on call, level by level",
        ("on call", "on-call", "who is on call", "who's on call"),
    ),
    Usage(Verb.NOTIFY, "[on|high|off]", "Get a direct message when an incident is assigned to you", ("dm",)),
    Usage(Verb.WHOAMI, "", "Show your linked PagerDuty user", ("who am i",)),
    Usage(Verb.LINK, "[code|e-mail]", "Link yourself to your PagerDuty user", ("connect",)),
    Usage(Verb.UNLINK, "", "Undo that link", ("disconnect",)),
    Usage(Verb.HELP, "", "Show this help", ("?", "commands")),
)
NOTIFYING = frozenset({Verb.NOTIFY})
"""The commands that are there where people can ask for direct messages."""
CHANNELS = frozenset({Verb.CHANNEL})
"""The commands that are there where incidents can have channels."""
LINKING = frozenset({Verb.LINK, Verb.UNLINK})
"""The commands that are there where people can link themselves."""
READING = frozenset({Verb.SHOW, Verb.TIMELINE})
"""The commands about an incident that send nothing."""
