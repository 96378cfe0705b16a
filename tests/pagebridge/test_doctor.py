"""`pagebridge doctor` as a whole: over real sockets, with what is right, what is wrong, and what does not run yet."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import web

from pagebridge.cli import main
from pagebridge.cli.checks.findings import EXIT_CODES, Finding, Status, worst
from pagebridge.cli.doctor import _lines, examine
from pagebridge_sandbox.loopback import free_ports
from shared.config.settings import Settings
from shared.http.server import serving
from shared.store.redis import connect
from tests.pagebridge.cli_session import ROUTING, Office, opened
from tests.webhook_receiver.running import SECRET

DATA = Path("data")


@pytest.fixture
async def office(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Office]:
    """Open an office in which everything is right."""
    async with opened(tmp_path, monkeypatch) as office:
        yield office


def of(findings: list[Finding], check: str) -> Finding:
    """Find one of the findings."""
    (finding,) = [finding for finding in findings if finding.check == check]
    return finding


async def test_everything_is_right(office: Office) -> None:
    """Nothing but passes, and the one thing that Slack shows nobody, with how to see it."""
    office.subscribe()

    findings = await examine(DATA, post=True)

    assert [] == [finding for finding in findings if finding.status in {Status.WARNING, Status.FAIL}]
    assert ["Slack command", "worker"] == [finding.check for finding in findings if finding.status is Status.SKIPPED]
    assert "`/pd help`" in of(findings, "Slack command").fix
    assert [] == office.slack.channels["C0INCIDENTS"].messages
    assert {
        "settings",
        ".env",
        "bridge.toml",
        "receiver",
        "Redis rights",
        "Redis layout",
        "clock of Slack",
        "posting to C0INCIDENTS",
    } <= {finding.check for finding in findings}


async def test_nothing_is_left_behind(office: Office) -> None:
    """The keys on which rights are tried are gone again, and the socket is closed."""
    office.subscribe()
    await examine(DATA)

    assert [] == [key for key in await keys(office) if b"doctor" in key]
    await office.slack.changes.wait_until(
        lambda: office.slack.socket.connections == 0, 5, lambda: "a socket is left open"
    )


async def keys(office: Office) -> list[bytes]:
    """List every key in Redis."""
    redis = connect(office.valkey.url)
    try:
        return [key async for key in redis.scan_iter()]
    finally:
        await redis.aclose()


async def test_one_vendor_that_is_down_spoils_no_other_check(office: Office) -> None:
    """What cannot be asked says so; the rest is looked at all the same."""
    office.subscribe()
    office.pagerduty.stop_answering()

    findings = await examine(DATA)

    assert Status.FAIL is of(findings, "PagerDuty token").status
    assert "cannot be reached" in of(findings, "PagerDuty token").what
    asked = of(findings, "PagerDuty abilities")
    assert (Status.SKIPPED, "not checked, because PagerDuty token failed") == (asked.status, asked.what)
    assert Status.PASS is of(findings, "Slack bot token").status
    assert Status.PASS is of(findings, "Redis rights").status


async def test_one_cause_is_one_finding(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    """A key that PagerDuty does not take is one failure; whatever rests on it is skipped, and says because of what."""
    office.subscribe()
    office.write("bridge.toml", '[identity.users]\nU0ALICE = "PALICE1"\n' + ROUTING)
    office.slack.add_user("Alice Ng", id="U0ALICE")
    monkeypatch.setenv("PAGERDUTY_API_TOKEN", "another-key")

    findings = await examine(DATA)

    assert ["PagerDuty token"] == [one.check for one in findings if one.status in {Status.FAIL, Status.WARNING}]
    skipped = [one.check for one in findings if one.what == "not checked, because PagerDuty token failed"]
    assert {"clock of PagerDuty", "webhook ping", "webhook enabled", "[identity.users] in PagerDuty"} <= set(skipped)


@pytest.mark.usefixtures("office")
async def test_what_the_worker_says_as_well_is_one_finding(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a subscription the worker on this machine reports that too: it adds nothing to the doctor's own look."""

    async def readyz(_: web.Request) -> web.Response:
        return web.json_response({"ready": True, "problems": ["PagerDuty has no active webhook subscription."]})

    app = web.Application()
    app.router.add_get("/readyz", readyz)
    async with serving(app, 0) as port:
        monkeypatch.setenv("WORKER_PORT", str(port))
        findings = await examine(DATA)

    assert ["webhook subscription"] == [one.check for one in findings if one.status in {Status.FAIL, Status.WARNING}]
    assert "not checked, because webhook subscription failed" == of(findings, "worker").what


