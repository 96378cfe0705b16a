"""`pagebridge replay`: what recorded webhooks would have had posted, and where. Nothing is sent to anybody."""

import json
import sys
from codecs import BOM_UTF8
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Any

import typer

from pagebridge.cli import FAILED
from pagebridge.cli.clients import AsJson
from pagebridge.cli.rehearsal import UNREADABLE, Outcome, Posting, Rehearsal
from pagebridge.cli.terminal import harmless, moment, show, utc
from shared.config.bridge_file import load_bridge_config
from shared.config.settings import Environment, load
from shared.errors import BridgeError
from shared.model.incident import FoldResult
from shared.slack.render.blocks import to_plain_text

BY_DEFAULT = (
    "{} in the default channel, because no route matches. Those of a private team would not be shown there; webhooks "
    "don't say which teams are private."
)


Numbered = tuple[int, Outcome]
"""The result of a delivery, with the number of its line in the file."""


class _Settings(Environment):
    """Where the routes are."""

    bridge_config: Path = Path("bridge.toml")


class Unreadable(BridgeError):
    """Raised for a file that can't be read."""


def replay(
    recording: Annotated[
        Path, typer.Argument(metavar="FILE", allow_dash=True, help="The recorded webhooks, - for standard input.")
    ],
    *,
    config: Annotated[
        Path | None, typer.Option(metavar="FILE", help="The bridge.toml to try, unless it is the one of BRIDGE_CONFIG.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """
    Show what recorded webhooks would have posted, by your bridge.toml. Nothing is sent.

    Each line of FILE is one delivery as JSON: its body, or an object with "body" (an object or the text) and
    "headers". Signatures are not checked. The exit code is 1 if a line can't be read.
    """
    rehearsal = Rehearsal(load_bridge_config(config or load(_Settings).bridge_config).routing)
    results: Counter[str] = Counter()
    outcomes = _counted(((line, rehearsal.deliver(body)) for line, body in _deliveries(recording)), results)
    show(map(_json_line, outcomes) if as_json else _report(outcomes, results, rehearsal))
    raise typer.Exit(FAILED if results[UNREADABLE] else 0)


def _counted(outcomes: Iterable[Numbered], results: Counter[str]) -> Iterator[Numbered]:
    for line, outcome in outcomes:
        results[outcome.kind] += 1
        yield line, outcome


def _deliveries(recording: Path) -> Iterator[tuple[int, bytes]]:
    """Read the bodies of the deliveries, with their line numbers. Raises `Unreadable`."""
    try:
        with sys.stdin.buffer if str(recording) == "-" else recording.open("rb") as lines:
            for number, line in enumerate(lines, 1):
                if text := line.removeprefix(BOM_UTF8).strip():
                    yield number, _body(text)
    except OSError as error:
        raise Unreadable(f"Can't read {recording}: {error.strerror}") from None


def _body(line: bytes) -> bytes:
    """Take the body out of a line that has headers as well; any other line is a body itself, readable or not."""
    with suppress(ValueError, RecursionError):
        recorded = json.loads(line)
        if isinstance(recorded, dict) and "body" in recorded:
            body = recorded["body"]
            return (body if isinstance(body, str) else json.dumps(body)).encode(errors="surrogatepass")
    return line


def _report(outcomes: Iterable[Numbered], results: Counter[str], rehearsal: Rehearsal) -> Iterator[str]:
    places: dict[str, Counter[str]] = {}
    for line, outcome in outcomes:
        yield _headline(line, outcome)
        for posting in outcome.postings:
            places.setdefault(posting.channel, Counter())[posting.what] += 1
            yield f"    {posting.channel}  {_shown(posting)}"
        yield from (f"    {remark}" for remark in outcome.remarks)
        if outcome.kind == FoldResult.NEWS and not outcome.postings and not outcome.remarks:
            yield "    nothing to post"
    yield ""
    yield f"{_count(results.total(), 'delivery')}: {', '.join(f'{n} {kind}' for kind, n in results.items())}"
    for channel, posted in sorted(places.items()):
        yield f"{channel}: {', '.join(_count(posted[what], what) for what in sorted(posted))}"
    if not places:
        yield "Nothing would have been posted."
    if rehearsal.by_default:
        yield BY_DEFAULT.format(_count(len(rehearsal.by_default), "incident"))


def _headline(line: int, outcome: Outcome) -> str:
    if outcome.event is None:
        return f"line {line}  {outcome.result}"
    about = f"#{outcome.number}" if outcome.number else outcome.event.incident
    return f"{moment(outcome.event.at.ms)}  {about}  {outcome.event.type}: {outcome.result}"


def _shown(posting: Posting) -> str:
    also = " (shown to the whole channel as well)" if posting.broadcast else ""
    return f"{posting.what}{also}: {harmless(to_plain_text(posting.message.text, {}))}"


def _count(number: int, noun: str) -> str:
    plural = f"{noun[:-1]}ies" if noun.endswith("y") else f"{noun}s"
    return f"{number} {noun if number == 1 else plural}"


def _json_line(numbered: Numbered) -> str:
    line, outcome = numbered
    event = outcome.event
    found: dict[str, Any] = {"line": line, "result": outcome.result}
    if event is not None:
        found |= {"at": utc(event.at.ms), "type": event.type, "incident": event.incident, "number": outcome.number}
    posted = [
        {
            "channel": each.channel,
            "what": each.what,
            "broadcast": each.broadcast,
            "text": each.message.text,
            "blocks": each.message.blocks,
        }
        for each in outcome.postings
    ]
    return json.dumps(found | {"posted": posted, "remarks": outcome.remarks})
