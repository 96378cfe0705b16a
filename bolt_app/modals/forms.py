"""Pure: each dialog, worded like a colleague; `bolt_app.commands.modal_submission` reads its blocks by their ids."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bolt_app.modals.context import ModalContext
from bolt_app.modals.inputs import (
    MOST_OPTIONS,
    Option,
    input_block,
    modal,
    option,
    radio_input,
    select_input,
    text_input,
)
from bolt_app.replies.builder import incident_facts
from bolt_app.replies.outcome_text import returned_text
from shared.model.actions import SPECS, Action
from shared.model.event import Snapshot
from shared.model.ids import IncidentId
from shared.slack.render.blocks import Block, context, escape, link, linkable, section
from shared.slack.render.buttons import ESCALATES

MOST_RESPONDERS = 20
"""People who can be asked for help at once: each is a call of its own."""
LONGEST_TITLE = 255
"""Characters of a new incident's title; what is longer belongs into the details."""
LATER, UNTIL = "tomorrow", "until"
HOURS = {"1": "1 hour", "4": "4 hours", "8": "8 hours"}
MINE = "mine"
WARNING = "warning"
"""The `block_id` of what is wrong with a dialog that has no fields."""

TITLE = {action: spec.label for action, spec in SPECS.items()}


@dataclass(frozen=True)
class Initial:
    """The initial values of a dialog: the `text` typed so far, and the id of the current `priority`, if known."""

    text: str = ""
    priority: str = ""


EMPTY = Initial()


def note(about: ModalContext, first: Initial = EMPTY) -> Block:
    """Ask for a note."""
    return modal(about, Action.NOTE, [text_input("text", "Note", first=first.text)], "Add note")


def resolve(about: ModalContext, first: Initial = EMPTY) -> Block:
    """Ask for a resolution note, which may be left out, before an incident is closed."""
    blocks = [
        section("Resolves the incident in PagerDuty and stops paging."),
        text_input("text", "What fixed it?", optional=True, first=first.text),
    ]
    return modal(about, Action.RESOLVE, blocks, "Resolve")


def escalate(about: ModalContext, _first: Initial = EMPTY) -> Block:
    """Ask whether the next level is to be paged, as the card's button does."""
    return modal(about, Action.ESCALATE, [section(ESCALATES)], "Escalate")


def reopen(about: ModalContext, _first: Initial = EMPTY) -> Block:
    """Ask whether a resolved incident is to be opened again."""
    words = "Triggers the incident again: PagerDuty pages the first level of its escalation policy."
    return modal(about, Action.REOPEN, [section(words)], "Reopen")


def merge(about: ModalContext, _first: Initial = EMPTY) -> Block:
    """Ask which incident goes on; people type what they look for."""
    blocks = [
        select_input("target", "Merge into which open incident?", None),
        context("That incident goes on with the alerts of both. This one is resolved, which can't be undone."),
    ]
    return modal(about, Action.MERGE, blocks, "Merge")


def reassign(about: ModalContext, policies: Sequence[Option] | None) -> Block:
    """Return the modal for a new assignee: one person (at first the present one), oneself, or an escalation policy."""
    take: Block = {"type": "checkboxes", "options": [option(MINE, "Assign to me")]}
    person: Block = {"type": "users_select"} | ({"initial_user": about.assigned} if about.assigned else {})
    blocks = [
        section("Choose one of these."),
        input_block("mine", "Me", take, optional=True),
        input_block("person", "Another person", person, optional=True),
        context("Only this person is notified and escalation stops: if they don't respond, no one else is paged."),
    ]
    if policies is None or policies:
        blocks += [
            select_input("policy", "An escalation policy", policies, optional=True),
            context("Pages the first level and escalates from there."),
        ]
    return modal(about, Action.REASSIGN, blocks, "Reassign")


def add_responders(about: ModalContext, first: Initial = EMPTY) -> Block:
    """Ask whom to call for help, and with which words."""
    people: Block = {"type": "multi_users_select", "max_selected_items": MOST_RESPONDERS}
    blocks = [
        input_block("people", "Who should help?", people),
        text_input("text", "Message", optional=True, most=1000, first=first.text),
        context("PagerDuty notifies each of them now. The assignees stay the same."),
    ]
    return modal(about, Action.ADD_RESPONDERS, blocks, "Request help")


