"""`pagebridge deadletters`, on a real Valkey: what it shows, what it hides, and that nothing is lost or done twice."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from pagebridge.cli import FAILED, MISCONFIGURED, main
from pagebridge.local.embedded_valkey import EmbeddedValkey
from shared.store import keys
from shared.store.dead_letters import DeadLetter, DeadLetters, Resolution
from shared.store.redis import Redis, connect

WEBHOOK = {"v": b"1", "kind": b"webhook", "body": b'{"event": {"id": "01ABC", "title": "Secret plans of Bob"}}'}
CLICK = {
    "v": b"1",
    "body": b'{"id": "c1", "response_url": "https://hooks.slack.com/actions/T1/2/3", "terms": {"text": "hunter2"}}',
}


@pytest.fixture(scope="module")
def valkey(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedValkey]:
    """Run a Valkey as the bridge does."""
    server = EmbeddedValkey(tmp_path_factory.mktemp("valkey"))
    with asyncio.Runner() as runner:
        runner.run(server.start())
        yield server
        runner.run(server.stop())


@pytest.fixture
async def redis(valkey: EmbeddedValkey) -> AsyncIterator[Redis]:
    """Give its store, empty."""
    client = connect(valkey.url)
    await client.flushdb()
    yield client
    await client.aclose()


@pytest.fixture(autouse=True)
def bare(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, valkey: EmbeddedValkey) -> None:
    """Work in an empty directory, on this store."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("REDIS_URL", valkey.url)


async def buried(redis: Redis, fields: dict[str, bytes], stream: str = keys.EVENTS) -> str:
    """Lay an entry aside, as the worker does."""
    letter = {**fields, "stream": stream.encode(), "entry": b"1-0", "why": b"not an event, token=xoxb-123456789"}
    entry = await redis.execute_command(
        "XADD", keys.DEAD_LETTERS, "*", *(part for pair in letter.items() for part in pair)
    )
    return bytes(entry).decode()


async def run(*arguments: str) -> int:
    """Run the command line beside the test."""
    return await asyncio.to_thread(main, ["deadletters", *arguments])


async def letters(redis: Redis) -> list[DeadLetter]:
    """List what is left."""
    return [letter async for letter in DeadLetters(redis).all()]


async def test_the_list_says_since_when_what_and_why(redis: Redis, capsys: pytest.CaptureFixture[str]) -> None:
    """One line for each, with its kind and its reason, in which no token is."""
    event = await buried(redis, WEBHOOK)
    click = await buried(redis, CLICK, keys.COMMANDS)

    assert 0 == await run("list")

    _, first, second = capsys.readouterr().out.splitlines()
    assert [event, click] == [first.split()[0], second.split()[0]]
    assert "webhook" in first
    assert "command" in second
    assert "not an event" in first
    assert "xoxb-123456789" not in first


async def test_the_list_is_json_for_machines(redis: Redis, capsys: pytest.CaptureFixture[str]) -> None:
    """One object a line."""
    event = await buried(redis, WEBHOOK)

    assert 0 == await run("list", "--json")

    facts = json.loads(capsys.readouterr().out)
    assert (event, "webhook", keys.EVENTS) == (facts["id"], facts["kind"], facts["stream"])


async def test_no_letters_are_good_news(redis: Redis, capsys: pytest.CaptureFixture[str]) -> None:
    """Then the list says so, and is no failure."""
    assert [] == await letters(redis)
    assert 0 == await run("list")
    assert "There are no dead letters." in capsys.readouterr().out


@pytest.mark.parametrize(
    ("fields", "stream", "shown", "hidden"),
    [
        (WEBHOOK, keys.EVENTS, "01ABC", "Secret plans"),
        (CLICK, keys.COMMANDS, "c1", "hunter2"),
        (CLICK, keys.COMMANDS, "[hidden]", "hooks.slack.com"),
        ({"body": b"\xff\x00 xoxb-1-2-3"}, keys.EVENTS, "bytes that are not JSON", "xoxb"),
    ],
)
async def test_show_hides_secrets_and_what_people_wrote(
    redis: Redis, capsys: pytest.CaptureFixture[str], fields: dict[str, bytes], stream: str, shown: str, hidden: str
) -> None:
    """Ids and the shape are there to look at; the rest is nobody's business here."""
    letter = await buried(redis, fields, stream)

    assert 0 == await run("show", letter)

    out = capsys.readouterr().out
    assert shown in out
    assert hidden not in out