async def test_where_only_a_receiver_runs(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its machine holds no token: that is a warning, and what it may do at Redis is looked at, no worker's rights."""
    for name in office.environment():
        if name not in {"REDIS_URL", "PAGERDUTY_WEBHOOK_SECRETS", "RECEIVER_ADMIN_PORT"}:
            monkeypatch.delenv(name)
    store = connect(office.valkey.url)
    rights = ("resetkeys", "-@all", "+ping", "+waitaof", "(%W~pb:{work}:deliveries -@all +rpush)")
    await store.execute_command("ACL", "SETUSER", "few", "on", ">pw", *rights, "(%R~pb:{work}:generation -@all +get)")
    await store.aclose()
    monkeypatch.setenv("REDIS_URL", office.valkey.url.replace("unix://", "unix://few:pw@"))

    findings = await examine(DATA)

    assert ["settings"] == [one.check for one in findings if one.status in {Status.FAIL, Status.WARNING}]
    assert "only a receiver can run here" in of(findings, "settings").what
    assert "all rights that a receiver needs" in of(findings, "Redis rights").what


@pytest.mark.parametrize(
    ("line", "side"), [('U0GONE = "PALICE1"', "Slack"), ('U0ALICE = "PGONE01"', "PagerDuty"), ("", "")]
)
async def test_the_table_of_people_is_checked_on_both_sides(office: Office, line: str, side: str) -> None:
    """A user whom Slack or PagerDuty does not have, or has no more, is named with the side that does not know them."""
    office.slack.add_user("Alice Ng", id="U0ALICE")
    office.slack.add_user("Left", id="U0GONE").deleted = True
    office.write(
        "bridge.toml",
        f'[identity.users]\nU0ALICE2 = "PALICE1"\n{line}\n'.replace("ALICE2", "ALICE" if not line else "BOB") + ROUTING,
    )
    office.slack.add_user("Bob", id="U0BOB")

    findings = await examine(DATA)

    found = {name: of(findings, f"[identity.users] in {name}") for name in ("Slack", "PagerDuty")}
    assert {name: Status.FAIL if name == side else Status.PASS for name in found} == {
        name: finding.status for name, finding in found.items()
    }
    assert not side or line.split('"')[1 if side == "PagerDuty" else 0].split(maxsplit=1)[0] in found[side].what


PEOPLE = """
[identity]
linking = "admin"
admins = ["{slack}"]
excluded = ["{slack}"]
[authorization]
everywhere = ["{pagerduty}"]
[[reminders]]
after = "1h"
unacknowledge_after = "1h"
in_name_of = "{slack}"
"""


async def test_everyone_whom_the_file_names_is_looked_up(office: Office) -> None:
    """Admins, who is excluded, who acts everywhere and in whose name is acted: an unknown id is named at its place."""
    office.slack.add_user("Alice Ng", id="U0ALICE")
    places = {"identity.admins", "identity.excluded", "authorization.everywhere", "reminders[1].in_name_of"}

    for slack, pagerduty, status in (("U0ALICE", "PALICE1", Status.PASS), ("U0GONE", "PGONE01", Status.FAIL)):
        office.write("bridge.toml", ROUTING + PEOPLE.format(slack=slack, pagerduty=pagerduty))
        findings = {each.check: each for each in await examine(DATA) if each.check in places}
        assert dict.fromkeys(places, status) == {name: each.status for name, each in findings.items()}

    assert "U0GONE" in findings["identity.admins"].what
    assert "PGONE01" in findings["authorization.everywhere"].what


async def test_a_person_who_has_left_may_stay_excluded(office: Office) -> None:
    """A deactivated account in `excluded` does no harm; as an admin it can approve nothing."""
    office.slack.add_user("Left", id="U0GONE").deleted = True
    office.write("bridge.toml", f'{ROUTING}[identity]\nexcluded = ["U0GONE"]\nadmins = ["U0GONE"]\n')

    findings = await examine(DATA)

    assert Status.PASS is of(findings, "identity.excluded").status
    assert Status.FAIL is of(findings, "identity.admins").status


async def test_a_mistyped_key_is_one_failure(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    """No receiver is started that would end over the same mistake, and the ping is skipped because of it."""
    office.subscribe()
    office.write("bridge.toml", '[routing]\ndefault_chanel = "C0INCIDENTS"\n')
    monkeypatch.setenv("RECEIVER_ADMIN_PORT", str(free_ports(1)[0]))

    findings = await examine(DATA)

    assert ["bridge.toml"] == [one.check for one in findings if one.status in {Status.FAIL, Status.WARNING}]
    assert "(line 2); did you mean default_channel?" in of(findings, "bridge.toml").what
    assert {"receiver", "webhook ping"} == {
        one.check for one in findings if one.what == "not checked, because bridge.toml failed"
    }


@pytest.mark.parametrize("name", [".env", "bridge.toml", "secrets/pagerduty_webhook_secrets"])
async def test_a_file_in_another_encoding_is_a_finding(
    office: Office, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """A file in Windows-1252 is named, whichever of the files it is, and the other checks run."""
    for one in ("PAGERDUTY_WEBHOOK_SECRETS", "SLACK_BOT_TOKEN"):
        monkeypatch.delenv(one)
    (office.directory / "secrets").mkdir()
    monkeypatch.setenv("SECRETS_DIR", str(office.directory / "secrets"))
    (office.directory / name).write_bytes('# Stra\xdfe = "\xdf"'.encode("cp1252"))

    findings = await examine(DATA)

    wrong = [finding for finding in findings if finding.status is Status.FAIL and "is not UTF-8" in finding.what]
    assert 1 == len(wrong)
    told = f"{wrong[0].check} {wrong[0].what}".removeprefix("settings ")
    assert told.startswith((name, str(office.directory / name)))
    assert "(line 1)" in told


async def test_what_is_not_set_is_named_and_the_rest_is_looked_at(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without Slack's tokens and a Redis PagerDuty is looked at, and each setting is named once."""
    office.subscribe()
    monkeypatch.delenv("SLACK_BOT_TOKEN")
    monkeypatch.setenv("LOG_LEVEL", "loud")
    monkeypatch.setenv("REDIS_URL", "127.0.0.1:6379")

    findings = await examine(DATA)

    named = [finding.what.split()[0] for finding in findings if finding.check == "settings"]
    assert ["LOG_LEVEL", "REDIS_URL", "SLACK_BOT_TOKEN"] == sorted(named)
    assert "because settings failed" in of(findings, "Slack").what
    assert "because settings failed" in of(findings, "Redis").what
    assert Status.PASS is of(findings, "webhook enabled").status


async def test_where_the_bridge_never_ran_nothing_is_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The embedded Valkey is tried in a place of its own, which is gone afterwards."""
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.chdir(tmp_path)

    findings = await examine(DATA)

    assert Status.PASS is of(findings, "Redis").status
    assert "REDIS_URL is not set: `pagebridge up` starts an embedded Valkey" in of(findings, "Redis").what
    assert not Path(".pagebridge").exists()  # noqa: ASYNC240 -- nothing else runs here


async def test_a_receiver_that_cannot_be_started(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    """The port that is in use is named, with the setting to change, and none of its log."""
    monkeypatch.setenv("RECEIVER_PORT", str(office.receiver.receiver.port))
    monkeypatch.setenv("RECEIVER_HOST", "127.0.0.1")
    monkeypatch.setenv("RECEIVER_ADMIN_PORT", str(free_ports(1)[0]))

    finding = of(await examine(DATA), "receiver")

    assert Status.FAIL is finding.status
    port = office.receiver.receiver.port
    assert f"port {port} is in use; choose another RECEIVER_PORT" == f"{finding.what.partition(': ')[2]}; {finding.fix}"


@pytest.mark.parametrize("code", sorted(set(EXIT_CODES.values())))
async def test_the_command(office: Office, capsys: pytest.CaptureFixture[str], code: int) -> None:
    """The exit code is that of the worst finding, no secret is printed, and JSON has every finding."""
    office.pagerduty.subscribe(office.url, secrets=[SECRET], service_id="PCHECKOUT" if code == 1 else None)
    if code == 2:
        office.slack.bot_scopes.clear()

    assert code == await asyncio.to_thread(main, ["doctor", "--json"])

    said = capsys.readouterr()
    findings = [json.loads(line) for line in said.out.splitlines()]
    assert {"check", "status", "what", "fix"} == set(findings[0])
    assert {0: "skipped", 1: "warning", 2: "fail"}[code] in {finding["status"] for finding in findings}
    for secret in (office.slack.bot_token, office.slack.app_token, office.pagerduty.token, SECRET):
        assert secret not in said.out + said.err


@pytest.mark.usefixtures("office")
async def test_people_read_lines_with_the_mend_below(capsys: pytest.CaptureFixture[str]) -> None:
    """Piped, each finding is a line that `grep` finds whole, without colours, and the last line counts them."""
    assert 2 == await asyncio.to_thread(main, ["doctor"])

    lines = capsys.readouterr().out.splitlines()
    (missing,) = [n for n, line in enumerate(lines) if line.startswith("fail") and "webhook subscription" in line]
    assert lines[missing + 1].strip() == "-> create one with `pagebridge webhook create`"
    assert "\x1b" not in "".join(lines)
    assert lines[-1].startswith("1 fail, ")


def test_the_worst_decides() -> None:
    """What only a person can see is nothing bad."""
    findings = [Finding(status, "") for status in (Status.PASS, Status.SKIPPED, Status.WARNING, Status.FAIL)]
    assert [Status.PASS, Status.SKIPPED, Status.WARNING, Status.FAIL] == [worst(findings[: n + 1]) for n in range(4)]
    assert Status.PASS is worst([])


@pytest.mark.parametrize("columns", [80, 50])
def test_a_finding_is_wrapped_on_a_terminal(columns: int) -> None:
    """What was found and its fix stay in their column, whole; through a pipe each is one line."""
    finding = Finding(Status.FAIL, "a long story " * 9, "mend it by hand " * 9, "a check")
    piped = [line.plain for line in _lines([finding], 0)]
    wrapped = [line.plain for line in _lines([finding], columns)]

    assert 3 == len(piped) < len(wrapped)
    assert max(map(len, wrapped)) <= columns
    assert " ".join(" ".join(piped).split()) == " ".join(" ".join(wrapped).split())
    column = piped[0].index("a long")
    assert {" " * column} == {line[:column] for line in wrapped[1:-1]}
