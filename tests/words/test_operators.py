"""What the commands print that operators look with: each in a session as a person has it, and every mistake."""

import time
from collections.abc import AsyncIterator
from contextlib import aclosing
from dataclasses import replace
from pathlib import Path

import pytest

from pagebridge.cli import NO_SANDBOX
from pagebridge.cli.audit_words import link_sentence
from pagebridge.cli.names import Names
from pagebridge_sandbox.slack import Fault as SlackFault
from shared.model.actions import SPECS, Action
from shared.model.command import Attempt, AttemptState
from shared.model.event import Instant
from shared.model.ids import ChannelId, CommandId, IncidentId, MessageTs, SlackUserId, UserId
from shared.model.incident import Incident
from shared.model.link import Link, LinkChange, LinkedBy, LinkEntry
from shared.model.message_state import MessageState
from shared.model.privacy import Privacy
from shared.model.slack_state import SlackState
from shared.store import document_kinds, keys
from shared.store.channel_index import OpenIncidents
from shared.store.dead_letters import DeadLetters
from shared.store.incidents import Incidents
from shared.store.links import Links
from shared.store.redis import Redis, connect
from shared.store.streams import Audit
from tests.builders import INCIDENT, NOON, snapshot
from tests.pagebridge.cli_session import ROUTING, Office, opened
from tests.pagebridge.test_cli_audit import ACK, ASKED, STRANGER
from tests.pagebridge.test_cli_deadletters import CLICK, WEBHOOK
from tests.words.page import Page
from tests.words.terminal import Terminal

LINKS = tuple(
    LinkEntry(0, change, SlackUserId("U0ALICE"), UserId("PALICE1"), how, actor)
    for change, how, actor in (
        (LinkChange.MADE, LinkedBy.SIGN_IN, SlackUserId("U0ALICE")),
        (LinkChange.MADE, LinkedBy.APPROVAL, SlackUserId("U0BOB")),
        (LinkChange.REJECTED, None, SlackUserId("U0BOB")),
        (LinkChange.ENDED, None, None),
        (LinkChange.UNDONE, None, SlackUserId("U0ALICE")),
        (LinkChange.UNDONE, None, None),
    )
)
"""Everything that can become of a link."""

pytestmark = pytest.mark.process

RECENT_MS = int(time.time() * 1000) - 26 * 3_600_000
"""26 hours ago."""
CALLBACK = "https://bridge.example.com/oauth/pagerduty/callback"
ODD = b'{"a name with spaces": 1}'


@pytest.fixture
async def office(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Office]:
    """Open an office in which everything is set up but the webhook subscription."""
    async with opened(tmp_path, monkeypatch) as office:
        yield office


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Terminal:
    """Sit down at a terminal."""
    found = Terminal(monkeypatch, capsys)
    found.names[str(tmp_path)] = "/srv/bridge"
    return found