def snooze(about: ModalContext, _first: Initial = EMPTY) -> Block:
    """Ask for how long an incident is to be quiet."""
    presets = [option(hours, f"For {words}") for hours, words in HOURS.items()]
    choices = [*presets, option(LATER, "Until tomorrow 09:00, your time"), option(UNTIL, "Until the time below")]
    blocks = [
        radio_input("how_long", "How long?", choices),
        input_block("until", "Until (at most 7 days from now)", {"type": "datetimepicker"}, optional=True),
        context("Then the incident is triggered again and its assignees are paged."),
    ]
    return modal(about, Action.SNOOZE, blocks, "Snooze")


def priority(about: ModalContext, priorities: Sequence[Option], first: Initial = EMPTY) -> Block:
    """Ask for the new priority."""
    if not priorities:
        return modal(
            about,
            Action.PRIORITY,
            [section("This PagerDuty account has no priorities. A PagerDuty admin can enable them.")],
        )
    # The highest come first; there is nothing to search them by.
    shown = priorities[: MOST_OPTIONS - 1]
    fields = [select_input("priority", "Priority", shown, first=first.priority)]
    return modal(about, Action.PRIORITY, fields, "Change")


def status_update(about: ModalContext, first: Initial = EMPTY) -> Block:
    """Ask for what subscribers are to be told."""
    blocks = [
        text_input("text", "What should people know?", first=first.text),
        context("Sent to everyone subscribed to this incident, which may be many more people than in this channel."),
    ]
    return modal(about, Action.STATUS_UPDATE, blocks, "Send")


def trigger(about: ModalContext, services: Sequence[Option] | None, first: Initial = EMPTY) -> Block:
    """Ask for a new incident."""
    if services is not None and not services:
        words = "PagerDuty shows you no service. A PagerDuty admin can add one, or give you access."
        return modal(about, Action.TRIGGER, [section(words)])
    urgencies = [option("high", "High: page now"), option("low", "Low: it can wait")]
    blocks = [
        select_input("service", "Service", services),
        text_input("title", "What is wrong?", most=LONGEST_TITLE, lines=False, first=first.text),
        radio_input("urgency", "Urgency", urgencies),
        text_input("text", "Details", optional=True),
    ]
    return modal(about, Action.TRIGGER, blocks, "Create incident")


def loading(action: Action, about: ModalContext) -> Block:
    """Show that a dialog is on its way: PagerDuty is being asked what there is to choose from."""
    return modal(about, action, [section("Loading… reading the options from PagerDuty.")])


def options_unavailable(action: Action, about: ModalContext, failure: tuple[str, str], text: str = "") -> Block:
    """Return the view for missing options: why, the next step (`failure`), and the `text` that was typed before."""
    why, step = map(escape, failure)
    page = ""
    if linkable(about.url):
        is_the_step = "PagerDuty" in step
        page = link(about.url, "Open in PagerDuty" if is_the_step else "do it in PagerDuty")
        page = f" {page}" if is_the_step else f" Or {page}."
    words = f":warning: *{why}* Nothing was sent. Close this and {step[:1].lower()}{step[1:]}."
    return modal(about, action, [section(words + page), *map(section, returned_text(text))])


def with_options(
    action: Action, about: ModalContext, options: Sequence[Option] | None, first: Initial = EMPTY
) -> Block:
    """Make a dialog that offers what there is at PagerDuty; with None people type what they look for."""
    if action is Action.TRIGGER:
        return trigger(about, options, first)
    return reassign(about, options) if action is Action.REASSIGN else priority(about, options or (), first)


def with_incident(view: Block, incident: IncidentId, snapshot: Snapshot) -> Block:
    """Return a view that begins with the state and title of its incident, and what it is about."""
    return view | {"blocks": [section("\n".join(incident_facts(incident, snapshot))), *view["blocks"]]}


def with_warning(view: Mapping[str, Any], words: str) -> Block:
    """Return a view, as Slack sent it, with words above what it shows: for one that has no field for them."""
    kept = ("type", "callback_id", "private_metadata", "title", "close", "submit")
    warning = section(f":warning: {escape(words)}") | {"block_id": WARNING}
    others = [block for block in view["blocks"] if block.get("block_id") != WARNING]
    return {name: view[name] for name in kept if name in view} | {"blocks": [warning, *others]}


PLAIN: Mapping[Action, Callable[[ModalContext, Initial], Block]] = {
    Action.NOTE: note,
    Action.RESOLVE: resolve,
    Action.ESCALATE: escalate,
    Action.REOPEN: reopen,
    Action.MERGE: merge,
    Action.ADD_RESPONDERS: add_responders,
    Action.SNOOZE: snooze,
    Action.STATUS_UPDATE: status_update,
}
"""The dialogs that need nothing from PagerDuty."""
