"""`pagebridge deadletters`: what could not be worked on: look at it, put it back, or throw it away."""

import json
import re
import sys
from pathlib import Path
from typing import Annotated

import typer

from pagebridge.cli import FAILED, exits
from pagebridge.cli.clients import AsJson, Data, known_secrets, opened, waits_for_disk
from pagebridge.cli.place import DATA
from pagebridge.cli.terminal import age, moment, progress, table, terminal, utc
from pagebridge.cli.terminal import show as show_lines
from shared.observability.log import Redaction
from shared.store.dead_letters import DeadLetter, DeadLetters, Resolution

TITLES = ("ID", "AGE", "KIND", "SINCE (UTC)", "REASON")
NEXT = {
    Resolution.RETRIED: "put back; if it fails again it returns here under another id",
    Resolution.DROPPED: "dropped",
    Resolution.GONE: "no such dead letter (it may have been retried or dropped)",
    Resolution.CLAIMED: "another operator is working on it; try again in a minute",
    Resolution.TOO_LATE: "not put back: the click has expired; the person can press again",
}
_ID = re.compile(r"\d{1,20}-\d{1,20}")
_WORD = re.compile(r"[A-Za-z0-9_.:#,+/-]{0,64}", re.ASCII)
"""Values that may be shown: ids, types, times. Never people's text."""
_WRITTEN = frozenset({"content", "description", "details", "message", "name", "summary", "text", "title"})
"""Fields that hold what people have written, if only a word."""
DEEPEST = 16
"""How many objects and lists within each other are shown; webhooks and clicks have half as many."""

deadletters = typer.Typer(no_args_is_help=True, help="List entries that could not be processed, retry or drop them.")


def _id(text: str) -> str:
    if not _ID.fullmatch(text):
        raise typer.BadParameter(f"{text!r} is not the id of a dead letter; run `pagebridge deadletters list`")
    return text


Id = Annotated[str, typer.Argument(metavar="ID", parser=_id, help="As `pagebridge deadletters list` shows it.")]
Ids = Annotated[list[str], typer.Argument(metavar="ID...", parser=_id, help="As the list shows them.")]


@deadletters.command("list", epilog="Example: pagebridge deadletters list --json")
@exits
async def list_(*, as_json: AsJson = False, data: Data = DATA) -> int:
    """List them, the oldest first, with age, kind and reason."""
    async with opened(data) as redis:
        found = [letter async for letter in DeadLetters(redis).all()]
        now_ms = int((await redis.time())[0]) * 1000
    hide = Redaction(known_secrets())
    if as_json:
        show_lines(json.dumps(_facts(letter, hide)) for letter in found)
    elif found:
        show_lines(table(TITLES, [_row(letter, now_ms, hide) for letter in found], terminal()))
    else:
        show_lines(["There are no dead letters."])
    return 0


@deadletters.command(epilog="Example: pagebridge deadletters show 1700000000000-0")
@exits
async def show(letter: Id, *, data: Data = DATA) -> int:
    """Show one as JSON, without secrets or people's text."""
    async with opened(data) as redis:
        found = await DeadLetters(redis).get(letter)
    if found is None:
        sys.stderr.write(f"{letter}: {NEXT[Resolution.GONE]}\n")
        return FAILED
    hide = Redaction(known_secrets())
    show_lines(json.dumps({**_facts(found, hide), "body": _body(found.body, hide)}, indent=2).splitlines())
    return 0


@deadletters.command(epilog="Example: pagebridge deadletters retry 1700000000000-0")
@exits
async def retry(ids: Ids, *, data: Data = DATA) -> int:
    """Put entries back on their stream, for example after an update. Nothing is announced twice."""
    return await _each(data, ids, back=True)


@deadletters.command(epilog="Example: pagebridge deadletters drop 1700000000000-0")
@exits
async def drop(ids: Ids, *, data: Data = DATA) -> int:
    """Drop entries for good."""
    return await _each(data, ids, back=False)


async def _each(data: Path, ids: list[str], *, back: bool) -> int:
    """Put letters back, or drop them."""
    done: list[tuple[str, Resolution]] = []
    async with opened(data) as redis:
        letters, to_disk = DeadLetters(redis), back and await waits_for_disk(redis)
        try:
            with progress("Dead letters", len(ids)) as step:
                for letter in ids:
                    if back:
                        done.append((letter, await letters.retry(letter, wait_for_disk=to_disk)))
                    else:
                        done.append((letter, await letters.drop(letter)))
                    step()
        finally:
            show_lines(f"{letter}: {NEXT[how]}" for letter, how in done)
    return 0 if {how for _, how in done} <= {Resolution.RETRIED, Resolution.DROPPED} else FAILED


def _row(letter: DeadLetter, now_ms: int, hide: Redaction) -> tuple[str, ...]:
    return letter.id, age(max(0, now_ms - letter.at_ms)), letter.kind, moment(letter.at_ms), hide.text(letter.why)


def _facts(letter: DeadLetter, hide: Redaction) -> dict[str, object]:
    return {
        "id": letter.id,
        "at": utc(letter.at_ms),
        "kind": letter.kind,
        "stream": letter.stream,
        "entry": letter.entry,
        "why": hide.text(letter.why),
        "bytes": len(letter.body),
    }


def _body(body: bytes, hide: Redaction) -> object:
    try:
        said = json.loads(body)
    except ValueError:
        return f"{len(body)} bytes that are not JSON"
    except RecursionError:
        return f"{len(body)} bytes of JSON that is nested too deeply to be read"
    return hide(None, "", {"body": _harmless(said)})["body"]


def _harmless(value: object, name: str = "", depth: int = 0) -> object:
    """Keep the shape, ids, types and times; of every other text, and of what is nested deeply, only its length."""
    if isinstance(value, dict | list) and depth == DEEPEST:
        return f"[{len(value)} values, nested too deeply to be shown]"
    if isinstance(value, dict):
        return {_name(str(name)): _harmless(inner, str(name), depth + 1) for name, inner in value.items()}
    if isinstance(value, list):
        return [_harmless(inner, depth=depth + 1) for inner in value]
    if isinstance(value, str) and (name in _WRITTEN or not _WORD.fullmatch(value)):
        return f"[text, {len(value)} characters]"
    return value


def _name(name: str) -> str:
    return name if _WORD.fullmatch(name) else f"[name, {len(name)} characters]"
