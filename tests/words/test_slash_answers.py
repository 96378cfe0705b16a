"""What `/pd` answers: the help, every command that cannot be understood, every answer, and every failure."""

from dataclasses import replace

import pytest

from bolt_app import app
from bolt_app.commands import candidates, incident_lookup
from bolt_app.commands.slash_grammar import ParsedCommand, ParseError, parse
from bolt_app.commands.slash_payload import SlashPayload
from bolt_app.commands.verbs import CHANNELS, LINKING, NOTIFYING, Scope, Verb
from bolt_app.handover.poster import not_posted, refused_text
from bolt_app.handover.render import HEADING, QUIET, handover_message, handover_paragraphs, shift_message
from bolt_app.listeners import digest, slash_commands
from bolt_app.listeners import handover as posting
from bolt_app.open_incidents import OpenList
from bolt_app.queries import acknowledge_mine, handover, on_call, router
from bolt_app.queries.list_incidents import render_list
from bolt_app.queries.notify import STANDING, how_to_change, switched_off_text
from bolt_app.queries.on_call import render_levels
from bolt_app.queries.on_call_reader import OnCallTarget, PolicyOnCall
from bolt_app.queries.router import help_text, query_failed_text
from bolt_app.queries.show_incident import IncidentView, render_incident
from bolt_app.queries.timeline import canvas_made, no_canvas, timeline_reply
from bolt_app.replies.builder import Reply, build_reply
from bolt_app.replies.outcome_text import Part, sending_reply, several_reply, still_trying_reply
from shared.access import identity
from shared.access.identity import Linked
from shared.errors import BadCredentials, Malformed, Refused, Unavailable, Uncertain
from shared.model.actions import Action
from shared.model.command import ActionParams, Command, SlackActor, split
from shared.model.direct_card import Level
from shared.model.event import Instant, Ref
from shared.model.event_types import ACKNOWLEDGED, ANNOTATED, RESOLVED, SNOOZED
from shared.model.handover import summarize
from shared.model.handover_posts import ShiftChange
from shared.model.ids import ChannelId, CommandId, IncidentId, LineKey, SlackUserId, UserId
from shared.model.incident import Incident
from shared.model.outcome import Kind, Outcome
from shared.model.timeline import Line
from shared.pagerduty.models.account import ROLE_NAMES, EscalationLevel, EscalationPolicy, OnCall, User
from shared.slack.api.client import SlackPerson
from shared.slack.render.timeline_document import timeline_document
from tests.builders import ALICE, INCIDENT, NOON, webhook
from tests.shared.model.test_handover import folded, note
from tests.words import slack_text
from tests.words.incidents import open_incidents, whole
from tests.words.page import Page

PD = "/pd"
BY = SlackActor(SlackUserId("U0ALICE"), "T0ACME")
TYPED = SlashPayload(PD, "", BY, ChannelId("C0INCIDENTS"), "", "")
PERSON = SlackPerson(BY.id, "Alice Ng", "alice@example.com", True, False, False, False, None, False, "T0ACME", None)
USER = User(UserId(ALICE.id), ALICE.name, "alice@example.com", "limited_user", kind="user")
NOTE = ParsedCommand(Verb.NOTE, "", "Rolled back to 1.4")
LONG_NOTE = replace(NOTE, text="Rolled back to 1.4, because the pool of connections was full. " * 10)
UNLINKED = identity.not_linked("(The reason.)", "(The next step)")
SLOW = Uncertain("PagerDuty did not answer within 6 s")
LIMITED = Unavailable("PagerDuty answered: Rate Limit Exceeded", limited=True)
CREDENTIALS = BadCredentials("PagerDuty answered: Unauthorized", 2006, 401)

MISTYPED = (
    "acknowlege 37",
    "deploy now",
    "37",
    "37 looking into it",
    "ack mien",
    "ack 37 38",
    "ack the one in checkout",
    "note 37",
    "resolve 37 38",
    "snooze 37 1h",
    "reassign 37 bob",
    "reassign 37 <@U0BOB|bob> <@U0CAROL|carol>",
    "reassign 37 <@U0BOB|bob> please",
    "list mien",
    "undo ack 37",
    "unsnooze 37",
    "unassign 37",
    "reopen",
)
"""Lines that are not understood, each in another way."""


