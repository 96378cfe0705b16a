"""The story as data: what is played, step by step, and what must hold after each step."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from pagebridge.sandbox.demo import cast
from pagebridge.sandbox.demo.checking import Check
from pagebridge.sandbox.demo.figures import counted
from pagebridge.sandbox.demo.stage import Stage

TITLE = "Checkout latency over 2 s"

TRIGGERED = "Triggered by Events API V2"
BY_ALICE = "Acknowledged by Alice Ng in Slack"
RAN_OUT = "Acknowledgement ran out"
BY_BOB = "Acknowledged by Bob Ray in PagerDuty"
RESOLVED = "Resolved by Alice Ng in Slack"

KINDS = {"echo": "echoes of our own writes", "duplicate": "duplicates", "stale": "older than what is known"}
"""The worker's words for webhooks that changed nothing, and ours."""

ALICES_ACKNOWLEDGE = "acknowledged by alice@example.com: 200"
ALICES_RESOLVE = "resolved by alice@example.com: 200"


@dataclass(frozen=True)
class Step:
    """
    One step: its title, what is played, and what must hold when all has come to rest.

    `rest` is for how many seconds nothing may happen for that.
    """

    title: str
    play: Callable[[Stage], Awaitable[None]]
    checks: tuple[Check, ...]
    rest: float = 0.3


def card(state: str) -> Check:
    """Require a state on the only card."""
    return Check(f'one card: "{state}"', lambda seen: (seen.cards, seen.card), (1, state))


def buttons(*labels: str) -> Check:
    """Require the buttons of the card."""
    has = f"buttons {' and '.join(labels)}" if labels else "no button any more"
    return Check(has, lambda seen: seen.buttons, list(labels))


def thread(*lines: str) -> Check:
    """Require the lines of the thread, each of them once and in this order."""
    what = f'{counted(len(lines), "line")} in the thread, the last "{lines[-1]}"'
    return Check(what, lambda seen: seen.thread, list(lines))


def writes(*made: str) -> Check:
    """Require the writes to PagerDuty, all since the beginning."""
    last = f', the last "{made[-1]}"' if made else ""
    return Check(f"{counted(len(made), 'write')} to PagerDuty so far{last}", lambda seen: seen.writes, list(made))


def status(state: str, *assignees: str) -> Check:
    """Require the truth at PagerDuty."""
    whose = f", assigned to {' and '.join(assignees)}" if assignees else ""
    expected = (state, [cast.pagerduty_id(first) for first in assignees])
    return Check(f"in PagerDuty {state}{whose}", lambda seen: (seen.status, seen.assignees), expected)


def reads(first: str, words: str) -> Check:
    """Require words that one person reads, and nobody else."""
    return Check(f'{first} alone reads "{words}"', lambda seen: seen.private(first), words, part=True)


def told(what: str, number: int) -> Check:
    """Require how many webhooks were of a kind to the worker, all since the beginning."""
    return Check(f"webhooks so far that were {KINDS[what]}: {number}", lambda seen: seen.told[what], number)


async def open_incident(stage: Stage) -> None:
    """Let monitoring open the incident."""
    stage.act("Monitoring", f'opens an incident: "{TITLE}"')
    stage.incident = stage.pagerduty.trigger(cast.SERVICE, TITLE, priority="P1").id


async def press_without_right(stage: Stage) -> None:
    """Let two people press who may not."""
    await stage.press("Carol", "Acknowledge")
    await stage.answered("Carol")
    await stage.press("Dave", "Acknowledge")


async def acknowledge_in_slack(stage: Stage) -> None:
    """Let Alice press Acknowledge."""
    await stage.press("Alice", "Acknowledge")


