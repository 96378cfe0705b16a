"""
Pure: each dialog, worded like a colleague: what will happen, to whom, and nothing else to read.

The block ids are those of `bolt_app.commands.modal_submission`, which reads what was filled in.
"""

from collections.abc import Callable, Mapping, Sequence

from bolt_app.modals.context import About
from bolt_app.modals.inputs import Option, asked, modal, one_of, option, written
from shared.model.command import Action
from shared.slack.render.blocks import Block, context, section
from shared.slack.render.buttons import LABEL
from shared.slack.render.text import link, linkable

MOST_RESPONDERS = 20
"""People who can be asked for help at once: each is a call of its own."""
LONGEST_TITLE = 255
"""Characters of a new incident's title; what is longer belongs into the details."""
LATER, UNTIL = "tomorrow", "until"
HOURS = {"1": "1 hour", "4": "4 hours", "8": "8 hours"}
MINE = "mine"

TITLE = {**LABEL, Action.TRIGGER: "New incident"}


def note(about: About) -> Block:
    """Ask for a note."""
    return _of(about, Action.NOTE, [written("text", "Note")], "Add note")


def resolve(about: About) -> Block:
    """Ask for a resolution note, which may be left out, before an incident is closed."""
    blocks = [
        section("PagerDuty closes it for everybody, and nobody is paged for it any more."),
        written("text", "What solved it?", optional=True),
    ]
    return _of(about, Action.RESOLVE, blocks, "Resolve")


def reassign(about: About, policies: Sequence[Option]) -> Block:
    """Ask who is to have an incident: one person, oneself, or whoever an escalation policy names."""
    take: Block = {"type": "checkboxes", "options": [option(MINE, "I take it myself")]}
    blocks = [
        section("Choose one of these."),
        asked("mine", "Me", take, optional=True),
        asked("person", "Somebody else", {"type": "users_select"}, optional=True),
        context("Only this one person is notified, and escalation stops: nobody else is paged if they do not answer."),
    ]
    if policies:
        blocks += [
            one_of("policy", "An escalation policy", policies, optional=True),
            context("PagerDuty pages its first level, and escalates from there."),
        ]
    return _of(about, Action.REASSIGN, blocks, "Reassign")


def add_responders(about: About) -> Block:
    """Ask whom to call for help, and with which words."""
    people: Block = {"type": "multi_users_select", "max_selected_items": MOST_RESPONDERS}
    blocks = [
        asked("people", "Who should help?", people),
        written("text", "Message to them", optional=True, most=1000),
        context("PagerDuty notifies each of them now. The incident stays with whoever has it."),
    ]
    return _of(about, Action.ADD_RESPONDERS, blocks, "Ask them")


def snooze(about: About) -> Block:
    """Ask for how long an incident is to be quiet."""
    presets = [option(hours, f"For {words}") for hours, words in HOURS.items()]
    choices = [*presets, option(LATER, "Until tomorrow 09:00, your time"), option(UNTIL, "Until the time below")]
    blocks = [
        asked("how_long", "How long?", {"type": "radio_buttons", "options": choices, "initial_option": choices[0]}),
        asked("until", "Until (at most 7 days from now)", {"type": "datetimepicker"}, optional=True),
        context("Then it is triggered again, and whoever it is assigned to is paged."),
    ]
    return _of(about, Action.SNOOZE, blocks, "Snooze")


def priority(about: About, priorities: Sequence[Option]) -> Block:
    """Ask for the new priority."""
    if not priorities:
        return _of(about, Action.PRIORITY, [section("This PagerDuty account has no priorities to choose from.")])
    return _of(about, Action.PRIORITY, [one_of("priority", "Priority", priorities)], "Change")


def status_update(about: About) -> Block:
    """Ask for what subscribers are to be told."""
    blocks = [
        written("text", "What should people know?"),
        context(
            "PagerDuty sends it to everybody who follows this incident, which may be far more people than are here."
        ),
    ]
    return _of(about, Action.STATUS_UPDATE, blocks, "Send")


def trigger(about: About, services: Sequence[Option], title: str = "") -> Block:
    """Ask for a new incident."""
    if not services:
        return _of(about, Action.TRIGGER, [section("This PagerDuty account has no services to open an incident on.")])
    urgencies = [option("high", "High: page somebody now"), option("low", "Low: it can wait")]
    blocks = [
        one_of("service", "Service", services),
        written("title", "What is wrong?", most=LONGEST_TITLE, lines=False, first=title),
        asked("urgency", "Urgency", {"type": "radio_buttons", "options": urgencies, "initial_option": urgencies[0]}),
        written("text", "Details", optional=True),
    ]
    return _of(about, Action.TRIGGER, blocks, "Open incident")


def loading(action: Action, about: About) -> Block:
    """Show that a dialog is on its way: PagerDuty is being asked what there is to choose from."""
    return _of(about, action, [section("Loading… asking PagerDuty what there is to choose from.")])


def unreachable(action: Action, about: About) -> Block:
    """Say that there is nothing to choose from, and what to do."""
    page = f" Or {link(about.url, 'do it in PagerDuty')}." if linkable(about.url) else ""
    words = ":warning: *PagerDuty cannot be reached just now.* Nothing was sent. Close this, and try again in a moment."
    return _of(about, action, [section(words + page)])


def choosing(action: Action, about: About, options: Sequence[Option], title: str = "") -> Block:
    """Make a dialog that offers what there is at PagerDuty; `title` is the first title of a new incident."""
    match action:
        case Action.REASSIGN:
            return reassign(about, options)
        case Action.PRIORITY:
            return priority(about, options)
        case _:
            return trigger(about, options, title)


PLAIN: Mapping[Action, Callable[[About], Block]] = {
    Action.NOTE: note,
    Action.RESOLVE: resolve,
    Action.ADD_RESPONDERS: add_responders,
    Action.SNOOZE: snooze,
    Action.STATUS_UPDATE: status_update,
}
"""The dialogs that need nothing from PagerDuty."""


def _of(about: About, action: Action, blocks: Sequence[Block], submit: str = "") -> Block:
    return modal(action, TITLE[action], blocks, about, submit)
