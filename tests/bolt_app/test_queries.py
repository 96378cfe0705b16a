"""What people read: worded from the facts, harmless whatever PagerDuty says, and never too long for Slack."""

import json
from dataclasses import replace
from typing import cast

import pytest
from fakeredis import FakeAsyncRedis
from hypothesis import given
from hypothesis import strategies as st

from bolt_app.commands.candidates import candidates
from bolt_app.commands.incident_lookup import lookup_failed, unknown_incident
from bolt_app.commands.slash_grammar import ACTIONS, DIALOGS, ParsedCommand
from bolt_app.commands.verbs import CHANNELS, LINKING, NOTIFYING, USAGES, Scope, Verb
from bolt_app.listeners.slash_commands import LONGEST_TEXT
from bolt_app.modals.context import ModalContext
from bolt_app.open_incidents import OpenIncident, OpenList
from bolt_app.queries import incident_details
from bolt_app.queries.list_incidents import render_list
from bolt_app.queries.on_call import ambiguous_reply, best_matches, render_levels
from bolt_app.queries.on_call_reader import OnCallTarget
from bolt_app.queries.router import help_text, query_failed_text
from bolt_app.queries.show_incident import IncidentView, render_incident
from bolt_app.replies.builder import Reply, age
from pagebridge_sandbox.slack.validation import MAX_BLOCKS_SIZE, check_blocks, check_view
from shared.errors import Refused, Unavailable
from shared.model.enrichment import Link
from shared.model.event import Instant, Ref
from shared.model.event_types import Status
from shared.model.ids import ChannelId, IncidentId
from shared.pagerduty.models.account import ROLE_NAMES, EscalationLevel, EscalationPolicy, OnCall
from shared.pagerduty.models.incident import AlertCounts, PendingAction, RestIncident
from shared.pagerduty.models.incident_parts import Alert, LogEntry, Note
from shared.store.redis import Redis
from tests.bolt_app.built_services import wired
from tests.builders import ALICE, BOB, INCIDENT, NOON, snapshot
from tests.pagebridge.action_docs import commands_table

AT = Instant(NOON, 1000)
ABOUT = ModalContext(INCIDENT, ChannelId("C0INCIDENTS"), None, "", "#37")
TEXT = st.text(st.characters(exclude_categories=()), max_size=400)
LONGEST_ACK = 20_000
"""Bytes of an answer in an ack: Slack drops what is longer (reference on Socket Mode)."""


def harmless(reply: Reply) -> None:
    """Slack takes it, and nothing in it notifies anybody."""
    assert [] == check_blocks(list(reply.blocks))
    assert MAX_BLOCKS_SIZE > len(json.dumps(reply.blocks, ensure_ascii=False))
    assert "<!" not in reply.text.replace("<!date^", "")


def incidents(count: int, title: str = "Checkout is slow") -> list[OpenIncident]:
    """Make open incidents, each a minute younger than the one before."""
    made = snapshot(Status.TRIGGERED, title, ALICE, BOB)
    return [
        OpenIncident(IncidentId(f"Q{at}"), replace(made, number=100 + at, created_ms=NOON + at * 60_000))
        for at in range(count)
    ]


def test_at_most_twenty_are_listed() -> None:
    """The others are counted; the newest come first."""
    told = render_list(Scope.CHANNEL, incidents(25), NOON + 25 * 60_000, "/pd").text

    assert "…and 5 more" in told
    assert told.index("#124") < told.index("#123")
    assert "#105" in told
    assert "#104" not in told


@given(TEXT)
def test_any_title_is_harmless(text: str) -> None:
    """Lists and candidates hold whatever monitoring wrote."""
    found = incidents(30, text)

    harmless(render_list(Scope.ALL, found, NOON, "/pd"))
    harmless(candidates(ParsedCommand(Verb.NOTE, "", text or "x"), "/pd", OpenList(tuple(found))))
    harmless(unknown_incident(ParsedCommand(Verb.NOTE, "4711", text), "/pd"))
    harmless(ambiguous_reply(text, [OnCallTarget(text, Ref("P1"), EscalationPolicy("P1", text))] * 12, "/pd"))


def test_answers_in_an_ack_are_short_enough() -> None:
    """Text and blocks of the longest ones fit into one ack."""
    long = ParsedCommand(Verb.NOTE, "", "&" * 9000)
    for reply in (candidates(long, "/pd", OpenList(tuple(incidents(30, "&" * 500)))), help_text("/" + "x" * 31)):
        assert LONGEST_ACK > len(json.dumps({"text": reply.text[:LONGEST_TEXT], "blocks": reply.blocks}).encode())


