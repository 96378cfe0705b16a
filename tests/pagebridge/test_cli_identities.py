"""`pagebridge identities`, against both simulators: who is who, who is nobody and why, and who is on call like that."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import aclosing
from dataclasses import replace
from pathlib import Path

import pytest

from pagebridge.cli import FAILED, main
from pagebridge.local.embedded_valkey import EmbeddedValkey
from pagebridge_sandbox.pagerduty import Fault, PagerDutySandbox
from pagebridge_sandbox.slack import Fault as SlackFault
from pagebridge_sandbox.slack import SlackSandbox
from shared.model.ids import SlackUserId, UserId
from shared.model.link import Link, LinkChange, LinkedBy
from shared.store import keys
from shared.store.links import Links
from shared.store.redis import connect
from tests.servers import can_wait_for_disk, lent_valkey
from tests.shared.store.wire import wired
from tests.stories.harness import until


@pytest.fixture
async def slack() -> AsyncIterator[SlackSandbox]:
    """Run a Slack."""
    async with SlackSandbox() as slack:
        yield slack


@pytest.fixture
async def pagerduty(
    slack: SlackSandbox, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> AsyncIterator[PagerDutySandbox]:
    """Run both platforms: Alice is linked by e-mail, Bob by the table, Carol is in two minds, Dave is a stranger."""
    async with PagerDutySandbox() as pagerduty:
        for name, email in (("Alice", "alice"), ("Bob", "bob.elsewhere"), ("Dave", "dave")):
            pagerduty.add_user(f"{name} Ng", f"{email}@example.com", role="limited_user", id=f"P{name.upper()}1")
        for name in ("Alice", "Bob", "Carol"):
            slack.add_user(f"{name} Ng", email=f"{name.lower()}@example.com", id=f"U0{name.upper()}")
        policy = pagerduty.add_escalation_policy("Payments on-call", [["PALICE1"], ["PBOB1", "PDAVE1"]])
        pagerduty.add_service("checkout-api", policy.id)
        monkeypatch.chdir(tmp_path)
        (tmp_path / "bridge.toml").write_text('[identity.users]\nU0BOB = "PBOB1"\n')
        for name, value in (
            ("SLACK_BOT_TOKEN", slack.bot_token),
            ("SLACK_APP_TOKEN", slack.app_token),
            ("SLACK_API_URL", slack.api_url),
            ("PAGERDUTY_API_TOKEN", pagerduty.token),
            ("PAGERDUTY_API_URL", pagerduty.url),
        ):
            monkeypatch.setenv(name, value)
        yield pagerduty


async def run(*arguments: str) -> int:
    """Run the command line beside the simulators."""
    return await asyncio.to_thread(main, ["identities", *arguments])


@pytest.mark.usefixtures("pagerduty")
async def test_everybody_is_listed_with_how_or_why_not(capsys: pytest.CaptureFixture[str]) -> None:
    """By e-mail, by the table, or not at all, with the words that they themselves would read."""
    code = await run()

    out = capsys.readouterr().out
    lines = {line.split()[0]: line for line in out.splitlines() if line.startswith("U0")}
    assert "PALICE1" in lines["U0ALICE"]
    assert "e-mail" in lines["U0ALICE"]
    assert "table" in lines["U0BOB"]
    assert "No PagerDuty user has your Slack e-mail address" in lines["U0CAROL"]
    assert "2 of 3 people in Slack are linked." in out
    assert FAILED == code


async def test_whoever_is_on_call_without_a_button_is_named(
    pagerduty: PagerDutySandbox, capsys: pytest.CaptureFixture[str]
) -> None:
    """Dave is paged at level 2, and nobody in Slack is him: the command fails, so that a timer can tell."""
    assert FAILED == await run()

    report = capsys.readouterr().out.partition("can't act from Slack:")[2]
    assert "Dave Ng" in report
    assert "Payments on-call" in report
    assert "PALICE1" not in report
    [call] = pagerduty.calls_to("GET", "/oncalls")
    assert {"since", "until"} <= call.query.keys()


async def test_machines_get_json(pagerduty: PagerDutySandbox, capsys: pytest.CaptureFixture[str]) -> None:
    """One object a line, for people and for duties."""
    assert FAILED == await run("--json")

    found = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert {"U0ALICE": "PALICE1", "U0BOB": "PBOB1", "U0CAROL": None} == {
        each["slack_user"]: each["pagerduty_user"] for each in found if each.get("slack_user")
    }
    assert ["PDAVE1"] == [each["on_call"] for each in found if "on_call" in each]
    assert pagerduty.calls


@pytest.mark.parametrize("user", ["U0ALICE", "PALICE1", "Alice@Example.com", "alice ng", "Alice"])
async def test_check_finds_somebody_by_any_name(
    pagerduty: PagerDutySandbox, capsys: pytest.CaptureFixture[str], user: str
) -> None:
    """Slack id, PagerDuty id, e-mail, whole name or a part of it."""
    assert 0 == await run("check", user)
    assert "Alice Ng (U0ALICE) is Alice Ng (PALICE1) in PagerDuty, by e-mail" in capsys.readouterr().out
    assert pagerduty.calls


@pytest.mark.parametrize(
    ("user", "words"),
    [
        ("U0CAROL", "They see: No PagerDuty user has your Slack e-mail address"),
        ("PDAVE1", "no Slack user is linked to them"),
        ("Dave", "no Slack user is linked to them"),
        ("U0NOBODY", "No Slack or PagerDuty user matches"),
    ],
)
async def test_check_says_why_not(
    pagerduty: PagerDutySandbox, capsys: pytest.CaptureFixture[str], user: str, words: str
) -> None:
    """With the next step, and a failure for whoever scripts it."""
    assert FAILED == await run("check", user)
    printed = capsys.readouterr()
    assert words in printed.out + printed.err
    assert pagerduty.calls


async def test_a_limit_is_waited_for(pagerduty: PagerDutySandbox, capsys: pytest.CaptureFixture[str]) -> None:
    """A directory that PagerDuty cuts short is read once more."""
    pagerduty.add_fault(Fault(method="GET", path="/users", status=429, times=1))

    assert 0 == await run("check", "U0ALICE")
    assert "PALICE1" in capsys.readouterr().out


async def test_a_vendor_that_is_down_is_said_to_be(
    pagerduty: PagerDutySandbox, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nothing is reported that was not read."""
    pagerduty.add_fault(Fault(method="GET", path="/users", status=500))

    assert FAILED == await run()
    assert "Can't read the directories" in capsys.readouterr().err


