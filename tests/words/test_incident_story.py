"""What `pagebridge why` tells of an incident: a sentence for each fact in its journal, and how it stands now."""

from collections.abc import Mapping
from dataclasses import replace

import pytest

from pagebridge.cli.incident_story import ERRORS, WORDS, told, worded
from pagebridge.cli.incidents import Standing
from pagebridge.cli.names import Names
from pagebridge.cli.why import _lines, present
from shared.model.actions import Action
from shared.model.command import Attempt, AttemptState, Command, CommandQueue, CommandRecord, SlackActor
from shared.model.event import Instant, Source
from shared.model.ids import ChannelId, CommandId, MessageTs, SlackUserId
from shared.model.incident import FoldResult, Incident
from shared.model.journal import AuditEntry, Fact
from shared.model.message_state import MessageState
from shared.model.outcome import Kind
from shared.model.permissions import GROUNDS, VERDICTS
from shared.model.slack_state import SlackState
from tests.builders import INCIDENT, NOON, snapshot
from tests.pagebridge.test_cli_audit import ACK, ASKED, STRANGER
from tests.words.page import Page
from tests.words.terminal import MOVING

ABOUT = {
    "action": "acknowledge",
    "as_of_ms": str(NOON),
    "assigned": "PALICE1",
    "by": "PALICE1",
    "call": "1",
    "channel": "C0INCIDENTS",
    "channels": "C0INCIDENTS",
    "command": "c0ffee",
    "error": "uncertain",
    "event_id": "01ABC",
    "instead": "C0DEFAULT",
    "lines": "3",
    "message": "card",
    "missing": "incident.resolved",
    "occurred_ms": str(NOON),
    "person": "U0ALICE",
    "source": "webhook",
    "state": "unclear",
    "status": "triggered",
    "told": "news",
    "ts": "1700000000.000100",
    "type": "incident.triggered",
    "urgency": "high",
    "wrong": "changed",
}
"""What facts are about."""
NAMES = Names({"PALICE1": "Alice Ng", "U0ALICE": "Alice Ng", "U0CAROL": "Carol Diaz", "C0INCIDENTS": "#incidents"})
KNOWN = {"c0ffee": "Alice Ng's acknowledgement", "card": "the card"}
VARIANTS: tuple[tuple[str, Mapping[str, str]], ...] = (
    *(("event.folded", {"told": result}) for result in FoldResult),
    *(("event.folded", {"source": source}) for source in Source),
    *(("message.posted", {"message": message}) for message in ("card", "triggered@1")),
    ("incident.known", {"assigned": ""}),
    ("line.opened", {"command": "", "by": "PALICE1"}),
    ("line.opened", {"command": "", "by": ""}),
    ("incident.routed", {"route": "default", "passed_over": "1:service,2:urgency"}),
    ("incident.routed", {"route": "2"}),
    ("digest.joined", {"channel": "C0INCIDENTS"}),
    ("digest.left", {"channel": "C0INCIDENTS"}),
    *(("incident.unshown", {"why": why}) for why in ("no_route", "ignored", "private_team", "teams_unknown", "over")),
    ("call.failed", {"unclear": "yes"}),
    ("call.failed", {"unclear": "no"}),
    *(("pagerduty.failed", {"error": error, "status": "503", "code": "2000", "wait": "4"}) for error in ERRORS),
)
"""What else facts can say."""


def test_every_fact_of_a_story_can_be_read_in_one_file(pytestconfig: pytest.Config) -> None:
    """Each fact, with all that it can say; then what an incident waits for."""
    page = Page("incident_story", "The story of an incident", "What `pagebridge why` tells.")
    page.chapter("What happened")
    for name in sorted(WORDS.keys() - {"command.ended"}):
        also = [{**ABOUT, **variant} for kind, variant in VARIANTS if kind == name]
        page.case(f"`{name}`", *dict.fromkeys(_text(name, about) for about in (also or [ABOUT])))
    page.case("`command.ended`", *dict.fromkeys(moment.text for moment in told((), _entries(), NAMES)))
    page.chapter("How it stands")
    for situation, now in _standings().items():
        page.case(situation, _still("\n".join(present(now, NAMES))))
    (nothing,) = (line for line in _lines(_standings()["Nothing is to be done"], [], NAMES) if "journal" in line)
    page.case("The journal has expired", nothing)
    page.check(pytestconfig)


def _entries() -> list[AuditEntry]:
    """Give one entry for each end of a command, each ground and each refusal."""
    ends = [replace(ACK, outcome=kind, rule="" if kind is Kind.NOT_LINKED else ACK.rule) for kind in Kind]
    grounds = [f"{rule}: {ground}" for rule, every in GROUNDS.items() for ground in every]
    refused = [replace(ACK, outcome=Kind.NOT_ALLOWED, rule=rule) for rule in sorted(VERDICTS) if ": " not in rule]
    refused.append(replace(ACK, outcome=Kind.NOT_ALLOWED, rule=""))
    done = [replace(ACK, action=action) for action in Action]
    return [ACK, ASKED, STRANGER, *ends, *(replace(ACK, rule=rule) for rule in grounds), *refused, *done]


def _text(name: str, about: Mapping[str, str]) -> str:
    given = Fact(name, tuple((key, value) for key, value in about.items() if value))
    return _still(worded(given, NAMES, KNOWN))


def _still(text: str) -> str:
    for pattern, shown in MOVING:
        text = pattern.sub(shown, text)
    return text


def _standings() -> dict[str, Standing]:
    home = ChannelId("C0INCIDENTS")
    known = replace(Incident(INCIDENT), snapshot=snapshot(), as_of=Instant(NOON))
    shown = SlackState(INCIDENT, "g", (home,)).with_card(home, MessageState(ts=MessageTs("1.2"), content_digest="d"))
    quiet = Standing(known, shown, CommandQueue(INCIDENT), NOON, None, None)
    alice = SlackActor(SlackUserId("U0ALICE"), "T0ACME")
    asked = Command(CommandId("c0ffee"), Action.ACKNOWLEDGE, INCIDENT, alice, home, None, "")
    queue = CommandQueue(INCIDENT, (CommandRecord(asked, NOON, calls=1),))
    trying = Attempt(asked.id, asked.action, alice.id, AttemptState.UNCLEAR, NOON)
    return {
        "Nothing is to be done": quiet,
        "It shares a card": replace(quiet, surface=SlackState(INCIDENT, "g", (home,), digests={home: NOON})),
        "It is shown nowhere": replace(quiet, surface=SlackState(INCIDENT, "g", ())),
        "A click is on its way": replace(
            quiet, incident=replace(known, attempts=(trying,)), queue=queue, dirty_ms=NOON, commands_ms=NOON + 2000
        ),
        "No worker runs": replace(quiet, dirty_ms=NOON - 60_000, commands_ms=NOON - 60_000),
        "PagerDuty has to be read": replace(quiet, incident=replace(known, needs_read=True)),
    }
