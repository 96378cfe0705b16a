"""Chaos with real processes, once and briefly; that its oracle sees what it is there for; and that its ways break."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from pagebridge_sandbox.loopback import HOST, free_ports
from pagebridge_sandbox.pagerduty import PagerDutySandbox
from pagebridge_sandbox.slack import SlackSandbox
from tests.proof.chaos import check_clicks, fault_plan, oracle
from tests.proof.chaos.observations import Facts
from tests.proof.chaos.observed_calls import Answer, Click, Line, Transition, Version, Write
from tests.proof.chaos.oracle import Judge
from tests.proof.chaos.proxy import Proxy, Streams, proxy, to_port
from tests.proof.chaos.round_runner import Size, run
from tests.proof.chaos.run_log import Journal, Trouble
from tests.proof.chaos.scenario import Company
from tests.servers import BOTH, VARIABLE

BRIEF = Size(rounds=1, incidents=3, seconds=4.5)
SEED = 1
MOMENT = 0.1
"""Seconds in which what is not held up has arrived."""


@pytest.mark.parametrize("server", BOTH)
async def test_nothing_is_lost_or_doubled_while_everything_breaks(
    server: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A receiver, two workers and Valkey, or Redis, are killed, stopped and cut off: all figures are 0 in the end."""
    if server:
        monkeypatch.setenv(VARIABLE, server)
    verdict = await run(SEED, BRIEF, print)

    assert [] == [finding for figure in verdict.figures for finding in figure.findings], verdict.story
    assert "at rest again" in capsys.readouterr().out


def test_a_seed_says_what_happens() -> None:
    """The same seed draws the same plan, another one another."""
    assert fault_plan.drawn("7 1", 4, 10) == fault_plan.drawn("7 1", 4, 10)
    assert fault_plan.drawn("7 1", 4, 10) != fault_plan.drawn("8 1", 4, 10)


I1 = "Q1"
TRIGGERED = Transition(I1, "triggered", "Events API V2", 1.0, delivered=True)
ACKNOWLEDGED = Transition(I1, "acknowledged", "Alice Ng", 3.0, delivered=True)
CLICK = Click("Alice", "acknowledge", I1, 2.0, accepted=True)
WRITE = Write("alice@example.com", "acknowledge", I1, 2.5, effect=True)
LINES = [
    Line(I1, "acknowledged", "Alice Ng", "Slack", 3.5),
]


@pytest.fixture
async def good() -> AsyncIterator[Facts]:
    """Make the facts of an incident with which nothing is wrong: triggered, and acknowledged by Alice from Slack."""
    async with PagerDutySandbox() as pagerduty, SlackSandbox() as slack:
        yield Facts(
            company=Company.founded(pagerduty, slack),
            journal=Journal(),
            clicks=[CLICK],
            writes=[WRITE],
            transitions=[TRIGGERED, ACKNOWLEDGED],
            lines=LINES,
            answers=[],
            lost=[],
            versions=[Version(I1, "triggered", "Triggered", 1.4), Version(I1, "acknowledged", "Acknowledged", 3.4)],
            cards={},
        )


WRONG: dict[str, tuple[Judge, dict[str, object]]] = {
    "a line is missing": (oracle.lost_deliveries, {"lines": []}),
    "a delivery was never taken": (
        oracle.lost_deliveries,
        {"transitions": [TRIGGERED, replace(ACKNOWLEDGED, delivered=False)]},
    ),
    "a click had two effects": (check_clicks.doubled_writes, {"writes": [WRITE, replace(WRITE, at=2.6)]}),
    "an incident has no card": (oracle.lost_deliveries, {"versions": []}),
    "a line is there twice": (oracle.doubled_messages, {"lines": LINES * 2}),
    "a card was ahead of PagerDuty": (
        oracle.stale,
        {"versions": [Version(I1, "acknowledged", "Acknowledged", 2.8)]},
    ),
    "a card showed what never was": (oracle.stale, {"versions": [Version(I1, "resolved", "Resolved", 4.0)]}),
    "an own write is told as an act in PagerDuty": (
        oracle.echoed,
        {"lines": [replace(LINES[0], where="PagerDuty")]},
    ),
    "a write is told of somebody else": (oracle.echoed, {"lines": [replace(LINES[0], who="Bob Ng")]}),
    "an act in PagerDuty is told as an own write": (oracle.echoed, {"writes": []}),
    "a write is in another name": (check_clicks.misattributed, {"writes": [replace(WRITE, email="bob@example.com")]}),
    "a write came before the click": (check_clicks.misattributed, {"writes": [replace(WRITE, at=1.9)]}),
}


@pytest.mark.parametrize(("judge", "wrong"), WRONG.values(), ids=WRONG)
def test_the_oracle_sees(good: Facts, judge: Judge, wrong: dict[str, object]) -> None:
    """Each thing that must never happen is found, and nothing is where it did not."""
    assert () == judge(good).findings
    assert judge(replace(good, **wrong)).findings  # type: ignore[arg-type]  # each field is of its type


