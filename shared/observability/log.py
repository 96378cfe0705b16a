"""
Logging: one line per event, as JSON or for people, and never a secret.

An event is named `noun.verb` (`delivery.stored`, `incident.folded`) and carries its facts as keys. What libraries log
takes the same way out, so one redaction covers all of it.
"""

import base64
import html
import logging
import re
import secrets
import sys
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from types import TracebackType
from typing import Any, Literal, TextIO

import structlog
from structlog.stdlib import ProcessorFormatter
from structlog.typing import EventDict, Processor, WrappedLogger

from shared.observability.tracing import tracing

HIDDEN = "[hidden]"

_NAMES = (
    "token|ticket|secret|passw(?:or)?d|pwd|passphrase|credential|authorization|auth(?![a-z])|signature|cookie|session|"
    r"response_url|trigger_id|(?:api|access|private|signing|routing|integration|service|encryption)[._\s-]?key"
)
_SECRET_KEY = re.compile(f"(?i){_NAMES}")
_SECRET_TEXT = re.compile(
    rf"""
      (?P<header>(?i:(?:set-)?cookie|(?:proxy-)?authorization)\s*:\s*)[^\s"'][^\r\n]*  # the whole of such a header
    | (?P<name>(?i:(?:{_NAMES})(?:[_-]?(?:id|key|value|header))?)s?(?:[\\"']|%22)*
        \s*(?:=>|[=:]|%3[AaDd]|\\+u003[ad])\s*(?:[\\"']|%22)*)
      (?:(?<=["'])[^"'\r\n]+ | [\[{{][^\]}}\r\n]+ | (?i:(?:bearer|basic|token)\s+)?(?:token=["']?)?[^\s"',;&}}\\]+)
    | (?i:bearer|token\stoken=)\s*[^\s"',;&}}\\]+
    | xox[abeprs](?:\.xox[bp])?(?:-|%2D)[\w%-]+    # Slack's tokens, rotated ones too
    | xapp-[\w-]+
    | (?i:hooks\.slack[\w.-]*(?::\d+)?(?:[\\/]|%2f)[^\s"'<>]+)  # a response_url
    | \b\d{{6,}}\.\d{{6,}}\.[0-9a-f]{{16,}}\b      # a trigger_id
    | (?<=v[01]=)[0-9a-fA-F]{{16,}}                # a signature of PagerDuty (v1) or Slack (v0)
    | (?P<address>(?:\\*/){{2}})[^\s"'/?\#]+(?=@)     # user and password in an address, also in an escaped one
    | (?i:(?<=%2f%2f)[^\s"'/?\#&]+(?=%40))
    """,
    re.VERBOSE,
)
_HARMLESS_TEXT = re.compile(r"[0-9A-Fa-f\s-]*")
"""Nothing in such a text can look like a secret: numbers, and ids such as PagerDuty's of its deliveries."""
_NOISY_LOGGERS = ("aiohttp.access", "httpcore", "httpcore2", "httpx", "httpx2")
"""Libraries that log a line per request, with e-mail addresses in it: only for debugging."""
_OFTEN = 64
"""Characters that a text has at most which comes again and again, such as a name of an event or of a logger."""
_SHORTEST_SECRET = 6
"""A known secret shorter than this is not looked for: hiding it would tear ordinary words."""


