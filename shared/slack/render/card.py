"""
Pure: an incident as a Slack message, readable in three seconds by a person who has just been woken up.

State and symbol come first, then what and where, then who. Colour alone never carries meaning. `text` has the same
content as the blocks, for screen readers and notifications. All text from PagerDuty is escaped and clamped.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate

from shared.model.actions import SPECS, Action
from shared.model.card_content import NOTHING_MORE, CardContent
from shared.model.command import Attempt, AttemptState
from shared.model.enrichment import FirstAlert
from shared.model.event import Changes, Field, Snapshot
from shared.model.event_types import RESOLVED, TRIGGERED, Status
from shared.model.ids import ChannelId, IncidentId, SlackUserId, UserId
from shared.model.incident import Incident
from shared.model.thread_layout import present_snooze
from shared.model.timeline import Line
from shared.slack.render import buttons
from shared.slack.render.blocks import (
    Block,
    Message,
    clamp,
    columns,
    context,
    date,
    external_link,
    link,
    listed,
    message,
    named,
    number,
    section,
    short,
)
from shared.slack.render.buttons import EVERYTHING
from shared.slack.render.event_wording import merge_target, merged
from shared.slack.render.old_values import NONE, OldValues
from shared.slack.render.thread_line import by, headline_text, line_facts

TITLE = 250
SUMMARY = 250
"""Characters of what monitoring reported."""
FIELD = 250
"""Characters of a chosen field, escaped."""
LINKS = 3
NOTICES = 3
"""How many attempts are shown, the latest: Slack takes 50 blocks."""
ASSIGNED = 1500
"""Characters that the assignees may take: Slack takes 3,000 in a section, and refuses all blocks for one more."""
MOST_JSON = 12_000
"""Characters of the blocks as JSON without ids, beyond which what is chosen gives way: Slack takes some 13,000."""
PEOPLE = 5
"""Names of those who are paged next; of more than that, the others are counted."""

SYMBOL = {
    Status.TRIGGERED: ":rotating_light:",
    Status.ACKNOWLEDGED: ":eyes:",
    Status.RESOLVED: ":white_check_mark:",
}


@dataclass(frozen=True)
class CardPlacement:
    """
    Other channels on a card.

    The timeline's `home`, the one it is `displaced` from, whether that is `closed`, and the incident's `own`.
    """

    home: ChannelId | None = None
    displaced: ChannelId | None = None
    closed: bool = False
    own: ChannelId | None = None


def render(
    incident: Incident,
    snapshot: Snapshot,
    mentions: Mapping[UserId, SlackUserId],
    places: CardPlacement | None = None,
    *,
    able: frozenset[Action] = EVERYTHING,
    content: CardContent = NOTHING_MORE,
    changes: Changes = (),
) -> Message:
    """
    Render the card.

    `mentions`: Slack users; `places`: other channels; `able`: what the account can do; `content`: what its route adds;
    `changes`: whose old values it shows.
    """
    old = OldValues.of(changes) if changes else NONE
    opened = next((line for line in reversed(incident.lines) if line.type == TRIGGERED), None)
    title = link(snapshot.url, short(f"{number(snapshot)} {snapshot.title}".strip(), TITLE))
    notices = list(dict.fromkeys(map(attempt_notice, incident.attempts)))[-NOTICES:]
    following = next_step_text(incident, snapshot)
    above = [
        section(f"{SYMBOL[snapshot.status]} *{snapshot.status.capitalize()}*  {old.struck[Field.TITLE]}*{title}*"),
        section(_facts(snapshot, mentions, following, old)),
        *_alert(incident, snapshot),
    ]
    below = [
        *map(context, [_history(incident, snapshot, opened), *notices, *(_elsewhere(places) if places else ())]),
        buttons.actions(incident.id, snapshot, able),
    ]
    blocks = [*above, *below]
    if content != NOTHING_MORE:
        more = [*above, *_chosen(incident, content), *below, *buttons.links(incident.id, snapshot, content.links)]
        blocks = more if len(json.dumps(more, ensure_ascii=False)) <= MOST_JSON else blocks
    key = f"card:{incident.id}"
    text = _summary(incident, snapshot, following, notices, old)
    told = {"line": opened.key, **line_facts(opened)} if opened else {}
    return message(key, text, blocks, {"incident": incident.id, **told})


def render_withheld(incident: IncidentId, snapshot: Snapshot) -> Message:
    """
    Return the card of a hidden incident: its number and a link to PagerDuty, which shows it to those who may see it.

    Nothing else, not even the title, which may have changed with the team; and no buttons.
    """
    name = number(snapshot) or "This incident"
    told = "belongs to a private team now. The rest is in PagerDuty."
    blocks = [section(f":lock: *{link(snapshot.url, name)}* {told}")]
    key = f"card:{incident}"
    return message(key, f"{name} {told}", blocks, {"incident": incident})


def attempt_notice(attempt: Attempt) -> str:
    """Return the notice of a command under way, failed or unclear, one for all its parts; it claims nothing unsure."""
    # A mention here notifies no one: the card is only edited while an attempt is under way.
    who, words = f"<@{attempt.by}>", SPECS[attempt.action].attempt
    if attempt.state is AttemptState.TRYING:
        return f":hourglass_flowing_sand: {who} is {words.doing}… PagerDuty has not confirmed it yet."
    if attempt.state is AttemptState.UNCLEAR:
        return f":warning: {who}'s {words.noun} may or may not have gone through."
    meaning = f"; {words.meaning}" if words.meaning else ""
    return f":warning: {who}'s {words.noun} {words.failed}{meaning}."


def next_step_text(incident: Incident, snapshot: Snapshot) -> str:
    """Return when it escalates and to whom, or when its acknowledgement or snooze ends; empty if unknown."""
    ahead = incident.enrichment.pending
    if snapshot.status is Status.TRIGGERED and ahead and ahead.escalates_ms is not None:
        people, others = [named(person) for person in ahead.assignees[:PEOPLE]], len(ahead.assignees) - PEOPLE
        to = listed([*people, f"{others} others"] if others > 0 else people)
        return f"Escalates{f' to {to}' if to else ''} {date(ahead.escalates_ms)}"
    if snapshot.status is not Status.ACKNOWLEDGED:
        return ""
    snooze = present_snooze(incident.lines)
    # Only the thread line of a snooze knows until when.
    until = snooze.detail_value("until") if snooze else ""
    ends = ahead.ends_ms if ahead else int(until) if until else None
    if ends is None:
        return ""
    return f"Snoozed until {date(ends)}" if snooze else f"Acknowledgement ends {date(ends)}"


def _facts(snapshot: Snapshot, mentions: Mapping[UserId, SlackUserId], following: str, old: OldValues) -> str:
    # Not linked: webhooks and REST give different addresses for it, and the card must not depend on which came last.
    service = old.struck[Field.SERVICE] + (named(snapshot.service) if snapshot.service else "no service")
    urgency = f"{old.struck[Field.URGENCY]}*{short(snapshot.urgency).capitalize()} urgency*"
    priority = f"*{named(snapshot.priority)}*" if snapshot.priority else ""
    if was := old.struck[Field.PRIORITY]:
        priority = was + (priority or "no priority")
    facts = " · ".join(filter(None, (urgency, priority, service)))
    if snapshot.status is Status.RESOLVED:
        return facts
    users = [(mentions.get(UserId(ref.id)), ref) for ref in snapshot.assignees]
    people = _as_many([f"<@{slack_user}>" if slack_user else named(ref) for slack_user, ref in users]) or "nobody"
    return "\n".join(filter(None, (facts, f"Assigned to {old.struck[Field.ASSIGNEES]}{people}", following)))


def _as_many(people: Sequence[str]) -> str:
    """List people, as many as there is room for; the others are counted."""
    ends = accumulate(len(person) + 2 for person in people)
    shown = sum(end <= ASSIGNED for end in ends)
    others = len(people) - shown
    more = [f"{others} {'other' if others == 1 else 'others'}"] if others else []
    return ", ".join([*people[:shown], *more])


def _alert(incident: Incident, snapshot: Snapshot) -> list[Block]:
    """Show the first alert and where it came from, once it has been read; what the title says is not said again."""
    first = incident.enrichment.alert
    if first is None:
        return []
    summary = "" if first.summary == snapshot.title else short(first.summary, SUMMARY)
    source = short(first.source)
    tool = f"reported by {external_link(first.client.href, first.client.text)}" if first.client else ""
    facts = " · ".join(filter(None, (summary, f"from {source}" if source else "", tool)))
    links = " · ".join(filter(None, (external_link(each.href, each.text) for each in first.links[:LINKS])))
    words = "\n".join(filter(None, (f":satellite_antenna: {facts}" if facts else "", links)))
    return [section(words)] if words else []


def _chosen(incident: Incident, content: CardContent) -> list[Block]:
    """Show the chosen fields of the first alert, as far as it has them, and links to its images."""
    first = incident.enrichment.alert or FirstAlert()
    known = dict(first.fields)
    # No image blocks: Slack would fetch them, and refuse the whole card for one that it does not get.
    linked = (external_link(each.href, each.text or "Image") for each in first.images if content.images)
    images = " · ".join(filter(None, linked))
    pictures = [section(images)] if images else []
    values = [(short(field.label), short(known.get(field.path, ""), FIELD)) for field in content.fields]
    shown = [f"*{label}*\n{value}" for label, value in values if value]
    return [*([columns(shown)] if shown else []), *pictures]


def _history(incident: Incident, snapshot: Snapshot, opened: Line | None) -> str:
    """Since when, which person or client `opened` it, for an integration stands with the alert, and who acted last."""
    over, since = snapshot.status is Status.RESOLVED, date(snapshot.created_ms) if snapshot.created_ms else ""
    is_told = opened is not None and (opened.agent.is_user if opened.agent else opened.detail_value("client"))
    origin = by(opened.agent, opened) if opened and is_told else ""
    beginning = (
        f"Open{'ed' if over or origin else ' since'}{origin} {since}"
        if since
        else f"Opened{origin}"
        if origin
        else ""
        if over
        else "Open"
    )
    last = incident.last_change()
    if last is not None and last.type != TRIGGERED:
        happened = headline_text(last, incident.lines)
        into = merged(last) if over else ""
        return " · ".join(filter(None, (beginning, f"{happened}{into}{by(last.agent, last)} {date(last.at.ms)}")))
    if last is None and incident.status_change is not None and snapshot.status is not Status.TRIGGERED:
        change = incident.status_change
        told = f"{snapshot.status.capitalize()}{by(change.by)} {date(change.at.ms)}"
        return " · ".join(filter(None, (beginning, told)))
    return beginning or snapshot.status.capitalize()


def _elsewhere(places: CardPlacement) -> list[str]:
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
    if places.own:
        found.append(f":speech_balloon: This incident has a channel: <#{places.own}>.")
    return found


def _summary(incident: Incident, snapshot: Snapshot, following: str, notices: list[str], old: OldValues) -> str:
    """Return the content of the blocks as sentences."""
    title = short(f"{number(snapshot)} {snapshot.title}".strip(), TITLE) + old.was[Field.TITLE]
    service = f" on {named(snapshot.service)}{old.was[Field.SERVICE]}" if snapshot.service else ""
    priority = f"*{named(snapshot.priority)}*" if snapshot.priority else ""
    if was := old.was[Field.PRIORITY]:
        priority = (priority or "no priority") + was
    facts = ", ".join(filter(None, (f"{short(snapshot.urgency)} urgency{old.was[Field.URGENCY]}", priority)))
    last = incident.last_change()
    who = by(last.agent, last) if last is not None and last.type != TRIGGERED else ""
    if last is not None and last.type != TRIGGERED and snapshot.status is Status.TRIGGERED:
        what = headline_text(last, incident.lines)
        who = f" ({what[:1].lower()}{what[1:]}{who})"
    if last is not None and last.type == RESOLVED and (target := merge_target(last)):
        who += f", merged into {target}"
    people = _as_many([named(ref) for ref in snapshot.assignees])
    assigned = f" Assigned to {people}{old.was[Field.ASSIGNEES]}." if people else ""
    coming = f" {following}." if following else ""
    told = f"{title}{service} ({facts}).{assigned}{coming}{''.join(f' {words}' for words in notices)}"
    return clamp(f"{snapshot.status.capitalize()}{who}: {told}", 3000)
