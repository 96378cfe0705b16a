"""The second act, step by step: what else people do from Slack, in dialogs, and a request of which one part fails."""

from pagebridge_sandbox.demo import fixtures
from pagebridge_sandbox.demo.markup import NO_BREAK
from pagebridge_sandbox.demo.scenario import (
    Step,
    card,
    dialog_says,
    privately_reads,
    status,
    thread,
    webhook_count,
    writes,
)
from pagebridge_sandbox.demo.stage import Stage
from pagebridge_sandbox.pagerduty import Fault

TITLE = "Search results are stale"
NOTE = "The nightly index build failed, I am starting it again"
HELP_MESSAGE = "Can you check the index build with us?"
RESOLUTION = "Rebuilt the index: the builder's disk was full"

NOTED = "Bob Ray added a note in Slack"
ESCALATED = "Alice Ng escalated it to Carol Diaz in Slack"
REASSIGNED = "Carol Diaz reassigned it from Carol Diaz to Bob Ray in Slack"
RESPONDER_REQUESTED = "Alice Ng asked Carol Diaz to help in Slack"
RESOLVED = "Bob Ray resolved it in Slack"
CARD_RESOLVED = "Resolved by Bob Ray in Slack"

BOBS_NOTE = "note by bob@example.com: 200"
ALICES_ESCALATION = "escalation_level=2 by alice@example.com: 200"
CAROLS_REASSIGNMENT = "assignees=PBOB1 by carol@example.com: 200"
ERINS_REQUEST = "responders=PERIN1 by alice@example.com: 400"
CAROLS_REQUEST = "responders=PCAROL1 by alice@example.com: 200"
BOBS_RESOLVE = "status=resolved resolution by bob@example.com: 200"


async def open_incident(stage: Stage) -> None:
    """Let monitoring open another incident."""
    stage.trigger(fixtures.SEARCH, TITLE)


async def add_note(stage: Stage) -> None:
    """Let Bob write a note."""
    modal = await stage.open_dialog("Bob", "Add note")
    modal.fill("Note", NOTE)
    await stage.submit("Bob", modal)


async def escalate(stage: Stage) -> None:
    """Let Alice escalate."""
    await stage.press("Alice", "Escalate")


async def reassign(stage: Stage) -> None:
    """Let Carol choose Dave, who has no PagerDuty account, and then Bob."""
    modal = await stage.open_dialog("Carol", "Reassign")
    for first in ("Dave", "Bob"):
        modal.pick_user("Another person", fixtures.slack_id(first))
        await stage.submit("Carol", modal)


async def request_two_responders(stage: Stage) -> None:
    """Let Alice ask two people for help, of whom PagerDuty refuses the first."""
    stage.record_action("PagerDuty", "no longer knows Erin", "everybody")
    gone = Fault("POST", "/incidents/*/responder_requests", status=400, code=2013, message="User Not Found", times=1)
    stage.pagerduty.add_fault(gone)
    modal = await stage.open_dialog("Alice", "Add responders")
    modal.pick_user("Who should help?", [fixtures.slack_id("Erin"), fixtures.slack_id("Carol")])
    modal.fill("Message", HELP_MESSAGE)
    await stage.submit("Alice", modal)


async def read_details(stage: Stage) -> None:
    """Let Dave, who has no PagerDuty account, read all of it."""
    await stage.read_dialog("Dave", "Details")


async def list_open(stage: Stage) -> None:
    """Let Bob ask what is open."""
    await stage.person("Bob").type_command("/pd list", fixtures.CHANNEL)


async def resolve(stage: Stage) -> None:
    """Let Bob resolve, and say what solved it."""
    modal = await stage.open_dialog("Bob", "Resolve")
    modal.fill("What fixed it?", RESOLUTION)
    await stage.submit("Bob", modal)


SECOND_INCIDENT = (
    Step(
        "Another incident, on a service that both teams share: a second card",
        open_incident,
        (card("Triggered", cards=2), thread(), writes(), status("triggered", "Alice")),
    ),
    Step(
        "Bob adds a note: PagerDuty has it in his name, and the thread has it once",
        add_note,
        (thread(NOTED), writes(BOBS_NOTE), webhook_count("echo", 3)),
    ),
    Step(
        "Alice escalates, confirms, and reads who is paged now",
        escalate,
        (
            privately_reads("Alice", "You escalated incident #2."),
            privately_reads("Alice", "Level 2 was paged: Carol Diaz."),
            thread(NOTED, ESCALATED),
            writes(BOBS_NOTE, ALICES_ESCALATION),
            status("triggered", "Carol"),
        ),
        scene="A second incident. Bob adds a note, and Alice escalates it to Carol.",
    ),
    Step(
        "Carol reassigns it: the dialog refuses Dave before anything is sent, and accepts Bob",
        reassign,
        (
            privately_reads("Carol", "You reassigned incident #2. Now assigned to Bob Ray."),
            thread(NOTED, ESCALATED, REASSIGNED),
            writes(BOBS_NOTE, ALICES_ESCALATION, CAROLS_REASSIGNMENT),
            status("triggered", "Bob"),
        ),
        scene="Carol picks Dave, who has no PagerDuty account: the dialog refuses. She reassigns it to Bob instead.",
    ),
    Step(
        "Alice asks Erin and Carol for help, and PagerDuty refuses one of them: she reads the result for each",
        request_two_responders,
        (
            privately_reads("Alice", "Erin Fox: NOT asked. PagerDuty doesn't know that person."),
            privately_reads("Alice", "Carol Diaz: asked"),
            thread(NOTED, ESCALATED, REASSIGNED, RESPONDER_REQUESTED),
            writes(BOBS_NOTE, ALICES_ESCALATION, CAROLS_REASSIGNMENT, ERINS_REQUEST, CAROLS_REQUEST),
        ),
    ),
    Step(
        "Dave, who has no PagerDuty account, opens Details: alerts, notes and log",
        read_details,
        (dialog_says("Note added by Bob Ray"), status("triggered", "Bob")),
    ),
    Step(
        "Bob types /pd list: what is open in this channel, for his eyes only",
        list_open,
        (privately_reads("Bob", f"Open in this channel: 1 #2 {TITLE} · Triggered · Bob Ray"),),
        scene="Alice asks Erin and Carol for help: PagerDuty refuses Erin, and Alice is told. Bob types "
        f"/pd{NO_BREAK}list.",
    ),
    Step(
        "Bob resolves it with a note",
        resolve,
        (
            card(CARD_RESOLVED, cards=2),
            thread(NOTED, ESCALATED, REASSIGNED, RESPONDER_REQUESTED, RESOLVED),
            writes(BOBS_NOTE, ALICES_ESCALATION, CAROLS_REASSIGNMENT, ERINS_REQUEST, CAROLS_REQUEST, BOBS_RESOLVE),
            webhook_count("echo", 7),
            webhook_count("duplicate", 1),
            webhook_count("stale", 1),
            status("resolved"),
        ),
        quiet_seconds=1.3,  # as at the end of the first act
        scene="Bob resolves it with a note.",
    ),
)