def test_every_answer_to_a_typed_command_can_be_read_in_one_file(pytestconfig: pytest.Config) -> None:
    """The help, what is not understood, which incident is meant, and what each command that only reads answers."""
    page = Page("slash_answers", "Answers to `/pd`", "Only the person who typed reads these.")
    page.chapter("Help")
    page.case("`/pd help`", _shown(help_text(PD)))
    for what, verbs in (
        ("people can link themselves", LINKING),
        ("there are direct messages", NOTIFYING),
        ("incidents can have channels", CHANNELS),
    ):
        more = [line for line in help_text(PD, verbs).text.splitlines() if line not in help_text(PD).text]
        page.case(f"... also, where {what}", slack_text.seen("\n".join(more)))
    _add_mistyped(page)
    _add_lookup(page)
    _add_queries(page)
    _add_acknowledge_mine(page)
    _add_who_am_i(page)
    _add_failures(page)
    page.check(pytestconfig)


def _add_mistyped(page: Page) -> None:
    page.chapter("What cannot be understood")
    for line in MISTYPED:
        error = parse(line)
        assert isinstance(error, ParseError), line
        page.case(f"`{PD} {slack_text.seen(line)}`", _shown(slash_commands.parse_error_reply(error, PD)))


def _add_lookup(page: Page) -> None:
    page.chapter("Which incident and which person are meant")
    page.case("None is open in the channel", _shown(candidates.candidates(NOTE, PD, OpenList(()))))
    older = OpenList(open_incidents(10), older=True)
    page.case("Older ones are not read", _shown(candidates.candidates(NOTE, PD, older)).splitlines()[0])
    page.case("Several are open in the channel", _shown(candidates.candidates(NOTE, PD, OpenList(open_incidents(2)))))
    page.case(
        "Many are, and the text has no room on the buttons",
        _shown(candidates.candidates(LONG_NOTE, PD, OpenList(open_incidents(10)))),
    )
    for verb, count in ((Verb.ACK, 3), (Verb.ESCALATE, 3), (Verb.ESCALATE, 1), (Verb.SNOOZE, 2)):
        page.case(
            f"`{PD} {verb}`", _shown(candidates.candidates(ParsedCommand(verb), PD, OpenList(open_incidents(count))))
        )
    for parsed in (ParsedCommand(Verb.SHOW), ParsedCommand(Verb.REASSIGN, person=BY.id, name="@alice")):
        page.case(f"`{PD} {parsed.line}`", _shown(candidates.candidates(parsed, PD, OpenList(open_incidents(2)))))
    page.case(
        "There is no such incident",
        *map(
            _shown,
            (
                incident_lookup.unknown_incident(replace(NOTE, incident="4711"), PD),
                incident_lookup.unknown_incident(ParsedCommand(Verb.ACK, "4711"), PD),
                incident_lookup.unknown_incident(ParsedCommand(Verb.SHOW, "Q2X"), PD),
            ),
        ),
    )
    page.case(
        "It could not be looked up",
        *map(
            _shown,
            (
                incident_lookup.lookup_failed(NOTE, PD, SLOW, "#sre-help", "K7QM2XR4"),
                incident_lookup.lookup_failed(
                    replace(NOTE, incident="37"), PD, TimeoutError(), "#sre-help", "K7QM2XR4"
                ),
                incident_lookup.lookup_failed(ParsedCommand(Verb.SHOW, "37"), PD, SLOW, "#sre-help", "K7QM2XR4"),
                incident_lookup.lookup_failed(NOTE, PD, CREDENTIALS, "#sre-help", "K7QM2XR4"),
                incident_lookup.lookup_failed(NOTE, PD, UNLINKED, "#sre-help", "K7QM2XR4"),
            ),
        ),
    )
    page.case("Slack delivered the line twice", _shown(incident_lookup.repeated_reply()))
    reassign = ParsedCommand(Verb.REASSIGN, "37", person=SlackUserId("U0BOB"), name="@bob")
    page.case(
        "The person could not be looked up",
        *map(
            _shown,
            (
                incident_lookup.no_such_person(reassign, SLOW, "#sre-help", "K7QM2XR4"),
                incident_lookup.no_such_person(reassign, TimeoutError(), "#sre-help", "K7QM2XR4"),
                incident_lookup.no_such_person(reassign, LIMITED, "#sre-help", "K7QM2XR4"),
                incident_lookup.no_such_person(reassign, UNLINKED, "#sre-help", "K7QM2XR4"),
            ),
        ),
    )