def test_a_long_text_is_given_back_once() -> None:
    """Each button carries what was written into its dialog; if it is too long for that, it can be copied once."""
    two = OpenList(tuple(incidents(2)))
    carried = candidates(ParsedCommand(Verb.NOTE, "", "Rolled back " * 20), "/pd", two)
    copied = candidates(ParsedCommand(Verb.NOTE, "", "Rolled back " * 200), "/pd", two)

    assert all("Rolled back" in block["accessory"]["value"] for block in carried.blocks[1:3])
    assert "Your text:" not in carried.text
    assert "Your text:\n> Rolled back" in copied.text
    assert not any("Rolled back" in block["accessory"]["value"] for block in copied.blocks[1:3])


def whole(text: str = "Disk is full") -> IncidentView:
    """Make an incident with everything that it can have."""
    incident = RestIncident(
        INCIDENT,
        snapshot(Status.ACKNOWLEDGED, text, ALICE),
        AT,
        None,
        (),
        "escalation_policy",
        pending=(PendingAction("unacknowledge", Instant(NOON)), PendingAction("dance", Instant(NOON))),
        alerts=AlertCounts(all=3, triggered=2),
    )
    links = (Link("https://grafana.example.com/d/1", text), Link("javascript:alert(1)", ""))
    alert = Alert("A1", text, "", "triggered", "critical", "db-1", links)
    notes = tuple(Note(str(at), f"{text} {at}", Ref("PBOB001", "Bob Ray"), Instant(NOON + at), None) for at in range(5))
    log = tuple(LogEntry(str(at), "x", Instant(NOON + at), None, "api", f"Entry {at} {text}") for at in range(9))
    return IncidentView(incident, (alert,), notes, log)


def test_one_incident_with_everything() -> None:
    """First alert, what happens next, the last notes and the last of the log."""
    told = render_incident(whole()).text

    for words in ("Its acknowledgement ends", "First of 3 alerts", "critical · db-1", "Bob Ray", "Entry 8", "grafana"):
        assert words in told
    assert "dance" not in told
    assert "Disk is full 1" not in told
    assert "Entry 3" not in told


def test_what_could_not_be_read_is_said() -> None:
    """Missing parts are no empty parts."""
    told = render_incident(IncidentView(whole().incident, None, None, None)).text

    assert 3 == told.count("couldn't be read")
    assert "couldn't be read" not in render_incident(IncidentView(whole().incident, (), (), ())).text


@given(TEXT)
def test_any_incident_is_harmless(text: str) -> None:
    """Whatever people and monitoring wrote."""
    harmless(render_incident(whole(text)))


def view(whole: IncidentView) -> str:
    """Open the details of an incident, which Slack must take."""
    made = incident_details.view(ABOUT, incident_details.details_blocks(whole))
    assert [] == check_view(made, only_type="modal")
    shown = json.dumps(made, ensure_ascii=False)
    assert 250_000 > len(shown.encode())
    return shown


def test_details_have_everything() -> None:
    """Every alert with the first lines of its details, every note, every entry of the log, and the way to PagerDuty."""
    given = whole()
    sent = (("cpu", "90 %"), ("trace", "first\n\nsecond\nthird\nfourth"), ("more", "sixth"))
    alerts = tuple(replace(alert, details=sent) for alert in given.alerts or () for _ in range(2))

    told = view(replace(given, alerts=alerts))

    for words in ("*3 alerts* (2 active)", "> cpu: 90 %", "> trace: first", "> second", "> fourth", "> …"):
        assert words in told
    assert "sixth" not in told
    assert all(f"Disk is full {n}" in told for n in range(5))
    assert all(f"Entry {n}" in told for n in range(9))
    assert "|Open in PagerDuty>" in told


def test_details_of_a_long_incident_fit() -> None:
    """A thousand of everything, as long as can be: the alerts that came first, the last notes, the last of the log."""
    given = whole("& " * 4000)
    alert = replace((given.alerts or ())[0], details=tuple((f"{n}", "&" * 900) for n in range(50)))
    notes, log = (given.notes or ()) * 200, (given.log or ()) * 200

    told = view(IncidentView(replace(given.incident, alerts=AlertCounts(1000, 7)), (alert,) * 100, notes, log))

    assert "…and 980 later, in PagerDuty." in told
    assert "…and 1740 earlier, in PagerDuty." in told


def test_details_say_what_is_not_there() -> None:
    """That nothing is there is not the same as that nothing could be read."""
    assert 3 == view(IncidentView(whole().incident, None, None, None)).count("couldn't be read")
    assert "couldn't be read" not in view(IncidentView(whole().incident, (), (), ()))
    assert "No notes" in view(IncidentView(whole().incident, (), (), ()))


@given(TEXT)
def test_any_details_are_harmless(text: str) -> None:
    """Whatever people and monitoring wrote, and called things."""
    given = whole(text)
    alerts = tuple(replace(alert, details=((text, text),), status=text) for alert in given.alerts or ())

    assert "<!" not in view(replace(given, alerts=alerts)).replace("<!date^", "")