def test_an_acknowledge_that_went_straight_to_pagerduty_is_no_echo(good: Facts) -> None:
    """While the store cannot be reached, an acknowledge is announced like an act in PagerDuty; otherwise not."""
    told = replace(good, lines=[replace(LINES[0], where="PagerDuty")])

    good.journal.troubles.append(Trouble(CLICK.at - 1, CLICK.at + 1))

    assert () == oracle.echoed(told).findings


def test_a_copy_that_went_straight_to_pagerduty_is_told_apart(good: Facts) -> None:
    """A second effect is excused only if Slack brought the press twice, without the store, and it was taken back."""
    back = Transition(I1, "unacknowledged", "PagerDuty itself", 3.2, delivered=True)
    twice = replace(good, clicks=[replace(CLICK, copies=2)], writes=[WRITE, replace(WRITE, at=3.5)])
    twice.transitions.append(back)
    assert 1 == len(check_clicks.doubled_writes(twice).findings)

    good.journal.troubles.append(Trouble(CLICK.at - 1, CLICK.at + 1))

    assert () == check_clicks.doubled_writes(twice).findings
    assert "1 second effects" in check_clicks.doubled_writes(twice).aside
    assert check_clicks.doubled_writes(replace(twice, clicks=[CLICK])).findings
    assert check_clicks.doubled_writes(replace(twice, transitions=[TRIGGERED, ACKNOWLEDGED])).findings


def test_an_answer_ends_a_click(good: Facts) -> None:
    """Who was told that it was not done has lost nothing; an answer that Slack did not take is told apart."""
    incident = good.company.pagerduty.trigger(good.company.acme.service, "down")
    untold = replace(good, clicks=[replace(CLICK, incident=incident.id)], writes=[])

    assert 1 == len(check_clicks.lost_clicks(untold).findings)
    assert () == check_clicks.lost_clicks(replace(untold, answers=[Answer("Alice", 1, 2.2)])).findings
    assert 1 == len(check_clicks.lost_clicks(replace(untold, answers=[Answer("Bob", 1, 2.2)])).findings)
    assert 1 == len(check_clicks.lost_clicks(replace(untold, answers=[Answer("Alice", 1, 1.8)])).findings)
    excused = check_clicks.lost_clicks(replace(untold, lost=[Answer("", 1, 2.2)]))
    assert ((), "1 answers that Slack did not take") == (excused.findings, excused.aside)


def test_one_effect_is_enough_for_a_state_that_was_asked_for_twice(good: Facts) -> None:
    """Two presses of Acknowledge want one state; two notes are two notes, and an effect before a press is not its."""
    incident = good.company.pagerduty.trigger(good.company.acme.service, "down")
    click, write = replace(CLICK, incident=incident.id), replace(WRITE, incident=incident.id)

    def lost(action: str, *offsets: float) -> int:
        clicks = [replace(click, action=action, at=write.at + offset) for offset in offsets]
        return len(
            check_clicks.lost_clicks(replace(good, clicks=clicks, writes=[replace(write, action=action)])).findings
        )

    assert 0 == lost("acknowledge", -1.5, -0.5)
    assert 1 == lost("acknowledge", -0.5, 0.5)
    assert 1 == lost("note", -1.5, -0.5)


@pytest.fixture
async def way() -> AsyncIterator[Proxy]:
    """Lead to a server that says everything back."""

    async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(100):
            writer.write(data)
        writer.close()

    there, here = free_ports(2)
    async with await asyncio.start_server(echo, HOST, there), proxy(here, to_port(there)) as made:
        yield made


async def said(way: Proxy, words: bytes = b"hello") -> tuple[Streams, bytes]:
    """Say something through a new connection, and return the connection and what came back within a moment."""
    reader, writer = await asyncio.open_connection(HOST, way.port)
    writer.write(words)
    return (reader, writer), await heard(reader)


async def heard(reader: asyncio.StreamReader) -> bytes:
    """Return what comes within a moment, empty at the end of the connection or when nothing does."""
    try:
        async with asyncio.timeout(MOMENT):
            return await reader.read(100)
    except (TimeoutError, ConnectionError):
        return b""


async def test_what_was_held_up_arrives_late(way: Proxy) -> None:
    """Nothing passes while a way is stalled; afterwards everything arrives."""
    way.stall()
    (reader, writer), now = await said(way)
    await way.mend()

    assert (b"", b"hello") == (now, await heard(reader))
    writer.close()


async def test_what_vanished_never_arrives(way: Proxy) -> None:
    """A black hole swallows what is said, and its connections end when it does; new ones work."""
    way.swallow()
    (reader, writer), now = await said(way)
    await way.mend()

    assert (b"", b"") == (now, await heard(reader))
    assert reader.at_eof() or reader.exception()
    writer.close()
    (_, writer), now = await said(way)
    assert b"hello" == now
    writer.close()


async def test_connections_are_cut_and_refused(way: Proxy) -> None:
    """Cutting ends what is open; refusing lets nobody in until the way is mended."""
    (reader, writer), now = await said(way)
    assert b"hello" == now

    way.cut()
    assert b"" == await heard(reader)
    writer.close()
    way.refuse()
    with pytest.raises(ConnectionRefusedError):
        await said(way)
    await way.mend()
    (_, writer), now = await said(way)
    assert b"hello" == now
    writer.close()