def _add_queries(page: Page) -> None:
    now = NOON + 30_000
    page.chapter("`/pd list`")
    for scope in Scope:
        page.case(
            f"`{PD} list {scope}`".replace(" `", "`"),
            *(_shown(render_list(scope, found, now, PD)) for found in (open_incidents(4), [])),
        )
    page.case("Older ones are not read", _shown(render_list(Scope.ALL, [], now, PD, OpenList([], older=True).rest)))
    unread = OpenList([], unread=[IncidentId("Q1INCIDENT"), IncidentId("Q2INCIDENT")]).rest
    page.case("What was known of two is lost", _shown(render_list(Scope.ALL, [], now, PD, unread)))
    listed = _shown(render_list(Scope.ALL, open_incidents(25), now, PD)).splitlines()
    page.case("More than can be listed", next(line for line in listed if "…and" in line))
    page.chapter("`/pd show`")
    page.case("Everything", _shown(render_incident(whole())))
    one = replace(whole(), alerts=(whole().alerts or ())[:1], incident=replace(whole().incident, alerts=None))
    page.case("With one alert", _shown(render_incident(replace(one, notes=(), log=()))))
    page.case("Nothing more could be read", _shown(render_incident(IncidentView(whole().incident, None, None, None))))
    page.chapter("`/pd timeline`")
    notes = tuple(_note(number) for number in range(200))
    for situation, lines in (("A short one", notes[:1]), ("Nothing is known", ()), ("A long one", notes)):
        document = timeline_document(Incident(INCIDENT, snapshot=whole().incident.snapshot, lines=lines))
        seen = _shown(timeline_reply(document, "#37")).splitlines()
        page.case(situation, "\n".join(seen if len(seen) < 50 else seen[-1:]))
    address = "https://acme.slack.com/docs/T0ACME/F0CANVAS"
    page.case("As a canvas as well", slack_text.seen(canvas_made(address, "#37")))
    for situation, error in (
        ("The canvas lacks its scope", Refused("Slack refused canvases.create", "missing_scope")),
        ("It can't be made", Uncertain("the connection to Slack broke during canvases.create")),
        ("Slack is slow", TimeoutError()),
    ):
        page.case(situation, slack_text.seen(no_canvas(error, "WN2X3EPY")))
    page.chapter("`/pd notify`")
    for level in Level:
        page.case(f"It is `{level}`", slack_text.seen(STANDING[level]))
    page.case("How to change it", slack_text.seen(how_to_change(PD)))
    page.case("Switched off in `bridge.toml`", slack_text.seen(switched_off_text("#sre-help")))
    _add_channel(page)
    _add_handover(page)
    page.chapter("`/pd oncall`")
    policy = EscalationPolicy("PPOL001", "Payments on-call", (EscalationLevel(()),) * 3)
    shifts = (_shift(1, "Alice Ng", NOON + 3_600_000), _shift(1, "Dan Ek", None), _shift(2, "Bob Ray", None))
    page.case("Who is on call", slack_text.seen(render_levels(policy, shifts, NOON)))
    end, eve = NOON + 3_600_000, _shift(1, "Eve Oh", None)
    following = replace(eve, since=Instant(end))
    page.case("And who is next", slack_text.seen(render_levels(policy, (shifts[0], following), NOON)))
    page.case("The next one later", slack_text.seen(render_levels(policy, (shifts[1], following), NOON)))
    places = [OnCallTarget(f"checkout-{number}", Ref(f"P{number}"), policy) for number in range(12)]
    page.case("Several match", _shown(on_call.ambiguous_reply("checkout", places, PD)))
    page.case("Some could not be read", *(slack_text.seen(on_call.unread_policies(count)) for count in (1, 2)))
    page.case("Nothing matches", *(_shown(on_call.no_match_reply(text, PD)) for text in ("chekout", "")))