def configure(
    level: str, log_format: Literal["json", "console"], known_secrets: Iterable[str] = (), stream: TextIO | None = None
) -> None:
    """
    Send the logs of this process, libraries included, to `stream` (default stderr), from `level` up.

    `known_secrets` are hidden wherever they occur; `Environment.secrets` of the settings returns them. An uncaught
    error is logged in the same way.
    """
    common: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        *([_with_trace] if tracing.tracer else []),
    ]
    structlog.configure(
        processors=[*common, structlog.processors.StackInfoRenderer(), ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.stdlib.LoggerFactory(),
    )
    handler = _Handler(stream or sys.stderr)
    renderer: Processor = structlog.processors.JSONRenderer(ensure_ascii=False)
    if log_format == "console":
        plain = structlog.dev.plain_traceback
        renderer = structlog.dev.ConsoleRenderer(colors=handler.stream.isatty(), exception_formatter=plain)
    ending: list[Processor] = [
        ProcessorFormatter.remove_processors_meta,
        # A traceback becomes text before the redaction, so that it is redacted as well.
        structlog.processors.format_exc_info,
        Redaction(known_secrets),
        renderer,
    ]
    handler.setFormatter(ProcessorFormatter(foreign_pre_chain=common, processors=ending))
    logging.root.handlers = [handler]
    logging.root.setLevel(level.upper())
    for name in _NOISY_LOGGERS:
        logging.getLogger(name).setLevel("NOTSET" if level == "debug" else "WARNING")
    sys.excepthook = _uncaught


def reference() -> str:
    """
    Make the short reference that a person can quote and that finds the log line: 8 letters and digits.

    In a trace it is the beginning of the trace's id, and the trace is found by it.
    """
    quoted = tracing.trace_id()[:8] or base64.b32encode(secrets.token_bytes(5)).decode()
    tracing.note(failed=True, reference=quoted)
    return quoted


class Redaction:
    """Hides secrets in every value of an event, however deep, by the name of its key and by what it looks like."""

    def __init__(self, known_secrets: Iterable[str] = ()) -> None:
        known = sorted({secret for secret in known_secrets if len(secret) >= _SHORTEST_SECRET}, key=len, reverse=True)
        self._known = re.compile("|".join(form for secret in known for form in _forms(secret))) if known else None
        # The same few keys and names come with every line, and looking through each for secrets is most of its cost.
        self._key = lru_cache(maxsize=1024)(self._name)
        self._known_text = lru_cache(maxsize=1024)(self._redacted)

    def __call__(self, _logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
        """Redact one event, time and name first, for the eye: a processor of structlog. The time is structlog's own."""
        time = {"timestamp": event.pop("timestamp")} if "timestamp" in event else {}
        first = {key: event[key] for key in ("level", "event") if key in event}
        return {**time, **self._value({**first, **event})}

    def text(self, text: str) -> str:
        """Hide what is secret in `text`."""
        return self._known_text(text) if len(text) <= _OFTEN else self._redacted(text)

    def _redacted(self, text: str) -> str:
        if self._known:
            text = self._known.sub(HIDDEN, text)
        if _HARMLESS_TEXT.fullmatch(text):
            return text
        return _SECRET_TEXT.sub(lambda found: (found[found.lastgroup] if found.lastgroup else "") + HIDDEN, text)

    def _name(self, key: str) -> tuple[str, bool]:
        """Return a key without secrets, and whether it names one."""
        return self.text(key), _SECRET_KEY.search(key.replace("-", "_")) is not None

    def _value(self, value: object) -> Any:  # noqa: ANN401 -- of the same shape
        if value is None or isinstance(value, bool | int | float):
            return value
        if isinstance(value, Mapping):
            redacted = {}
            for name, inner in value.items():
                key, secret = self._key(str(name))
                hidden = secret and inner and not isinstance(inner, bool)
                redacted[key] = HIDDEN if hidden else self._value(inner)
            return redacted
        if isinstance(value, list | tuple | set | frozenset):
            return [self._value(inner) for inner in value]
        return self.text(value if isinstance(value, str) else repr(value))


def _forms(secret: str) -> Iterator[str]:
    """Write `secret` as patterns: as it is or encoded, each character by itself; in base64 and in hex."""
    octets = secret.encode(errors="surrogateescape")
    yield "".join(f"(?:{re.escape(char)}|{_percent(char)}{_escaped(char)})" for char in secret)
    for before in range(3):
        # Base64 takes three octets at a time, and the first and last characters depend on the octets around.
        encoded = base64.b64encode(bytes(before) + octets).decode()
        whole = (before + len(octets)) * 8 // 6
        core = re.escape(encoded[-(-before * 8 // 6) : whole])
        yield core.replace(r"\+", r"(?:[+-]|%2[Bb])").replace("/", "(?:[/_]|%2[Ff])") + r"(?:\w?={1,2})?"
    yield f"(?i:{octets.hex()})"


def _percent(char: str) -> str:
    """Write the percent-encoding of a character as a pattern: encoded once or more often, for an address or a form."""
    return (r"\+|" if char == " " else "") + "".join(
        f"%(?:25)*(?i:{octet:02x})" for octet in char.encode(errors="surrogateescape")
    )


def _escaped(char: str) -> str:
    """Write further patterns of a character: how JSON, Python, and a page for a browser write what is no letter."""
    if char.isascii() and char.isalnum():
        return ""
    units, octets = char.encode("utf-16-be", "surrogatepass").hex(), char.encode(errors="surrogateescape").hex()
    json = "".join(rf"\\+u{units[at : at + 4]}" for at in range(0, len(units), 4))
    python = "".join(rf"\\+x{octets[at : at + 2]}" for at in range(0, len(octets), 2))
    page = rf"{re.escape(html.escape(char))}|&\#(?:0*{ord(char)}|x0*{ord(char):x});"
    return rf"|\\+{re.escape(char)}|(?i:{json}|{python}|{page})"


def _with_trace(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Name the trace that a line belongs to."""
    if trace_id := tracing.trace_id():
        event["trace_id"] = trace_id
    return event


class _Handler(logging.StreamHandler[TextIO]):
    """Writes lines. One that cannot be made is reported without its contents, which nothing has redacted."""

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - the name that logging calls
        error = sys.exc_info()[0]
        self.stream.write(f"log.failed at {record.pathname}:{record.lineno}: {error and error.__name__}\n")


def _uncaught(kind: type[BaseException], error: BaseException, traceback: TracebackType | None) -> None:
    if issubclass(kind, KeyboardInterrupt):
        return
    structlog.get_logger().critical("process.failed", exc_info=(kind, error, traceback))
