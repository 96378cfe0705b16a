"""`pagebridge incidents`: what is open, where it is shown, and how late, from the store alone."""

import asyncio
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from pagebridge.cli import FAILED, main
from pagebridge.cli.incidents import Standing, newest_first
from pagebridge.local.embedded_valkey import EmbeddedValkey
from shared.model.actions import Action
from shared.model.command import Attempt, AttemptState, CommandQueue
from shared.model.event import Instant
from shared.model.event_types import Status
from shared.model.ids import ChannelId, CommandId, MessageTs, SlackUserId
from shared.model.incident import Incident
from shared.model.message_state import MessageState
from shared.model.privacy import Privacy
from shared.model.slack_state import SlackState
from shared.store import document_kinds
from shared.store.channel_index import OpenIncidents
from shared.store.incidents import Incidents
from shared.store.redis import connect
from tests.builders import ALICE, INCIDENT, NOON, snapshot

HOME, OTHER = ChannelId("C0HOME"), ChannelId("C0OTHER")
SHOWN = MessageState(ts=MessageTs("1700000000.000100"), content_digest="d", state_ms=NOON)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Run a Valkey as the bridge does, with one open incident; give its data directory."""
    directory = tmp_path_factory.mktemp("valkey")
    valkey = EmbeddedValkey(directory)
    with asyncio.Runner() as runner:
        runner.run(valkey.start())
        runner.run(written(valkey.url))
        yield directory
        runner.run(valkey.stop())


async def written(url: str) -> None:
    """Know an incident whose home card is up to date, and whose other card waits for its channel."""
    redis = connect(url)
    trying = Attempt(CommandId("c1"), Action.ACKNOWLEDGE, SlackUserId("U0ALICE"), AttemptState.TRYING, NOON)
    assigned = snapshot(Status.TRIGGERED, "Checkout is slow", ALICE)
    known = replace(Incident(INCIDENT), snapshot=assigned, as_of=Instant(NOON), attempts=(trying,))
    surface = SlackState(INCIDENT, "g", (HOME, OTHER), waiting=frozenset({OTHER})).with_card(HOME, SHOWN)
    await Incidents(redis).change(INCIDENT, lambda _: known)
    await document_kinds.surfaces(redis).change(INCIDENT, lambda _: surface)
    await OpenIncidents(redis).put(INCIDENT, (HOME, OTHER), NOON)
    await redis.aclose()


@pytest.fixture(autouse=True)
def bare(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Work in an empty directory without any setting."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("REDIS_URL", raising=False)


def test_each_open_incident_is_a_line(store: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Number, state, age, assignee, title, service, where its cards are, how late, and who is at it."""
    assert 0 == main(["incidents", "--data", str(store)])

    _, line, _ = capsys.readouterr().out.splitlines()
    for words in (
        "#37",
        "triggered",
        "Alice Ng",
        snapshot().title,
        "(checkout-api)",
        "card in C0HOME",
        "in C0OTHER waits until the channel can be posted to",
        "hours late",
        "U0ALICE is acknowledging",
    ):
        assert words in line


def test_machines_get_json(store: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One object a line; a card that does not show what is known makes the lag, in seconds."""
    assert 0 == main(["incidents", "--json", "--data", str(store)])

    facts = json.loads(capsys.readouterr().out)
    assert (37, "triggered", INCIDENT) == (facts["number"], facts["state"], facts["incident"])
    assert facts["lag"] > 0
    assert (snapshot().title, SHOWN.ts) == (facts["title"], facts["cards"][0]["ts"])


def test_why_tells_the_same_of_how_things_are(store: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The number finds the incident, and the end of its story is how it stands now."""
    assert 0 == main(["why", "#37", "--data", str(store)])

    out = capsys.readouterr().out
    assert "Now: triggered" in out
    assert "Card in C0OTHER: waits until the channel can be posted to" in out


def test_the_timeline_is_markdown(store: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The number finds the incident; the document can be put into a file."""
    assert 0 == main(["timeline", "#37", "--data", str(store)])

    out = capsys.readouterr().out
    assert out.startswith(f"# #37 {snapshot().title}\n")
    assert "## What happened (UTC)" in out


def test_a_store_that_is_not_there_is_said_to_be(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """With what to do about it."""
    assert FAILED == main(["incidents", "--data", str(tmp_path / "none")])
    assert "set REDIS_URL" in capsys.readouterr().err


def test_a_withheld_card_says_so_and_is_not_late() -> None:
    """It shows nothing of the incident on purpose."""
    known = replace(Incident(INCIDENT), snapshot=snapshot(), as_of=Instant(NOON))
    shut = Privacy(hidden_in=frozenset({HOME, OTHER}))
    surface = SlackState(INCIDENT, "g", (HOME, OTHER), privacy=shut).with_card(HOME, replace(SHOWN, state_ms=0))

    now = Standing(known, surface, CommandQueue(INCIDENT), NOON + 60_000)

    assert 0 == now.lag_ms
    assert ["withheld: its team is private", "withheld: its team is private"] == [place for _, place in now.places()]


def test_incidents_of_one_second_stand_by_their_numbers() -> None:
    """The newest first; the one of which nothing is known last."""
    shown = [replace(snapshot(), number=number, created_ms=created) for number, created in ((2, 5), (4, 5), (1, 9))]
    every = [None, *shown]
    found = [
        Standing(
            replace(Incident(INCIDENT), snapshot=each), SlackState(INCIDENT), CommandQueue(INCIDENT), NOON, None, None
        )
        for each in every
    ]

    numbers = [now.incident.snapshot and now.incident.snapshot.number for now in newest_first(found)]
    assert [1, 4, 2, None] == numbers