def _add_channel(page: Page) -> None:
    page.chapter("`/pd channel`")
    page.case("This bridge opens none", _shown(incident_lookup.no_channels("#sre-help")))
    page.case("The incident is shown nowhere", _shown(incident_lookup.unshown("#37", "#sre-help")))


def _add_handover(page: Page) -> None:
    page.chapter("`/pd handover`")
    acknowledged, snoozed = (
        webhook(ACKNOWLEDGED, NOON),
        replace(webhook(SNOOZED, NOON), details=(("until", str(NOON)),)),
    )
    many = [folded(f"Q{number}", title=f"Disk {number} is full") for number in range(12)]
    notes = [note(NOON, f"N{number}", f"Try {number} didn't help") for number in range(12)]
    again = [folded(f"QFLAP{number}", webhook(RESOLVED, NOON), title="Queue grows") for number in range(3)]
    some = (
        folded("QA"),
        folded("QB", acknowledged, note(NOON, "N1", "Waiting for the vendor")),
        folded("QC", acknowledged, snoozed),
        *again,
    )
    policy = EscalationPolicy("PPOL001", "Payments on-call", (EscalationLevel(()),) * 2)
    shifts = (
        _shift(1, "Alice Ng", NOON + 3_600_000),
        replace(_shift(1, "Bob Ray", None), since=Instant(NOON + 3_600_000)),
    )
    on_call = PolicyOnCall(policy, shifts, frozenset())

    def told(*incidents: Incident, read: PolicyOnCall | None = on_call, older: bool = False) -> list[str]:
        return handover_paragraphs(summarize(incidents, NOON + 1), [read], NOON + 1, older=older)

    page.case("Something of each kind", _shown(handover.channel_reply(told(*some), PD)))
    page.case(
        "Much, and who is on call could not be read",
        _shown(handover.channel_reply(told(*many, folded("QN", *notes), read=None, older=True), PD)),
    )
    page.case(
        "Nothing is to be handed over",
        _shown(handover.channel_reply([QUIET], PD)),
        _shown(handover.channel_reply(told(), PD)),
    )
    page.case("`/pd handover mine`", _shown(handover.teams_reply(told(some[0]))), _shown(handover.teams_reply(None)))
    page.case(
        "Posted in the channel", slack_text.blocks(handover_message("handover:C0:x", HEADING, told(some[1])).blocks)
    )
    for situation, change in (
        ("A shift ends", ShiftChange(NOON, ("Alice Ng",), ("Bob Ray",))),
        ("Several people change", ShiftChange(NOON, ("Alice Ng", "Dan Ek"), ("Bob Ray",))),
        ("No one follows", ShiftChange(NOON, ("Alice Ng",), ())),
        ("There was no one before", ShiftChange(NOON, (), ("Alice Ng", "Bob Ray"))),
    ):
        open_now = some[1:2] if situation == "A shift ends" else ()
        read = on_call if change.coming else replace(on_call, entries=())
        posted = shift_message("handover:C0:P:1", change, told(*open_now, read=read))
        page.case(f"Posted at a change of shift: {situation.lower()}", slack_text.blocks(posted.blocks))
    page.case(
        "The button was pressed", *map(slack_text.seen, (posting.POSTING, posting.NOT_STORED, posting.UNREADABLE))
    )
    refusals = (Refused("x", "not_in_channel", 200), Refused("msg_too_long", "msg_too_long", 200))
    page.case("Slack refused the post", *(slack_text.seen(refused_text(error)) for error in refusals))
    page.case("Its person has become a guest meanwhile", slack_text.seen(not_posted(UNLINKED.text)))