async def run_out_and_acknowledge(stage: Stage) -> None:
    """Let the acknowledgement run out, its webhook be late, and Bob acknowledge; the next webhook comes twice."""
    stage.late = stage.pagerduty.webhooks.hold(stage.incident, "incident.unacknowledged")
    stage.act("Timer", "the acknowledgement runs out; the webhook that tells it is delayed")
    stage.pagerduty.automation.unacknowledge(stage.incident)
    stage.pagerduty.webhooks.duplicate_next(1, same_id=False)
    stage.act("Bob", "acknowledges in PagerDuty's own interface")
    stage.pagerduty.web(cast.pagerduty_id("Bob")).acknowledge(stage.incident)


async def deliver_late(stage: Stage) -> None:
    """Let go of the webhook that was kept back."""
    if stage.late is not None:
        stage.late.release()


async def resolve_in_an_outage(stage: Stage) -> None:
    """Let PagerDuty go down, and Alice press Resolve."""
    stage.act("PagerDuty", "stops answering its REST API", "everybody")
    stage.pagerduty.stop_answering()
    await stage.press("Alice", "Resolve", confirm="Resolve")


async def end_the_outage(stage: Stage) -> None:
    """Let PagerDuty come back."""
    stage.act("PagerDuty", "answers again", "everybody")
    stage.pagerduty.answer_again()


STORY = (
    Step(
        "Monitoring opens an incident: its card appears in #incidents",
        open_incident,
        (
            card("Triggered"),
            buttons("Acknowledge", "Resolve"),
            thread(TRIGGERED),
            writes(),
            status("triggered", "Alice"),
        ),
    ),
    Step(
        "Carol (another team) and Dave (no PagerDuty account) press Acknowledge: refused, privately",
        press_without_right,
        (
            reads("Carol", "This incident belongs to Payments, and you are not on that team."),
            reads("Dave", "No PagerDuty user has your Slack e-mail address dave@example.com"),
            card("Triggered"),
            writes(),
            status("triggered", "Alice"),
        ),
    ),
    Step(
        "Alice acknowledges in Slack: written in her name, and the webhook that echoes it says nothing new",
        acknowledge_in_slack,
        (
            card(BY_ALICE),
            buttons("Open in PagerDuty", "Resolve"),
            thread(TRIGGERED, BY_ALICE),
            writes(ALICES_ACKNOWLEDGE),
            told("echo", 1),
            status("acknowledged", "Alice"),
        ),
    ),
    Step(
        "The acknowledgement runs out, and Bob acknowledges in PagerDuty: one webhook is late, one comes twice",
        run_out_and_acknowledge,
        (
            card(BY_BOB),
            thread(TRIGGERED, BY_ALICE, BY_BOB),
            told("duplicate", 1),
            writes(ALICES_ACKNOWLEDGE),
            status("acknowledged", "Bob"),
        ),
    ),
    Step(
        "The late webhook arrives: it gets its line, but the card does not go back to an older state",
        deliver_late,
        (
            thread(TRIGGERED, BY_ALICE, BY_BOB, RAN_OUT),
            card(BY_BOB),
            told("stale", 1),
            status("acknowledged", "Bob"),
        ),
    ),
    Step(
        "PagerDuty is down: Alice presses Resolve, confirms, and is told the truth",
        resolve_in_an_outage,
        (
            reads("Alice", "is on its way to PagerDuty"),
            reads("Alice", "is NOT resolved yet, it is still open"),
            card(BY_BOB),
            Check('it adds "Alice Ng is resolving…"', lambda seen: seen.whole_card, "Alice Ng is resolving", part=True),
            writes(ALICES_ACKNOWLEDGE),
            status("acknowledged", "Bob"),
        ),
    ),
    Step(
        "PagerDuty is back: the resolve goes through, once, and the incident is over",
        end_the_outage,
        (
            card(RESOLVED),
            buttons(),
            thread(TRIGGERED, BY_ALICE, BY_BOB, RAN_OUT, RESOLVED),
            reads("Alice", "is resolved, in your name"),
            writes(ALICES_ACKNOWLEDGE, ALICES_RESOLVE),
            told("echo", 2),
            told("duplicate", 1),
            told("stale", 1),
            status("resolved"),
        ),
        rest=1.3,  # the worker posts one message a second: in this time a line too many would come
    ),
)
