"""Names in reports: of people and channels where they can be looked up, and of whoever an operator asks about."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from pagebridge.cli import FAILED, main
from pagebridge_sandbox.slack import Fault as SlackFault
from shared.store.redis import connect
from shared.store.streams import Audit
from tests.pagebridge.cli_session import Office, opened
from tests.pagebridge.test_cli_audit import ACK, ASKED, STRANGER


@pytest.fixture
async def office(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Office]:
    """Open an office in which Alice and Carol have asked for something."""
    async with opened(tmp_path, monkeypatch) as office:
        office.slack.add_user("Alice Ng", email="alice@example.com", id="U0ALICE")
        office.slack.add_user("Carol Diaz", email="carol@example.com", id="U0CAROL")
        redis = connect(office.valkey.url)
        for entry in (ACK, ASKED, STRANGER):
            await Audit(redis).record(entry)
        await redis.aclose()
        yield office


async def audited(*arguments: str, code: int = 0) -> None:
    """Run `pagebridge audit`."""
    assert code == await asyncio.to_thread(main, ["audit", *arguments])


@pytest.mark.usefixtures("office")
async def test_people_are_named(capsys: pytest.CaptureFixture[str]) -> None:
    """A person reads names and machines get ids."""
    await audited()
    said = capsys.readouterr().out
    assert "Alice Ng acknowledged #37" in said
    assert "Carol Diaz's request to resolve #38 was refused" in said
    assert "U0ALICE" not in said

    await audited("--json")
    assert {"U0ALICE", "U0CAROL"} == {json.loads(line)["slack_user"] for line in capsys.readouterr().out.splitlines()}


async def test_two_of_one_name_are_told_apart(office: Office, capsys: pytest.CaptureFixture[str]) -> None:
    """Their ids stand behind the name."""
    office.slack.users["U0CAROL"].name = "Alice Ng"
    await audited()
    said = capsys.readouterr().out
    assert "Alice Ng (U0ALICE) acknowledged #37" in said
    assert "Alice Ng (U0CAROL)'s request to resolve #38" in said


async def test_names_that_cannot_be_had_are_ids(office: Office, capsys: pytest.CaptureFixture[str]) -> None:
    """The report is there all the same, and says why it has ids."""
    office.slack.add_fault(SlackFault("users.info", error="missing_scope"))
    await audited()
    said = capsys.readouterr().out
    assert "U0ALICE acknowledged #37" in said
    assert "Some are shown by their ids: Slack refused users.info: missing_scope." in said


@pytest.mark.parametrize("user", ["Alice Ng", "alice ng", "alice", "Alice@example.com", "u0alice", "PALICE1"])
@pytest.mark.usefixtures("office")
async def test_a_person_is_found_by_any_name(capsys: pytest.CaptureFixture[str], user: str) -> None:
    """By the whole name, one of its words, the e-mail or either id."""
    await audited("--user", user)
    said = capsys.readouterr().out
    assert "Alice Ng acknowledged #37" in said
    assert "#38" not in said


@pytest.mark.parametrize(
    ("user", "words"),
    [("Zed", "No one in Slack or PagerDuty is called 'Zed'"), ("diaz", "may be any of Carol Diaz (U0CAROL), Eve Diaz")],
)
async def test_no_one_is_guessed(office: Office, capsys: pytest.CaptureFixture[str], user: str, words: str) -> None:
    """A name that nobody has, or that two have, is said to be so, and nothing is shown."""
    office.slack.add_user("Eve Diaz", id="U0EVE")
    await audited("--user", user, code=FAILED)
    said = capsys.readouterr()
    assert words in said.err
    assert "" == said.out


@pytest.mark.usefixtures("office")
async def test_a_name_without_a_directory(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Where neither side can be asked that is said, and what works instead."""
    for name in ("SLACK_BOT_TOKEN", "PAGERDUTY_API_TOKEN"):
        monkeypatch.delenv(name)
    await audited("--user", "Alice Ng", code=FAILED)
    said = capsys.readouterr().err
    assert "Slack can't be asked with the settings here" in said
    assert "an id always works" in said
    await audited("--user", "U0ALICE")
