"""`pagebridge audit`, on a real Valkey: what it shows, what it leaves out, and what it says when it cannot."""

import asyncio
import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from pagebridge.cli import FAILED, MISCONFIGURED, main
from pagebridge.local.embedded_valkey import EmbeddedValkey
from shared.model.actions import Action
from shared.model.ids import CommandId, IncidentId, SlackUserId, UserId
from shared.model.journal import AuditEntry
from shared.model.outcome import Kind
from shared.store import keys
from shared.store.redis import connect
from shared.store.streams import Audit, parse_audit_entry

MINUTE = 60_000
HOUR = 60 * MINUTE


def at(*moment: int) -> int:
    """Give a moment of UTC in milliseconds."""
    return int(datetime(*moment, tzinfo=UTC).timestamp() * 1000)  # type: ignore[arg-type,misc]  # year, month, day and so on


ACK = AuditEntry(
    at_ms=at(2026, 1, 5, 3, 12, 9),
    command=CommandId("a1"),
    action=Action.ACKNOWLEDGE,
    incident=IncidentId("Q1INCIDENT"),
    slack_user=SlackUserId("U0ALICE"),
    pagerduty_user=UserId("PALICE1"),
    outcome=Kind.DONE,
    label="#37",
    mapped="e-mail",
    rule="team: assignee",
    sent="PUT /incidents/Q1INCIDENT status",
    answer="2xx",
)
ASKED = replace(
    ACK,
    at_ms=at(2026, 1, 5, 3, 20),
    command=CommandId("b2.1"),
    action=Action.ADD_RESPONDERS,
    outcome=Kind.REFUSED,
    sent="POST /incidents/Q1INCIDENT/responder_requests",
    answer="refused 400 2001",
    reference="ABCDEFGH",
)
STRANGER = AuditEntry(
    at_ms=at(2026, 1, 6),
    command=CommandId("c3"),
    action=Action.RESOLVE,
    incident=IncidentId("Q2OTHER"),
    slack_user=SlackUserId("U0CAROL"),
    pagerduty_user=None,
    outcome=Kind.NOT_LINKED,
    label="#38",
)
ENTRIES = (ACK, ASKED, STRANGER)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Run a Valkey as `pagebridge up` does, with three entries in its audit; give its data directory."""
    directory = tmp_path_factory.mktemp("valkey")
    valkey = EmbeddedValkey(directory)
    with asyncio.Runner() as runner:
        runner.run(valkey.start())
        runner.run(written(valkey.url))
        yield directory
        runner.run(valkey.stop())


async def written(url: str, *fields: dict[str, bytes]) -> None:
    """Write the three entries, or else `fields` as they are."""
    redis = connect(url)
    for one in ENTRIES if not fields else ():
        await Audit(redis).record(one)
    for raw in fields:
        await redis.execute_command("XADD", keys.AUDIT, "*", *(part for pair in raw.items() for part in pair))
    await redis.aclose()


@pytest.fixture(autouse=True)
def bare(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Work in an empty directory without any setting."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("REDIS_URL", raising=False)


def shown(capsys: pytest.CaptureFixture[str], store: Path, *arguments: str) -> list[AuditEntry]:
    """Run the command with `--json`, and read back what it prints."""
    assert 0 == main(["audit", "--data", str(store), "--json", *arguments])
    return [parse_audit_entry(line) for line in capsys.readouterr().out.splitlines()]


def test_json_reads_back_as_what_was_recorded(capsys: pytest.CaptureFixture[str], store: Path) -> None:
    """One object a line, whole, the oldest first."""
    assert list(ENTRIES) == shown(capsys, store)


def test_json_says_what_follows_from_it(capsys: pytest.CaptureFixture[str], store: Path) -> None:
    """Whoever feeds it elsewhere gets the time in words and the decision too."""
    assert 0 == main(["audit", "--data", str(store), "--json"])

    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [("2026-01-05T03:12:09.000Z", "allowed"), ("2026-01-05T03:20:00.000Z", "allowed")] == [
        (line["at"], line["decision"]) for line in lines[:2]
    ]
    assert ("2026-01-06T00:00:00.000Z", "refused", None) == tuple(
        lines[2][name] for name in ("at", "decision", "pagerduty_user")
    )


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ("--since 2026-01-05T03:20", [ASKED, STRANGER]),
        ("--since 2026-01-05T04:20+01:00", [ASKED, STRANGER]),
        ("--until 2026-01-06", [ACK, ASKED]),
        ("--since 2026-01-05T03:13 --until 2026-01-06", [ASKED]),
        ("--since 1m", []),
        ("--since 9999w", [ACK, ASKED, STRANGER]),
        ("--until 1m", [ACK, ASKED, STRANGER]),
        ("--user U0ALICE", [ACK, ASKED]),
        ("--user u0carol", [STRANGER]),
        ("--user PALICE1", [ACK, ASKED]),
        ("--incident Q2OTHER", [STRANGER]),
        ("--incident q2other", [STRANGER]),
        ("--incident #37", [ACK, ASKED]),
        ("--incident 38", [STRANGER]),
        ("--action add_responders", [ASKED]),
        ("--action add-resp", [ASKED]),
        ("--action ack", [ACK]),
        ("--outcome not_linked", [STRANGER]),
        ("--outcome refused", [ASKED, STRANGER]),
        ("--user U0ALICE --incident 37 --action acknowledge --outcome done", [ACK]),
        ("--user U0ALICE --outcome not_linked", []),
    ],
)
def test_filters_hold_together(
    capsys: pytest.CaptureFixture[str], store: Path, filters: str, expected: list[AuditEntry]
) -> None:
    """An entry is shown when everything that was asked for holds."""
    assert expected == shown(capsys, store, *filters.split())


def test_people_get_a_sentence_for_each(capsys: pytest.CaptureFixture[str], store: Path) -> None:
    """Through a pipe each is one line; where no name can be looked up the ids are shown, and that is said."""
    assert 0 == main(["audit", "--data", str(store)])

    title, *lines = capsys.readouterr().out.splitlines()
    assert ["TIME", "(UTC)", "WHAT", "HAPPENED"] == title.split()
    asked = "U0ALICE's request for help with #37, part 2, failed: PagerDuty refused it (400 2001); reference ABCDEFGH"
    assert [
        "2026-01-05 03:12:09  U0ALICE acknowledged #37 (assignee, linked by e-mail)",
        f"2026-01-05 03:20:00  {asked} (assignee, linked by e-mail)",
        "2026-01-06 00:00:00  U0CAROL's request to resolve #38 was refused: they aren't linked to a PagerDuty user",
        "Some are shown by their ids: the settings here allow no look-up.",
    ] == lines


def test_nothing_found_is_said(capsys: pytest.CaptureFixture[str], store: Path) -> None:
    """An empty answer is words, and no line for machines."""
    assert 0 == main(["audit", "--data", str(store), "--since", "1m"])
    assert "Nothing in the audit matches." in capsys.readouterr().out


def test_redis_url_says_where_it_is(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, store: Path
) -> None:
    """With REDIS_URL set, `--data` is not looked at."""
    monkeypatch.setenv("REDIS_URL", EmbeddedValkey(store).url)

    assert 0 == main(["audit", "--data", "/nowhere"])
    assert 5 == len(capsys.readouterr().out.splitlines())


def test_where_there_is_no_store(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """Nothing is started or made: the words say what was looked for, and what to do."""
    assert FAILED == main(["audit"])

    said = capsys.readouterr()
    assert "" == said.out
    assert f"no `pagebridge up` is using {tmp_path / '.pagebridge/valkey'}" in said.err
    assert "set REDIS_URL" in said.err
    assert [] == list(tmp_path.iterdir())


def test_a_store_that_does_not_answer(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """The reason is told, and the password is not."""
    monkeypatch.setenv("REDIS_URL", "redis://:geheim123@127.0.0.1:1/0")

    assert FAILED == main(["audit"])

    said = capsys.readouterr().err
    assert "Can't read the store: Redis:" in said
    assert "geheim123" not in said


async def test_a_wrong_password_is_a_setting_to_correct(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The setting is named, the code is that of a wrong setting, and the password is not shown."""
    async with EmbeddedValkey(tmp_path / "valkey") as valkey:
        monkeypatch.setenv("REDIS_URL", valkey.url.replace("unix://", "unix://worker:geheim123@"))
        assert MISCONFIGURED == await asyncio.to_thread(main, ["audit"])
    said = capsys.readouterr().err
    assert "Redis: it rejects the user or password in REDIS_URL" in said
    assert "geheim123" not in said