@pytest.mark.parametrize(
    ("depth", "words"),
    [(12, "01ABC"), (500, "nested too deeply to be shown"), (90_000, "nested too deeply to be read")],
)
async def test_what_is_nested_deeply_is_shown_as_far_as_it_goes(
    redis: Redis, capsys: pytest.CaptureFixture[str], depth: int, words: str
) -> None:
    """A body that nothing could read, for its depth alone, breaks no look at it, and no secret of it is shown."""
    body = b'{"token": "hunter2", "x": ' * depth + b'"01ABC"' + b"}" * depth
    letter = await buried(redis, {"body": body})

    assert 0 == await run("show", letter)

    out = capsys.readouterr().out
    assert words in out
    assert "hunter2" not in out


async def test_one_is_put_back_at_a_replica_where_one_is_wanted(
    redis: Redis, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """Without one that has it, the command fails and says why, and the letter stays."""
    (tmp_path / "bridge.toml").write_text('durability = "replica"\n')
    letter = await buried(redis, WEBHOOK)

    assert FAILED == await run("retry", letter)

    assert "no replica confirmed within 1000 ms" in capsys.readouterr().err
    assert [letter] == [each.id for each in await letters(redis)]


async def test_one_that_is_settled_is_gone_for_whoever_comes_next(
    redis: Redis, capsys: pytest.CaptureFixture[str]
) -> None:
    """Retried or dropped, a second try says so at once; nobody is said to be at it."""
    for first in ("retry", "drop"):
        letter = await buried(redis, WEBHOOK)
        assert 0 == await run(first, letter)
        for again in ("drop", "retry"):
            capsys.readouterr()
            assert FAILED == await run(again, letter)
            assert "no such dead letter" in capsys.readouterr().out


async def test_retry_puts_an_event_back_as_it_was(redis: Redis) -> None:
    """Field by field, and the letter is gone."""
    letter = await buried(redis, WEBHOOK)

    assert 0 == await run("retry", letter)

    [(_, fields)] = await redis.execute_command("XRANGE", keys.EVENTS, "-", "+")
    assert {name.encode(): value for name, value in WEBHOOK.items()} == dict(fields)
    assert [] == await letters(redis)


async def test_two_operators_put_it_back_once(redis: Redis) -> None:
    """Whoever comes second is told so; the event is there once, and nothing is lost."""
    letter = await buried(redis, WEBHOOK)

    done = await asyncio.gather(*(DeadLetters(redis).retry(letter, wait_for_disk=False) for _ in range(8)))

    assert 1 == done.count(Resolution.RETRIED)
    assert {Resolution.CLAIMED, Resolution.RETRIED, Resolution.GONE} >= set(done)
    assert 1 == await redis.xlen(keys.EVENTS)


async def test_one_retries_while_the_other_drops(redis: Redis) -> None:
    """One of the two happens, never both."""
    letter = await buried(redis, WEBHOOK)
    store = DeadLetters(redis)

    done = await asyncio.gather(store.drop(letter), store.retry(letter, wait_for_disk=False))

    assert 1 == len({Resolution.CLAIMED, Resolution.GONE} & set(done))
    assert (Resolution.RETRIED in done) == bool(await redis.xlen(keys.EVENTS))
    assert [] == await letters(redis)


async def test_a_click_is_never_put_back(redis: Redis, capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing may be done in somebody's name long after they asked; the letter stays to be looked at."""
    letter = await buried(redis, CLICK, keys.COMMANDS)

    assert FAILED == await run("retry", letter)

    assert "has expired" in capsys.readouterr().out
    assert 0 == await redis.xlen(keys.COMMANDS)
    assert [letter] == [left.id for left in await letters(redis)]


async def test_drop_throws_away_what_is_named(redis: Redis, capsys: pytest.CaptureFixture[str]) -> None:
    """The others stay; one that is gone already is said to be."""
    one, other = await buried(redis, WEBHOOK), await buried(redis, CLICK, keys.COMMANDS)

    assert 0 == await run("drop", one)
    assert [other] == [left.id for left in await letters(redis)]
    assert FAILED == await run("drop", one)
    assert "no such dead letter" in capsys.readouterr().out


async def test_what_is_no_id_is_a_mistake(redis: Redis, capsys: pytest.CaptureFixture[str]) -> None:
    """It says where the ids are."""
    assert [] == await letters(redis)
    assert MISCONFIGURED == await run("show", "4711")
    assert "deadletters list" in capsys.readouterr().err.replace("\n", " ")
