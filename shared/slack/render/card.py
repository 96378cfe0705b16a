"""
Pure: an incident as a Slack message, readable in three seconds by a person who has just been woken up.

State and symbol come first, then what and where, then who. Colour alone never carries meaning. `text` has the same
content as the blocks, for screen readers and notifications. All text from PagerDuty is escaped and clamped.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from shared.model.command import Action
from shared.model.event import TRIGGERED, Instant, Ref, Snapshot, Status
from shared.model.ids import ChannelId, SlackUserId, UserId
from shared.model.incident import Incident
from shared.model.thread_layout import snooze_ended
from shared.slack import attempts, briefing
from shared.slack.render import buttons
from shared.slack.render.blocks import Block, Message, context, metadata, section, versioned
from shared.slack.render.buttons import EVERYTHING, number
from shared.slack.render.text import clamp, date, escape, link
from shared.slack.render.thread_detail import NAME, merged
from shared.slack.render.thread_line import agent_suffix, by, headline_text

TITLE = 250

SYMBOL = {
    Status.TRIGGERED: ":rotating_light:",
    Status.ACKNOWLEDGED: ":eyes:",
    Status.RESOLVED: ":white_check_mark:",
}


@dataclass(frozen=True)
class CardPlacement:
    """
    Other channels that a card names.

    `home` is the one with the timeline, for a card elsewhere; `displaced` the one where the card should have been, and
    `closed` whether that still cannot be posted to.
    """

    home: ChannelId | None = None
    displaced: ChannelId | None = None
    closed: bool = False


def render(
    incident: Incident,
    snapshot: Snapshot,
    mentions: Mapping[UserId, SlackUserId],
    places: CardPlacement | None = None,
    *,
    able: frozenset[Action] = EVERYTHING,
) -> Message:
    """
    Render the card. `mentions` gives the Slack user of each assignee who has one.

    `places` tells of other channels that the card has to name, `able` what the account can do.
    """
    blocks = [section(_headline(snapshot)), section(_facts(incident, snapshot, mentions))]
    blocks += briefing.alert_blocks(incident, snapshot)
    blocks.append(context(_history(incident, snapshot)))
    blocks += attempts.notices(incident.attempts)
    blocks += _elsewhere(places or CardPlacement())
    blocks.append(buttons.actions(incident.id, snapshot, able))
    text = _summary(incident, snapshot)
    key = f"card:{incident.id}"
    return Message(key, text, versioned(text, blocks), metadata(key, {"incident": incident.id}))


def _headline(snapshot: Snapshot) -> str:
    title = clamp(escape(f"{number(snapshot)} {snapshot.title}".strip()), TITLE)
    return f"{SYMBOL[snapshot.status]} *{snapshot.status.capitalize()}*  *{link(snapshot.url, title)}*"


def _facts(incident: Incident, snapshot: Snapshot, mentions: Mapping[UserId, SlackUserId]) -> str:
    # Not linked: webhooks and REST give different addresses for it, and the card must not depend on which came last.
    service = _name(snapshot.service) if snapshot.service else "no service"
    facts = [f"*{escape(snapshot.urgency).capitalize()} urgency*", *_priority(snapshot), service]
    if snapshot.status is Status.RESOLVED:
        return " · ".join(facts)
    people = ", ".join(_person(ref, mentions) for ref in snapshot.assignees) or "nobody"
    return "\n".join(
        filter(None, (" · ".join(facts), f"Assigned to {people}", briefing.next_step_text(incident, snapshot)))
    )


def _history(incident: Incident, snapshot: Snapshot) -> str:
    """Since when, and who acted last."""
    opened = f"Open since {date(snapshot.created_ms)}" if snapshot.created_ms else "Open"
    if snapshot.status is Status.RESOLVED and snapshot.created_ms:
        opened = f"Opened {date(snapshot.created_ms)}"
    last = incident.last_change()
    if last is not None and last.type != TRIGGERED:
        happened = headline_text(last, asleep=snooze_ended(incident.lines, last))
        into = f": {merged(last)}" if merged(last) else ""
        return f"{opened} · {happened}{into}{agent_suffix(last)} {date(last.at.ms)}"
    if last is None and incident.status_change is not None and snapshot.status is not Status.TRIGGERED:
        return (
            f"{opened} · {snapshot.status.capitalize()}{by(incident.status_change.by)} {_at(incident.status_change.at)}"
        )
    return opened


def _elsewhere(places: CardPlacement) -> list[Block]:
    found = []
    if places.home:
        found.append(f":thread: The full timeline is in <#{places.home}>.")
    if places.displaced and places.closed:
        channel = f"<#{places.displaced}>"
        found.append(
            f":warning: Shown here: the app can't post to {channel}. Unarchive it, invite the app or let it post."
        )
    elif places.displaced:
        found.append(f"Moved here while the app couldn't post to <#{places.displaced}>.")
    return [context(words) for words in found]


def _summary(incident: Incident, snapshot: Snapshot) -> str:
    """Return the content of the blocks as sentences."""
    title = clamp(escape(f"{number(snapshot)} {snapshot.title}".strip()), TITLE)
    service = f" on {_name(snapshot.service)}" if snapshot.service else ""
    facts = ", ".join([f"{escape(snapshot.urgency)} urgency", *_priority(snapshot)])
    last = incident.last_change()
    who = agent_suffix(last) if last is not None and last.type != TRIGGERED else ""
    if last is not None and last.detail_value("merged"):
        who += f", merged into {clamp(escape(last.detail_value('merged')), NAME)}"
    people = ", ".join(_name(ref) for ref in snapshot.assignees)
    assigned = f" Assigned to {people}." if people else ""
    following = briefing.next_step_text(incident, snapshot)
    coming = f" {following}." if following else ""
    told = f"{title}{service} ({facts}).{assigned}{coming}{attempts.attempt_summary(incident.attempts)}"
    return clamp(f"{snapshot.status.capitalize()}{who}: {told}", 3000)


def _at(instant: Instant) -> str:
    return date(instant.ms)


def _priority(snapshot: Snapshot) -> list[str]:
    return [f"*{_name(snapshot.priority)}*"] if snapshot.priority else []


def _name(ref: Ref) -> str:
    return clamp(escape(ref.name or ref.id), NAME)


def _person(ref: Ref, mentions: Mapping[UserId, SlackUserId]) -> str:
    slack_user = mentions.get(UserId(ref.id))
    return f"<@{slack_user}>" if slack_user else _name(ref)