async def test_what_operators_look_at_can_be_read_in_one_file(
    pytestconfig: pytest.Config, office: Office, terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Incidents, dead letters, the audit, who is linked: empty, filled, and when the store can't be read."""
    page = Page("command_line_operators", "Commands for operators", "What the commands print that only look.")
    redis = connect(office.valkey.url)
    page.chapter("`pagebridge incidents`")
    page.terminal("None is open", await terminal.run("incidents"))
    office.slack.add_user("Alice Ng", email="alice@example.com", id="U0ALICE")
    office.slack.add_channel("home", id="C0HOME")
    await _know_incidents(redis)
    page.terminal("Some are", await terminal.run("incidents"))
    page.chapter("`pagebridge deadletters`")
    page.terminal("There are none", await terminal.run("deadletters list"))
    await _bury(redis)
    page.terminal("List", await terminal.run("deadletters list"))
    letters = [letter.id async for letter in DeadLetters(redis).all()]
    page.terminal("Show", await terminal.run(f"deadletters show {letters[0]}"))
    page.terminal("Show one with odd names", await terminal.run(f"deadletters show {letters[2]}"))
    page.terminal("Show one that is no JSON", await terminal.run(f"deadletters show {letters[3]}"))
    for at, situation in (
        (4, "Show one that is nested deeply"),
        (5, "Show one that is nested so that no one reads it"),
    ):
        page.terminal(situation, await terminal.run(f"deadletters show {letters[at]}"))
    page.terminal(
        "Retry, drop, and once more",
        "\n".join(
            [
                await terminal.run(f"deadletters retry {letters[0]}"),
                await terminal.run(f"deadletters retry {letters[1]}", code=1),
                await terminal.run(f"deadletters drop {letters[1]}"),
                await terminal.run(f"deadletters drop {letters[1]}", code=1),
                await terminal.run(f"deadletters show {letters[1]}", code=1),
            ]
        ),
    )
    await redis.set(keys.claim(letters[2]), "x")
    page.terminal("Another operator is at it", await terminal.run(f"deadletters retry {letters[2]}", code=1))
    page.terminal("Not an id", await terminal.run("deadletters show first", code=2))
    page.chapter("`pagebridge audit`")
    await _add_audit(page, office, terminal, redis, monkeypatch)
    page.chapter("`pagebridge why`")
    page.terminal("An incident that is not known", await terminal.run("why 4711", code=1))
    page.terminal("Not an incident", await terminal.run("why #first", code=2))
    page.chapter("`pagebridge timeline`")
    page.terminal("An incident that is not known", await terminal.run("timeline 4711", code=1))
    page.terminal("Not an incident", await terminal.run("timeline #first", code=2))
    await redis.aclose()
    page.chapter("`pagebridge identities`")
    await _add_identities(page, office, terminal)
    page.chapter("How far long work is, on a terminal alone")
    page.entries(["Checking 12/40", "Dead letters 3/8", "People read 512"])
    page.chapter("`pagebridge demo` and `pagebridge play` in an image of the bridge alone")
    page.case("The simulators are not installed", NO_SANDBOX)
    page.chapter("The store can't be read")
    monkeypatch.setenv("REDIS_URL", "redis://127.0.0.1:1")
    page.terminal("By `REDIS_URL`", await terminal.run("incidents", code=1))
    monkeypatch.setenv("REDIS_URL", office.valkey.url.replace("unix://", "unix://worker:wrong@"))
    page.terminal("Redis rejects the password", await terminal.run("incidents", code=2))
    monkeypatch.delenv("REDIS_URL")
    page.terminal("Of `pagebridge up`", await terminal.run("incidents", code=1))
    page.check(pytestconfig)


async def _know_incidents(redis: Redis) -> None:
    """Know one that somebody acknowledges and one of whose cards waits, one not posted yet, and one shown nowhere."""
    home, other = ChannelId("C0HOME"), ChannelId("C0OTHER")
    shown = MessageState(ts=MessageTs("1700000000.000100"), content_digest="d", state_ms=NOON)
    attempts = (Attempt(CommandId("c1"), Action.ACKNOWLEDGE, SlackUserId("U0ALICE"), AttemptState.TRYING, NOON),)
    states = (
        SlackState(INCIDENT, "g", (home, other), waiting=frozenset({other})).with_card(home, shown),
        SlackState(INCIDENT, "g", (home,)),
        SlackState(INCIDENT, "g", (home,)).with_card(home, MessageState(begun_ms=NOON, until_ms=NOON)),
        SlackState(INCIDENT, "g", ()),
        SlackState(INCIDENT, "g", (home, other), privacy=Privacy(hidden_in=frozenset({home, other}))).with_card(
            home, shown
        ),
    )
    for at, state in enumerate(states):
        incident = IncidentId(f"{INCIDENT}{at}")
        known = replace(Incident(incident), snapshot=replace(snapshot(), number=37 + at), as_of=Instant(RECENT_MS))
        await _store(redis, replace(known, attempts=attempts if at == 0 else ()), state)


async def _store(redis: Redis, known: Incident, state: SlackState) -> None:
    await Incidents(redis).change(known.id, lambda _: known)
    await document_kinds.surfaces(redis).change(known.id, lambda _: state)
    await OpenIncidents(redis).put(known.id, state.channels, NOON)


async def _bury(redis: Redis) -> None:
    """Lay an event, a click and something else aside."""
    for fields, stream in (
        (WEBHOOK, keys.EVENTS),
        (CLICK, keys.COMMANDS),
        ({"body": ODD}, keys.EVENTS),
        ({"body": b"no JSON"}, keys.EVENTS),
        ({"body": b"[" * 17 + b"]" * 17}, keys.EVENTS),
        ({"body": b"[" * 90_000}, keys.EVENTS),
    ):
        letter = {**fields, "stream": stream.encode(), "entry": b"1-0", "why": b"not strict JSON in UTF-8"}
        await redis.execute_command("XADD", keys.DEAD_LETTERS, "*", *(part for pair in letter.items() for part in pair))


async def _add_identities(page: Page, office: Office, terminal: Terminal) -> None:
    page.terminal("Everyone on call can act", await terminal.run("identities"))
    office.slack.add_user("Bob Ray", email="bob@example.com", id="U0BOB")
    office.pagerduty.add_user("Dan Ek", "dan@example.com", id="PDAN0001")
    office.pagerduty.add_user("Eve Oh", "eve@example.com", id="PEVE0001", role="read_only_user")
    office.slack.add_user("Eve Oh", email="eve@example.com", id="U0EVE")
    policy = office.pagerduty.add_escalation_policy("Search on-call", [["PDAN0001"], ["PEVE0001"]])
    office.pagerduty.add_service("search", policy.id)
    page.terminal("Not everyone can", await terminal.run("identities", code=1))
    page.terminal("One who is linked", await terminal.run("identities check alice@example.com"))
    page.terminal("One who is not", await terminal.run("identities check U0BOB", code=1))
    office.pagerduty.add_user("Bob One", "bob@example.com", id="PBOB0001")
    office.pagerduty.add_user("Bob Two", "bob@example.com", id="PBOB0002")
    page.terminal("One of two", await terminal.run("identities check U0BOB", code=1))
    page.terminal("One in PagerDuty only", await terminal.run("identities check PDAN0001", code=1))
    page.terminal("No one", await terminal.run("identities check zed@example.com", code=1))
    await _add_links(page, office, terminal)
    office.slack.add_fault(SlackFault("users.list", error="missing_scope"))
    page.terminal("Slack does not list people", await terminal.run("identities", code=1))


async def _add_links(page: Page, office: Office, terminal: Terminal) -> None:
    office.write("bridge.toml", f'{ROUTING}[identity]\nlinking = "oauth"\ncallback_url = "{CALLBACK}"\n')
    async with aclosing(connect(office.valkey.url)) as redis:
        for slack, user, email in (("U0BOB", "PBOB0001", "bob@example.com"), ("U0EVE", "PGONE01", "eve@old.example")):
            await Links(redis).put(Link(SlackUserId(slack), UserId(user), email, LinkedBy.SIGN_IN, NOON))
        alice = Link(
            SlackUserId("U0ALICE"),
            UserId("PALICE1"),
            "alice@example.com",
            LinkedBy.APPROVAL,
            NOON,
            SlackUserId("U0EVE"),
        )
        await Links(redis).put(alice)
    page.terminal("People can link themselves", await terminal.run("identities", code=1))
    page.terminal("One who has", await terminal.run("identities check U0BOB"))
    page.terminal("Several links match", await terminal.run("identities unlink o", code=1))
    page.terminal("A link is undone", await terminal.run("identities unlink U0BOB"))
    page.terminal("... again", await terminal.run("identities unlink U0BOB", code=1))


async def _add_audit(
    page: Page, office: Office, terminal: Terminal, redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    for entry in (ACK, ASKED, STRANGER):
        await Audit(redis).record(entry)
    for at, action in enumerate(Action):
        sent = SPECS[action].request.replace("{id}", "Q1INCIDENT")
        await Audit(redis).record(replace(ACK, command=CommandId(f"d{at}"), action=action, sent=sent))
    page.terminal("Everything", await terminal.run("audit"))
    names = Names({"U0ALICE": "Alice Ng", "U0BOB": "Bob Ng", "PALICE1": "Alice Ng"})
    page.case("What became of links", *(link_sentence(entry, names) for entry in LINKS))
    page.terminal("For machines", await terminal.run("audit --json"))
    page.terminal("Nothing", await terminal.run("audit --since 1m --outcome stale"))
    page.terminal("One person", await terminal.run("audit --user alice --action note"))
    page.terminal("No one", await terminal.run("audit --user zed", code=1))
    office.slack.add_user("Alice Oh", id="U0ALICE2")
    page.terminal("One of two", await terminal.run("audit --user alice", code=1))
    with monkeypatch.context() as changed:
        changed.delenv("SLACK_BOT_TOKEN")
        page.terminal("Names without Slack", await terminal.run("audit --action note"))
        page.terminal("A person without Slack", await terminal.run("audit --user alice --action note"))
    office.slack.users["U0ALICE2"].name = "Al Oh"
    page.terminal("Not a time", await terminal.run("audit --since yesterday", code=2))
    page.terminal("Not an action", await terminal.run("audit --action re", code=2))
