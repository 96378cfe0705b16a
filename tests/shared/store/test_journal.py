"""The journal of an incident: what gets into it by itself, what never does, and what it costs to lose it."""

import ast
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import cast

import pytest
from fakeredis import FakeAsyncRedis
from structlog.testing import capture_logs

from pagebridge.cli.incident_story import WORDS, worded
from pagebridge.cli.names import Names
from shared.errors import Refused, Unavailable
from shared.model.ids import ChannelId, LineKey, MessageTs
from shared.model.incident import fold
from shared.model.journal import Fact, fact, failure, slack_facts
from shared.model.message_state import MessageState
from shared.model.slack_state import SlackState
from shared.store import document_kinds, keys
from shared.store.incidents import Incidents
from shared.store.journal import Journal
from shared.store.redis import Redis, connect
from tests.builders import INCIDENT, NOON, webhook

ROOT = Path(__file__).parents[3]
HOME = ChannelId("C0HOME")
TS = MessageTs("1.1")


@pytest.fixture
async def redis() -> AsyncIterator[Redis]:
    """Give an empty store."""
    client = FakeAsyncRedis()
    yield cast("Redis", client)
    await client.aclose()


async def whats(redis: Redis) -> list[str]:
    """Name the facts of the incident's journal."""
    return [noted.fact.name for noted in await Journal(redis).read(INCIDENT)]


async def test_a_change_tells_its_facts_in_the_step_that_stores_it(redis: Redis) -> None:
    """Nobody has to report that a line opened and a state became known."""
    event = webhook("incident.acknowledged", NOON)

    await Incidents(redis).change(INCIDENT, lambda known: fold(known, event, NOON).incident)

    assert ["incident.known", "line.opened"] == await whats(redis)
    assert 0 < await redis.ttl(keys.of_incident(INCIDENT, "journal")) <= keys.JOURNAL_KEPT


async def test_facts_are_noted_when_nothing_changes(redis: Redis) -> None:
    """A duplicate leaves the projection as it is, and is in the journal all the same."""
    await Incidents(redis).change(INCIDENT, lambda known: known, facts=lambda: (fact("event.folded"),))

    assert ["event.folded"] == await whats(redis)


async def test_a_lost_race_tells_nothing(redis: Redis) -> None:
    """What was not stored did not happen."""
    surfaces = document_kinds.surfaces(redis)
    before = await surfaces.load(INCIDENT)
    await surfaces.change(INCIDENT, lambda surface: surface.closed(HOME))

    assert not await surfaces.swap(INCIDENT, before, before.value.closed(ChannelId("C0OTHER")))

    assert [fact("channel.closed", channel=HOME)] == [noted.fact for noted in await Journal(redis).read(INCIDENT)]


async def test_a_store_that_is_down_loses_a_fact_and_nothing_else() -> None:
    """Whoever notes something goes on with their work."""
    down = connect("redis://127.0.0.1:1")

    with capture_logs() as logged:
        await Journal(down).append(INCIDENT, fact("slack.later"))

    await down.aclose()
    assert ["journal.lost"] == [entry["event"] for entry in logged]


async def test_a_journal_is_capped(redis: Redis) -> None:
    """An incident on which much happens forgets its first steps, about."""
    for _ in range(keys.JOURNAL_STEPS + 300):
        await Journal(redis).append(INCIDENT, fact("message.updated"))

    assert len(await whats(redis)) < keys.JOURNAL_STEPS + 200


@pytest.mark.parametrize(
    "text",
    [
        "alice@example.com",
        "a@123.example",
        "a\nb",
        "two words",
        "https://hooks.slack.com/x",
        "ü",
        "x" * 201,
    ],
)
def test_what_people_write_never_gets_into_a_journal(text: str) -> None:
    """Addresses, sentences and links have not the shape of an id."""
    assert "?" == fact("event.folded", by=text).get("by")


def test_the_key_of_a_line_gets_in() -> None:
    """It has an `@` in it, and a number after that."""
    assert "incident.triggered@1700000000000#1" == fact("x.y", line="incident.triggered@1700000000000#1").get("line")


def test_a_failure_says_its_kind_and_codes_only() -> None:
    """The other side's words may hold anything, so they stay out."""
    refused = failure(
        "slack.refused", Refused("alice@example.com is out", code="is_archived", status=200), channel="C1"
    )
    later = failure("slack.later", Unavailable("so busy", retry_after=2.04))

    assert {"error": "refused", "status": "200", "code": "is_archived", "channel": "C1"} == dict(refused.fields)
    assert {"error": "unavailable", "wait": "2.0"} == dict(later.fields)


@pytest.mark.parametrize(
    ("was", "now", "verb"),
    [
        (MessageState(), MessageState(begun_ms=1, until_ms=9), "posting"),
        (MessageState(begun_ms=1, until_ms=9), MessageState(ts=TS, content_digest="d"), "posted"),
        (MessageState(begun_ms=1, until_ms=9), MessageState(ts=TS), "found"),
        (MessageState(begun_ms=1, until_ms=9), MessageState(), "not_posted"),
        (MessageState(ts=TS, content_digest="d"), MessageState(ts=TS, content_digest=None), ""),
        (MessageState(ts=TS), MessageState(ts=TS, content_digest="e"), "updated"),
        (MessageState(ts=TS), MessageState(ts=TS, until_ms=9), "unclear"),
        (MessageState(ts=TS, content_digest="d"), MessageState(replaces=TS), "gone"),
    ],
)
def test_what_became_of_a_message_follows_from_its_record(was: MessageState, now: MessageState, verb: str) -> None:
    """Each step of a message has its word."""
    surface = SlackState(INCIDENT, "g", (HOME,))

    told = slack_facts(surface.with_card(HOME, was), surface.with_card(HOME, now))

    assert ([f"message.{verb}"] if verb else []) == [fact.name for fact in told]


def test_a_line_without_a_channel_breaks_nothing() -> None:
    """The last channel may be given up while lines are on record."""
    bare = SlackState(INCIDENT, "g")
    posted = replace(bare, lines={LineKey("a@1"): MessageState(ts=TS, content_digest="d")})

    assert 1 == len(slack_facts(bare, posted))


def test_every_fact_has_words() -> None:
    """What some part of the bridge puts into a journal, `pagebridge why` can tell."""
    written = set()
    for path in [*ROOT.glob("bolt_app/**/*.py"), *ROOT.glob("shared/**/*.py")]:
        for call in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id in {"fact", "failure"}:
                written |= {str(node.value) for node in ast.walk(call.args[0]) if isinstance(node, ast.Constant)}

    assert {what for what in written if "." in what.strip(".")} <= WORDS.keys()
    assert {"event.folded", "slack.later", "incident.read"} <= written


@pytest.mark.parametrize("what", sorted(WORDS))
def test_words_can_do_without_what_is_not_known(what: str) -> None:
    """A fact of an older version, about less, can still be told."""
    assert worded(Fact(what), Names(), {})
