"""Pure: why a user group or a topic does not follow who is on call, or was put right, and the next step."""

from collections.abc import Sequence

from shared.config.oncall_config import OncallGroupConfig
from shared.errors import CallError, Malformed, Refused
from shared.model.event import Ref
from shared.model.oncall_state import PASSING_MS, Cause
from shared.pagerduty.models.account import EscalationPolicy
from shared.slack.api.errors import CHANNEL_CLOSED, NO_GROUPS, NO_SUCH_GROUP
from shared.slack.render.blocks import Message, escape, listed, message, named, section, short

UNCHANGED = "Until then nothing is changed."
CORRECT = f"Correct `oncall_groups` in `bridge.toml`. {UNCHANGED}"
REINSTALL = "Add the scopes that `pagebridge manifest` prints to the Slack app, and reinstall it."


def no_one(entry: OncallGroupConfig) -> Cause:
    """Explain that no one is on call."""
    sources = [*(f"schedule {one}" for one in entry.schedules), *(f"escalation policy {one}" for one in entry.policies)]
    return _cause(f"No one is on call for {listed(sources)}.", f"{_kept(entry)}.")


def no_policy(policy: str) -> Cause:
    """Explain that PagerDuty does not know an escalation policy."""
    return _cause(f"PagerDuty has no escalation policy {policy}, or doesn't show it to the bridge.", CORRECT)


def no_level(policy: EscalationPolicy, level: int) -> Cause:
    """Explain that a policy ends before the levels that are asked for."""
    return _cause(f"The escalation policy {short(policy.name)} has no level {level}.", CORRECT)


def no_schedule(schedule: str) -> Cause:
    """Explain that PagerDuty names no one in a schedule, which may be for several reasons."""
    why = f"PagerDuty names no one on call in schedule {schedule} for the next four weeks."
    step = "Check that it exists, that an escalation policy uses it, and that it has people."
    return _cause(why, f"{step} {UNCHANGED}")


def unlinked(person: Ref, group: str) -> Cause:
    """Explain that a person's Slack account is unknown."""
    step = "Link them in `[identity.users]`, or give both accounts the same e-mail address."
    return _cause(f"{named(person)} is on call, but isn't in {group}: their Slack account isn't known.", step)


def guest(person: Ref, group: str) -> Cause:
    """Explain that a person can't be in a group."""
    return _cause(
        f"{named(person)} is on call, but isn't in {group}: Slack takes no guests into user groups.",
        "Ask a Slack admin for a full membership.",
    )


def no_member(group: str) -> Cause:
    """Explain that none of those on call can be in a group."""
    return _cause(f"{group} keeps its last members: no one on call can be in it.", "The other messages here say why.")


def no_group(group: str) -> Cause:
    """Explain that there is no such user group."""
    return _cause(f"Slack has no user group {group}.", "Create it, or correct `oncall_groups` in `bridge.toml`.")


def disabled(group: str) -> Cause:
    """Explain that a user group is disabled."""
    return _cause(f"The user group {group} is disabled, and keeps its last members.", "Enable it in Slack.")


def same_group(group: str, other: str) -> Cause:
    """Explain that two entries name one user group."""
    why = f"{group} and {other} in `oncall_groups` are one user group: it follows the entry with {other}."
    return _cause(why, "List all schedules and policies in one entry, or take one out.")


def no_room(topic: str) -> Cause:
    """Explain that a topic is too long to name anyone."""
    return _cause(f"{topic} has no room to name who is on call in its 250 characters.", "Shorten the rest of it.")


def refused(place: str, error: Refused) -> Cause:
    """Explain why Slack does not let the app read or write a place."""
    match str(error.code):
        case "missing_scope":
            why, step = "the Slack app lacks a scope", REINSTALL
        case "permission_denied":
            why = "Slack lets only admins change user groups"
            step = "Allow it for everyone in Slack's workspace settings, under Permissions, User Groups."
        case code if code in NO_GROUPS:
            why, step = "this Slack plan has no user groups", "Take `group` out of `oncall_groups` in `bridge.toml`."
        case code if code in NO_SUCH_GROUP:
            return no_group(place)
        case code if code in CHANNEL_CLOSED:
            why, step = "the app isn't in the channel, or it is archived", "Invite the app, or unarchive the channel."
        case "user_is_restricted":
            why, step = "Slack doesn't let the app set the topic", "Allow it in the settings of the channel."
        case _:
            why, step = f"Slack refused it ({escape(str(error))})", "The bridge keeps trying."
    return _cause(f"{place} doesn't follow who is on call: {why}.", step)


def unreached(error: CallError | Malformed) -> Cause:
    """Explain that Slack or PagerDuty can't be asked, or limits the bridge, for longer than a moment."""
    why = f"The bridge couldn't update who is on call for a minute ({escape(str(error))})."
    return _cause(why, "It keeps trying.", PASSING_MS)


def put_right(place: str, coming: Sequence[str], going: Sequence[str], *, first: bool) -> Cause:
    """Explain the changes to a group that was changed by hand, or is followed for the first time. Names are escaped."""
    changes = [f"{word} {listed(names)}" for word, names in (("added", coming), ("removed", going)) if names]
    how = "follows who is on call from now on" if first else "was changed by hand, and follows who is on call again"
    return Cause(f":pencil2: {place} {how}: {', '.join(changes)}.")


def topic_put_right(topic: str, part: str, before: str, *, first: bool) -> Cause:
    """Explain that a topic was changed by hand, or first written: `part` replaces `before`, both escaped."""
    how = "names who is on call from now on" if first else "was changed by hand, and names who is on call again"
    return Cause(f":pencil2: {topic} {how}: {part}" + (f" (before: {before})" if before else ""))


def with_reference(cause: Cause, quoted: str) -> Cause:
    """Add the reference by which the log line is found."""
    return Cause(f"{cause.words} Reference: {quoted}.", cause.patience_ms)


def notice_message(key: str, words: str) -> Message:
    """Return the message that explains."""
    return message(key, words, [section(words)], {})


def _cause(why: str, step: str, patience_ms: int = 0) -> Cause:
    return Cause(f":warning: {why} {step}", patience_ms)


def _kept(entry: OncallGroupConfig) -> str:
    kept = [f"{escape(entry.group)} keeps its last members"] if entry.group else []
    return listed([*kept, *([f"the topic of <#{entry.channel}> stays as it is"] if entry.channel else [])])
