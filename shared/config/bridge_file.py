"""Reading `bridge.toml`: every mistake at once, each with its line and with what was probably meant."""

import re
import tomllib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from difflib import get_close_matches
from pathlib import Path

import structlog
from pydantic import ValidationError
from pydantic_core import ErrorDetails

from shared.config.bridge_config import TABLES, BridgeConfig
from shared.config.errors import Misconfigured, describe_error

log = structlog.get_logger()

_HEADER = re.compile(r"\s*(\[\[?)\s*([\w.-]+)\s*\]")
_QUOTED = re.compile("'([^']+)'")
_KEY = re.compile(r"""\s*["']?([\w-]+)["']?\s*=""")


def load_bridge_config(path: Path) -> BridgeConfig:
    """Read `path`; without it defaults hold, and the log says so. Raises `Misconfigured` naming every wrong key."""
    try:
        text = _decoded(path.read_bytes())
        return BridgeConfig.model_validate(tomllib.loads(text))
    except FileNotFoundError:
        log.warning("config.missing", path=str(path), hint="no incident is shown: `pagebridge init` writes one")
        return BridgeConfig()
    except ValidationError as error:
        raise Misconfigured(str(path), _in_order(error.errors(include_url=False), text)) from None
    except tomllib.TOMLDecodeError as error:
        raise Misconfigured(str(path), [f"is not TOML: {error}"]) from None
    except RecursionError:
        raise Misconfigured(str(path), ["is nested too deeply to be read"]) from None
    except OSError as error:
        raise Misconfigured(str(path), [f"cannot be read: {error}"]) from None
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        why = f"is not UTF-8 (line {line}): save it with the encoding UTF-8"
        raise Misconfigured(str(path), [why]) from None


def _decoded(octets: bytes) -> str:
    """Decode a file, also one with a byte-order mark or with the line ends of Windows."""
    return octets.decode("utf-8-sig").replace("\r\n", "\n")


def _in_order(problems: Iterable[ErrorDetails], text: str) -> list[str]:
    """Describe problems in the order of their lines; those whose line is not found come last."""
    lines = dict(_places(text))
    placed = [(number, _in_file(found, number)) for found in problems for number in [_line(_parts(found), lines)]]
    return [words for _, words in sorted(placed, key=lambda each: (each[0] is None, each[0] or 0))]


def _parts(found: ErrorDetails) -> tuple[int | str, ...]:
    return tuple(part for part in found["loc"] if part != "[key]")


def _line(parts: tuple[int | str, ...], lines: Mapping[tuple[int | str, ...], int]) -> int | None:
    """Find the line of a place, or of the closest one around it: an entry of a list stands on its key's."""
    return next((lines[parts[:end]] for end in range(len(parts), 0, -1) if parts[:end] in lines), None)


def _in_file(found: ErrorDetails, number: int | None) -> str:
    """Describe a problem by its place as in the file, lists counted from one: `routes[2].channel`."""
    parts = _parts(found)
    key = "".join(f"[{part + 1}]" if isinstance(part, int) else f".{part}" for part in parts).removeprefix(".")
    line = f" (line {number})" if number else ""
    return f"{key} {describe_error(found)}{line}{_meant(found)}"


def _places(text: str) -> Iterator[tuple[tuple[int | str, ...], int]]:
    """Give each table and key of a file, with the number of its line; those within braces stand on their line's key."""
    table: tuple[int | str, ...] = ()
    tables: Counter[tuple[str, ...]] = Counter()
    for number, line in enumerate(text.splitlines(), start=1):
        if header := _HEADER.match(line):
            names = tuple(header[2].split("."))
            table = (*names, tables[names]) if header[1] == "[[" else names
            tables[names] += 1
            yield table, number
        elif key := _KEY.match(line):
            yield (*table, key[1]), number


def _meant(found: ErrorDetails) -> str:
    """Return what a mistyped key or word was probably meant to be; of a key else where all are shown."""
    parts, unknown = _parts(found), ""
    match found["type"]:
        case "extra_forbidden":
            known: Iterable[str] = TABLES[tuple(part for part in parts[:-1] if isinstance(part, str))].model_fields
            given, unknown = str(parts[-1]), "; `pagebridge settings --bridge-example` shows them all"
        case "enum" | "literal_error":
            known, given = _QUOTED.findall(found["ctx"]["expected"]), str(found["input"])
        case _:
            return ""
    close = get_close_matches(given, list(known), 1)
    return f"; did you mean {close[0]}?" if close else unknown
