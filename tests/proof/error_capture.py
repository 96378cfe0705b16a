"""What the bridge logs as an error that nobody foresaw."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NoReturn

import structlog
from structlog.typing import EventDict, WrappedLogger

UNFORESEEN = frozenset({"work.failed", "entry.failed", "entry.dead_lettered"})
ERROR = 40
"""The level of logging below which nothing is said; most of a run's time would go into words that nobody reads."""


@contextmanager
def surprises(heard: list[str]) -> Iterator[None]:
    """Keep the log silent during the block, and put into `heard` what nobody foresaw."""

    def listen(_logger: WrappedLogger, _method: str, event: EventDict) -> NoReturn:
        if event["event"] in UNFORESEEN:
            heard.append(f"{event['event']}: {event.get('why') or repr(sys.exc_info()[1])}")
        raise structlog.DropEvent

    before = structlog.get_config()
    structlog.configure(processors=[listen], wrapper_class=structlog.make_filtering_bound_logger(ERROR))
    try:
        yield
    finally:
        structlog.configure(**before)