async def test_check_names_those_who_share_an_address(
    pagerduty: PagerDutySandbox, capsys: pytest.CaptureFixture[str]
) -> None:
    """An ambiguous address is mended by choosing one of them, so they are named, with their ids."""
    pagerduty.add_user("Alice Two", "ALICE@example.com", role="limited_user", id="PALICE2")

    assert FAILED == await run("check", "U0ALICE")

    assert "Those with that address: Alice Ng (PALICE1), Alice Two (PALICE2)." in capsys.readouterr().out


LINK = Link(SlackUserId("U0CAROL"), UserId("PDAVE1"), "dave@example.com", LinkedBy.SIGN_IN, 1_700_000_000_000)
OLD = Link(SlackUserId("U0ALICE"), UserId("PALICE1"), "a.ng@example.com", LinkedBy.SIGN_IN, 1_600_000_000_000)


@pytest.fixture
async def store() -> AsyncIterator[EmbeddedValkey]:
    """Run an empty store."""
    async with lent_valkey() as valkey:
        yield valkey


@pytest.fixture
async def links(
    pagerduty: PagerDutySandbox, store: EmbeddedValkey, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> AsyncIterator[Links]:
    """Let people link themselves: Carol is Dave in PagerDuty by that, and Alice's link leads nowhere any more."""
    assert not pagerduty.calls
    (tmp_path / "bridge.toml").write_text(
        '[identity]\nlinking = "oauth"\ncallback_url = "https://example.com/oauth/pagerduty/callback"\n'
        '[identity.users]\nU0BOB = "PBOB1"\n'
    )
    async with aclosing(connect(store.url)) as redis:
        monkeypatch.setenv("REDIS_URL", store.url)
        links = Links(redis)
        for link in (LINK, OLD):
            await links.put(link)
        yield links


@pytest.mark.usefixtures("links")
async def test_links_that_people_made_are_listed_with_their_time(capsys: pytest.CaptureFixture[str]) -> None:
    """How, and since when; one that leads nowhere any more is named, and its person recognised in another way."""
    assert 0 == await run()

    out = capsys.readouterr().out
    lines = {line.split()[0]: line for line in out.splitlines() if line.startswith("U0")}
    assert "Dave Ng (PDAVE1)" in lines["U0CAROL"]
    assert "sign-in, 2023-11-14 22:13" in lines["U0CAROL"]
    assert "e-mail" in lines["U0ALICE"]
    assert "Links that lead to no one now: U0ALICE (a.ng@example.com)" in out
    assert 0 == await run("check", "U0CAROL")
    assert "by sign-in, 2023-11-14 22:13" in capsys.readouterr().out


@pytest.mark.parametrize("user", ["U0CAROL", "pdave1", "dave@example.com", "carol@example.com", "Carol"])
async def test_a_link_is_undone(links: Links, capsys: pytest.CaptureFixture[str], user: str) -> None:
    """By any name of either side; a second time there is none."""
    assert 0 == await run("unlink", user)
    assert "U0CAROL is no longer linked to dave@example.com (PDAVE1)." in capsys.readouterr().out
    assert [OLD] == await links.all()

    assert FAILED == await run("unlink", user)
    assert f"No link matches {user}." in capsys.readouterr().err


async def test_a_link_that_is_undone_is_on_the_disk(
    store: EmbeddedValkey, links: Links, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As when its person undoes it: a link that comes back with a restart would let a stranger act."""
    async with wired(store) as (wire, client):
        if not await can_wait_for_disk(client):
            pytest.skip("this server cannot tell what is on its disk")
        monkeypatch.setenv("REDIS_URL", wire.url)

        assert 0 == await run("unlink", "U0CAROL")

    assert [OLD] == await links.all()
    undone = wire.sent.index(b"HDEL")
    assert b"WAITAOF" in wire.sent[undone:]


@pytest.mark.usefixtures("links")
async def test_a_link_is_undone_at_a_replica_where_one_is_wanted(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """Without one that has it, the command fails and says why."""
    (tmp_path / "bridge.toml").write_text('durability = "replica"\n')

    assert FAILED == await run("unlink", "U0CAROL")

    assert "no replica confirmed within 1000 ms" in capsys.readouterr().err


async def test_a_link_that_was_made_meanwhile_is_undone(
    slack: SlackSandbox, links: Links, capsys: pytest.CaptureFixture[str]
) -> None:
    """While Slack's people are read, Carol links herself to another user: that link is undone, and named."""
    slow = slack.add_fault(SlackFault("users.list", delay=0.3))
    newer = replace(LINK, user=UserId("PERIN1"), email="erin@example.com")
    async with asyncio.TaskGroup() as group:
        undoing = group.create_task(run("unlink", "carol@example.com"))
        await until(lambda: slow.match_count > 0, "Slack's people to be read")
        await links.put(newer)
    assert 0 == undoing.result()

    assert "U0CAROL is no longer linked to erin@example.com (PERIN1)." in capsys.readouterr().out
    assert [OLD] == await links.all()
    assert await links.owner(newer.user) is None


async def test_no_link_is_guessed(links: Links, capsys: pytest.CaptureFixture[str]) -> None:
    """A name that several have undoes none."""
    assert FAILED == await run("unlink", "Ng")

    assert "Several links match Ng: U0ALICE (a.ng@example.com), U0CAROL (dave@example.com)" in capsys.readouterr().err
    assert 2 == len(await links.all())


async def test_the_audit_tells_who_was_linked_by_whom(links: Links, capsys: pytest.CaptureFixture[str]) -> None:
    """Made, approved, rejected, ended and undone, in names and without an address; for machines by ids."""
    approved = replace(LINK, by=LinkedBy.APPROVAL, approver=SlackUserId("U0BOB"))
    await links.put(approved)
    await links.record(approved, LinkChange.REJECTED, SlackUserId("U0BOB"))
    await links.remove(OLD, LinkChange.ENDED)
    await links.remove(LINK, LinkChange.UNDONE, LINK.slack)
    await links.put(LINK)
    assert 0 == await run("unlink", "U0CAROL")
    capsys.readouterr()

    assert 0 == await asyncio.to_thread(main, ["audit", "--user", "U0CAROL"])
    out = capsys.readouterr().out
    assert [
        "Carol Ng linked themselves to PagerDuty user Dave Ng, by signing in there",
        "Bob Ng approved that Carol Ng is PagerDuty user Dave Ng",
        "Bob Ng rejected that Carol Ng is PagerDuty user Dave Ng",
        "Carol Ng undid their link to PagerDuty user Dave Ng",
        "Carol Ng linked themselves to PagerDuty user Dave Ng, by signing in there",
        "An operator undid Carol Ng's link to PagerDuty user Dave Ng",
    ] == [line[line.index("  ") :].strip() for line in out.splitlines()[1:]]
    assert 0 == await asyncio.to_thread(main, ["audit", "--user", "U0BOB", "--action", "link", "--json"])
    by_bob = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [("link", "made", "approval", "U0BOB"), ("link", "rejected", "approval", "U0BOB")] == [
        (each["action"], each["change"], each["how"], each["actor"]) for each in by_bob
    ]
    assert 0 == await asyncio.to_thread(main, ["audit", "--user", "U0ALICE"])
    assert "Alice Ng's link to PagerDuty user Alice Ng ended: that account has changed" in capsys.readouterr().out
    assert "@" not in out
    for filters in (
        ["--action", "acknowledge"],
        ["--incident", "37"],
        ["--outcome", "done"],
        ["--until", "2020-01-01"],
    ):
        assert 0 == await asyncio.to_thread(main, ["audit", *filters])
        assert "Nothing in the audit matches." in capsys.readouterr().out


async def test_an_entry_about_a_link_that_cannot_be_read(links: Links, capsys: pytest.CaptureFixture[str]) -> None:
    """It is named, and costs no other one."""
    await links.record(LINK, LinkChange.MADE, LINK.slack)
    redis = links._redis
    await redis.execute_command("XADD", keys.LINKS_AUDIT, "*", "change", "eaten")

    assert FAILED == await asyncio.to_thread(main, ["audit", "--json"])
    told = capsys.readouterr()
    assert 3 == len(told.out.splitlines())
    assert "cannot be read: not an entry about a link" in told.err
