"""Pure: what a person did from Slack and what came of it, in one sentence, for the audit and an incident's story."""

from collections.abc import Iterator

from pagebridge.cli.names import Names
from shared.model.actions import SPECS
from shared.model.journal import AuditEntry
from shared.model.link import LinkChange, LinkedBy, LinkEntry
from shared.model.outcome import Kind
from shared.model.permissions import ROLES, UNKNOWN_TEAMS, UNSEEN, Ground, Rule

RESULTS = {
    Kind.ALREADY: "changed nothing: it was so already",
    Kind.STALE: "was not sent: it would have undone a later change",
    Kind.CHOOSE: "was not sent: they were asked what they meant",
    Kind.NOT_LINKED: "was refused: they aren't linked to a PagerDuty user",
    Kind.NOT_ALLOWED: "was refused",
    Kind.REFUSED: "failed: PagerDuty refused it",
    Kind.EXPIRED: "failed: PagerDuty did not answer in time",
    Kind.UNKNOWN: "may or may not have gone through",
    Kind.NOT_STORED: "failed: it could not be stored",
}
"""The words for each end of a command, after the noun; the others are sentences of their own."""
GROUNDS = {
    Ground.ADMIN: "account admin",
    Ground.EVERYWHERE: "may act everywhere",
    Ground.NO_TEAM: "it has no team",
    Ground.ASSIGNEE: "assignee",
    Ground.MEMBER: "of its team",
    Ground.RESPONDER: "responder",
    Ground.POLICY: "on its escalation policy",
    Ground.ROLE: "by their role",
}
"""Why they might, in parentheses."""
REFUSED_BY = {
    Rule.LINKED: "they aren't linked",
    Rule.TEAM: "they aren't among the incident's people",
    Rule.MEMBERS: "they are neither of its teams nor an assignee",
    ROLES: "their PagerDuty role does not allow it",
    UNSEEN: "they may not see it in PagerDuty",
    UNKNOWN_TEAMS: "PagerDuty does not say to which teams it belongs",
}
"""Why they might not."""


def sentence(entry: AuditEntry, names: Names) -> str:
    """Return one entry as a sentence: who did what to which incident, the result, and in parentheses why they might."""
    about = ", ".join(_about(entry))
    quoted = f"; reference {entry.reference}" if entry.reference else ""
    return f"{_happened(entry, names)}{quoted}" + (f" ({about})" if about else "")


def link_sentence(entry: LinkEntry, names: Names) -> str:
    """Return what became of a link as a sentence: who did it, whose it is, and to which PagerDuty user."""
    who, user = names.of(entry.slack_user), f"PagerDuty user {names.of(entry.pagerduty_user)}"
    actor = names.of(entry.actor) if entry.actor else ""
    match entry.change:
        case LinkChange.MADE if entry.how is LinkedBy.APPROVAL:
            return f"{actor} approved that {who} is {user}"
        case LinkChange.MADE:
            return f"{who} linked themselves to {user}, by signing in there"
        case LinkChange.REJECTED:
            return f"{actor} rejected that {who} is {user}"
        case LinkChange.ENDED:
            return f"{who}'s link to {user} ended: that account has changed"
    return f"{actor} undid their link to {user}" if actor else f"An operator undid {who}'s link to {user}"


def _happened(entry: AuditEntry, names: Names) -> str:
    who, spec = names.of(entry.slack_user), SPECS[entry.action]
    it = entry.label or entry.incident
    if entry.outcome in {Kind.DONE, Kind.REOPENED} and not entry.step:
        done = spec.words.done if "{it}" in spec.words.done else f"{spec.words.done} ({{it}})"
        return done.format(it=it).replace("You", who, 1) + (
            ", which reopened it: it was being resolved" if entry.outcome is Kind.REOPENED else ""
        )
    part = f", part {entry.step}," if entry.step else ""
    return f"{who}'s {spec.words.noun.format(it=it)}{part} {RESULTS.get(entry.outcome, 'went through')}{_why(entry)}"


def _why(entry: AuditEntry) -> str:
    if entry.outcome is Kind.NOT_ALLOWED:
        return f": {REFUSED_BY.get(entry.rule, entry.rule or 'no rule allows it')}"
    said = entry.answer.partition(" ")[2]
    return f" ({said})" if entry.outcome is Kind.REFUSED and said else ""


def _about(entry: AuditEntry) -> Iterator[str]:
    _, _, ground = entry.rule.partition(": ")
    if ground:
        yield GROUNDS.get(Ground(ground), ground)
    if entry.mapped:
        yield f"linked by {entry.mapped}"