def on_call(level: int, name: str, until_ms: int | None) -> OnCall:
    """Put somebody on call."""
    return OnCall(level, Ref(name, name), Ref("PPOL001"), Instant(until_ms) if until_ms else None)


def test_each_level_and_each_person_once() -> None:
    """The last end of several shifts counts, none at all is for good, and a level may have nobody."""
    policy = EscalationPolicy("PPOL001", "Payments on-call", (EscalationLevel(()),) * 3)
    later = NOON + 3_600_000
    entries = [on_call(1, "Alice", later), on_call(1, "Alice", NOON), on_call(2, "Bob", NOON), on_call(2, "Bob", None)]

    _, first, second, third = render_levels(policy, entries, NOON - 1).splitlines()

    assert 1 == first.count("Alice")
    assert f"^{later // 1000}^" in first
    assert "Level 2: Bob" == second
    assert "Level 3: nobody" == third


def test_shifts_without_a_break_are_one_and_the_next_person_is_named() -> None:
    """Alice's two shifts end together; Bob follows at that moment. Carol, after a gap, with the time she begins."""
    policy = EscalationPolicy("PPOL001", "Payments on-call", (EscalationLevel(()),) * 3)
    hour = 3_600_000

    def shift(level: int, name: str, begin: int, end: int) -> OnCall:
        return replace(on_call(level, name, NOON + end * hour), since=Instant(NOON + begin * hour))

    entries = [
        shift(1, "Alice", -1, 1),
        shift(1, "Alice", 1, 2),
        shift(1, "Bob", 2, 3),
        shift(2, "Alice", -2, 1),
        shift(2, "Carol", 5, 6),
        shift(3, "Carol", 5, 6),
        shift(3, "Bob", -6, -5),
    ]
    _, first, second, third = render_levels(policy, entries, NOON).splitlines()

    assert f"^{(NOON + 2 * hour) // 1000}^" in first
    assert first.endswith(", then Bob")
    assert "; next Carol from" in second
    assert third.startswith("Level 3: nobody; next Carol from")


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("Payments", ["Payments"]),
        ("payments", ["Payments"]),
        ("pay", ["Payments", "Payments API"]),
        ("PAYMENTS API", ["Payments API"]),
        ("paymetns", ["Payments", "Payments API"]),
        ("zzz", []),
    ],
)
def test_a_name_finds_what_it_fits_best(typed: str, found: list[str]) -> None:
    """The whole name wins, then part of it, then what is nearly it."""
    places = [
        OnCallTarget(name, Ref(name), EscalationPolicy(name, name)) for name in ("Payments", "Payments API", "Search")
    ]

    assert found == [place.name for place in best_matches(typed, places)]


def test_every_reason_comes_with_a_next_step() -> None:
    """A failure says why, what to do, and what to quote."""
    for error in (Unavailable("PagerDuty cannot be reached: x"), Refused("No", 2010, 403), TimeoutError()):
        assert "reference `" in query_failed_text(Verb.LIST, error, "#sre-help")
        told = lookup_failed(ParsedCommand(Verb.ACK, "4711"), "/pd", error, "#sre-help", "ABCD2345").text
        assert "*Nothing was sent:*" in told
        assert "use PagerDuty" in told or "Use PagerDuty and tell #sre-help" in told
        assert "ABCD2345" in told


@pytest.mark.parametrize(
    ("minutes", "words"),
    [
        (0, "opened just now"),
        (1, "open 1 min"),
        (59, "open 59 min"),
        (60, "open 1 h"),
        (47 * 60, "open 47 h"),
        (72 * 60, "open 3 days"),
    ],
)
def test_ages(minutes: int, words: str) -> None:
    """Minutes, then hours, then days."""
    assert words == age(NOON, NOON + minutes * 60_000)


EVERY = LINKING | NOTIFYING | CHANNELS


def test_the_manual_and_the_document_name_every_command() -> None:
    """Both are made from the table that the parser reads."""
    for usage in USAGES:
        assert f"`/pd {usage.line}`" in help_text("/pd", EVERY).text
        assert (f"`/pd {usage.line}`" in help_text("/pd").text) is (usage.verb not in EVERY)
        assert usage.description in commands_table("/pd")
    assert "`/pd list [mine\\|all]`" in commands_table("/pd")
    harmless(help_text("/pd", EVERY))


def test_every_role_has_its_name() -> None:
    """All that PagerDuty documents."""
    assert 8 == len(ROLE_NAMES)


async def test_every_command_is_answered() -> None:
    """What changes an incident is an action or opens a dialog, `help` reads nothing; the rest are queries."""
    listener = (await wired(cast("Redis", FakeAsyncRedis()))).listeners.slash_commands

    assert set(Verb) == {*ACTIONS, *DIALOGS, Verb.TRIGGER, Verb.HELP, *listener.reading.queries}