def _add_acknowledge_mine(page: Page) -> None:
    page.chapter("`/pd ack mine`")
    now = NOON + 30_000
    for situation, count in (("One", 1), ("Several", 3)):
        page.case(situation, _shown(acknowledge_mine.preview(open_incidents(count), now, PD)))
    page.case("None", _shown(acknowledge_mine.preview([], now, PD)))
    none_here = _shown(acknowledge_mine.preview([], now, PD, acknowledge_mine.NONE_HERE))
    page.case(
        "None of those on a digest card, or its button can't be read", none_here, slack_text.seen(digest.UNREADABLE)
    )
    lines = _shown(acknowledge_mine.preview(open_incidents(60), now, PD)).splitlines()
    page.case("More than one press acknowledges", "\n".join(line for line in lines if "#" not in line))
    one, three = _press(37), _press(37, 38, 39)
    page.case("Pressed", *(_shown(acknowledge_mine.accepted_reply(command)) for command in (one, three)))
    page.case("It could not be stored", _shown(acknowledge_mine.lost_reply(three, PD)))
    part = split(three)[-1]
    page.case("While it takes long", *(_shown(sending_reply(part, ahead)) for ahead in (None, 12)))
    page.case("Still", *(_shown(still_trying_reply(part, "", ahead, unclear=False)) for ahead in (None, 12)))
    ends = (Outcome(Kind.DONE), Outcome(Kind.ALREADY, actor="Bob Ray", at_ms=NOON), Outcome(Kind.DONE))
    failed = Outcome(Kind.EXPIRED, why="It couldn't be sent to PagerDuty in time.", reference="K7QM2XR4")
    refused = Outcome(Kind.NOT_ALLOWED, why="(The reason.)", next_step="(The next step)")
    for situation, outcomes in (
        ("All were acknowledged, or were already", ends),
        ("Some were not", (ends[0], failed, refused)),
        ("None was", (refused,) * 3),
    ):
        parts = [Part(command, outcome) for command, outcome in zip(split(three), outcomes, strict=True)]
        page.case(situation, _shown(several_reply(parts)))
    resolving = replace(three, action=Action.RESOLVE, params=replace(three.params, text="Restarted the pool"))
    some = [
        Part(command, outcome) for command, outcome in zip(split(resolving), (ends[0], failed, refused), strict=True)
    ]
    page.case("Several were to be resolved, from the list", _shown(several_reply(some)))


def _add_who_am_i(page: Page) -> None:
    page.chapter("`/pd whoami`")
    for how in ("table", "e-mail"):
        page.case(f"Linked by {how}", _shown(build_reply(router.linked_text(Linked(PERSON, USER, how)))))
    page.case("Not linked", _shown(build_reply(router.not_linked_text(BY.id, UNLINKED))))
    page.case("The roles", ", ".join(ROLE_NAMES.values()))


def _add_failures(page: Page) -> None:
    page.chapter("Failures")
    page.case(
        "What was asked for could not be read",
        *(
            _unique(build_reply(query_failed_text(Verb.LIST, error, "#sre-help")))
            for error in (SLOW, LIMITED, CREDENTIALS, TimeoutError(), Refused("x", 2010, 403))
        ),
    )
    page.case("Slack sent what Slack does not document", _unique(slash_commands.malformed_reply(Malformed("x"))))
    page.case("A person of another workspace", slack_text.seen(app.REFUSAL))


def _note(number: int) -> Line:
    told = (("text", "The pool is full."),)
    at = Instant(NOON + number * 1000)
    return Line(LineKey(f"{ANNOTATED}@{number}"), ANNOTATED, at, ALICE, (), details=told)


def _shift(level: int, name: str, until_ms: int | None) -> OnCall:
    return OnCall(level, Ref(name, name), Ref("PPOL001"), Instant(until_ms) if until_ms else None)


def _press(*numbers: int) -> Command:
    """Press on the button of these incidents."""
    named = tuple(Ref(f"Q{number}", f"#{number}") for number in numbers)
    whole = Command(CommandId("c1"), Action.ACKNOWLEDGE, IncidentId("MANYC1"), BY, ChannelId("C0"), None, "")
    return replace(whole, params=ActionParams(incidents=named), label=named[0].name if len(named) == 1 else "")


def _shown(reply: Reply) -> str:
    return slack_text.reply(reply)


def _unique(reply: Reply) -> str:
    """Show an answer whose reference is drawn anew each time."""
    head, _, rest = _shown(reply).partition("(reference `")
    return f"{head}(reference `K7QM2XR4`{rest.partition('`')[2]}"
