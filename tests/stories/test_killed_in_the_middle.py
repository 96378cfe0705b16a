"""A worker is killed in the middle of what must not be done twice: done once or not, and the person learns which."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from pagebridge.cli import main
from pagebridge_sandbox.pagerduty import Fault
from pagebridge_sandbox.slack import Modal
from shared.model.journal import AuditEntry
from shared.model.outcome import Kind
from shared.store.redis import Redis, connect
from shared.store.streams import Audit
from tests.stories.harness import Bridge, settled
from tests.stories.processes import PATIENT, Deployment, deployed_with_receiver, incidents, lines, struck
from tests.webhook_receiver.running import until as until_so

READING, WRITTEN, LATE, LOST, ANSWERED = STEPS = (
    "reading",
    "written, no answer",
    "write lands late",
    "write lost",
    "answered, not stored",
)
"""How far the worker had come with each incident when it was killed."""
TOLD = ("slack_user", "pagerduty_user", "mapped", "decision", "rule", "sent", "outcome")
"""What `pagebridge why` has in common with the audit."""


@dataclass(frozen=True)
class Act:
    """
    Something that is never sent twice: its button, how its dialog is filled in, and the path of its call.

    `done` is what its clicker reads in the end, `doubt` what they read if nobody can know, `line` what the thread says.
    """

    button: str
    fill: Callable[[Modal], None]
    path: str
    done: str
    doubt: str
    line: str


ACTS = [
    Act(
        "Add note",
        lambda modal: modal.fill("Note", "Looking into it"),
        "/incidents/*/notes",
        "You added a note to incident #{}",
        "Your note on incident #{} may or may not have gone through. PagerDuty did not confirm",
        "Alice Ng added a note in Slack",
    ),
    Act(
        "Add responders",
        lambda modal: modal.pick_user("Who should help?", ["U0BOB"]),
        "/incidents/*/responder_requests",
        "You requested help with incident #{}",
        "Your request for help with incident #{} may or may not have gone through. PagerDuty did not confirm",
        "Alice Ng asked Bob Ng to help in Slack",
    ),
]


@pytest.fixture
async def bridge(tmp_path: Path) -> AsyncIterator[Deployment]:
    """Prepare Acme's deployment, with a receiver and no worker yet."""
    async with deployed_with_receiver(tmp_path) as deployment:
        yield deployment


@pytest.mark.both_servers
@pytest.mark.parametrize("act", ACTS, ids=["note", "responders"])
async def test_what_a_killed_worker_was_sending_is_never_doubled(
    bridge: Deployment, act: Act, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """
    Killed while reading, before and after the effect, and between answer and record: once, or told as not known.

    The audit knows as whom, by which rule and what was sent, and `pagebridge why` tells the same.
    """
    killed = await bridge.worker(PATIENT)
    cards = dict(zip(STEPS, await incidents(bridge, *STEPS), strict=True))
    await settled(bridge)  # what is read for the cards must not meet the faults
    faults = []
    for step, fault in going_wrong(bridge, act).items():
        modal = await bridge.dialog("Alice", act.button, cards[step])
        act.fill(modal)
        faults.append(bridge.pagerduty.add_fault(fault))  # not before: the dialog reads its incident as well
        assert (await modal.submit()).acked
    await struck(*faults)

    async with storing_nothing(bridge) as redis:
        await until_so(lambda: answer_in_hand(bridge, redis), "the answer to be in the worker's hands")
        await bridge.kill(killed)
    await bridge.quick_worker()

    for step in STEPS:
        await ended(bridge, step, act)
    await settled(bridge)
    assert {step: int(step != LOST) for step in STEPS} == {step: lines(cards[step], act.line) for step in STEPS}
    assert ["alice@example.com"] * 4 == [call.from_email for call in bridge.effects()]
    entries = await audited(bridge, len(STEPS))
    assert [("PALICE1", True, True)] * len(STEPS) == [
        (entry.pagerduty_user, bool(entry.rule), bool(entry.sent)) for entry in entries
    ]
    monkeypatch.setenv("REDIS_URL", bridge.valkey.url)
    for entry in entries:
        capsys.readouterr()
        assert 0 == await asyncio.to_thread(main, ["why", "--json", entry.incident])
        facts = map(json.loads, capsys.readouterr().out.splitlines())
        [ended_as] = [fact for fact in facts if fact["what"] == "command.ended"]
        assert {name: str(getattr(entry, name)) for name in TOLD} == {name: ended_as.get(name) for name in TOLD}
        assert ("may or may not" in ended_as["text"]) is (entry.outcome is Kind.UNKNOWN)


async def audited(bridge: Bridge, count: int) -> list[AuditEntry]:
    """Wait until the audit has so many entries, whichever worker has written them."""
    redis = connect(bridge.valkey.url)
    found: list[AuditEntry] = []

    async def complete() -> bool:
        found[:] = [entry async for entry in Audit(redis).read() if isinstance(entry, AuditEntry)]
        return len(found) >= count

    try:
        await until_so(complete, "the audit")
    finally:
        await redis.aclose()
    return found


def going_wrong(bridge: Bridge, act: Act) -> dict[str, Fault]:
    """Tell what is to happen to the call that each incident has come to."""
    ids = {incident.title: incident.id for incident in bridge.pagerduty.incidents}
    paths = {step: act.path.replace("*", ids[step]) for step in STEPS}
    return {
        READING: Fault("GET", f"/incidents/{ids[READING]}", hang=True, times=1),
        WRITTEN: Fault("POST", paths[WRITTEN], hang=True, after_effect=True, times=1),
        LATE: Fault("POST", paths[LATE], hang=True, effect_after=1.5, times=1),
        LOST: Fault("POST", paths[LOST], hang=True, times=1),
        ANSWERED: Fault("POST", paths[ANSWERED], delay=0.5, times=1),
    }


async def ended(bridge: Bridge, step: str, act: Act) -> None:
    """Wait until Alice has read how it ended, and make sure that she has read nothing else."""
    number = STEPS.index(step) + 1
    known, unknown = act.done.format(number), act.doubt.format(number)
    await bridge.told("Alice", unknown if step == LOST else known)
    assert not [words for words in bridge.private("Alice") if (known if step == LOST else unknown) in words]


@asynccontextmanager
async def storing_nothing(bridge: Bridge) -> AsyncIterator[Redis]:
    """Let Redis take what is to be stored, and do nothing with it."""
    redis = connect(bridge.valkey.url)
    await redis.execute_command("CLIENT", "PAUSE", 10_000, "WRITE")
    try:
        yield redis
    finally:
        await redis.execute_command("CLIENT", "UNPAUSE")
        await redis.aclose()


async def answer_in_hand(bridge: Bridge, redis: Redis) -> bool:
    """Tell whether PagerDuty has answered, and somebody waits for Redis to store something."""
    answered = any(call.status is not None for call in bridge.writes())
    return answered and b"cmd=evalsha" in await redis.execute_command("CLIENT", "LIST")