def test_an_address_that_is_none(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """A wrong setting is named, as by every other command."""
    monkeypatch.setenv("REDIS_URL", "127.0.0.1:6379")

    assert MISCONFIGURED == main(["audit"])
    assert "REDIS_URL must start with" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--since", "yesterday"], "'yesterday' is neither an age such as 2h nor a date such as 2026-11-01"),
        (["--until", "2026-13-01"], "'2026-13-01' is neither"),
        (["--since", "999999w"], "'999999w' is neither"),
        (["--action", "re"], "Invalid value for '--action': 're' is not one of reassign, resolve"),
        (["--outcome", "fine"], "Invalid value for '--outcome': 'fine' is not one of done, reopened"),
    ],
)
def test_a_mistyped_filter_is_named(capsys: pytest.CaptureFixture[str], arguments: list[str], said: str) -> None:
    """Nothing is shown for what was not meant."""
    assert MISCONFIGURED == main(["audit", *arguments])

    assert said in " ".join(capsys.readouterr().err.replace("│", " ").split())


async def test_an_entry_that_cannot_be_read_is_said(tmp_path: Path) -> None:
    """The others are printed; the exit code tells a script that something is missing."""
    async with EmbeddedValkey(tmp_path / "valkey") as valkey:
        await written(valkey.url)
        await written(valkey.url, {"entry": b"{}"})
        done = await asyncio.to_thread(run, "--data", tmp_path / "valkey", "--json")

    assert FAILED == done.returncode
    assert 3 == len(done.stdout.splitlines())
    assert "cannot be read: not an entry of the audit" in done.stderr


def run(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """Run the command as a process of its own."""
    command = [sys.executable, "-m", "pagebridge", "audit", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 -- our own command
