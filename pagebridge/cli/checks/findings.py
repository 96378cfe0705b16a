"""Findings of checks: running checks side by side, and their overall result."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Generic, TypeVar

from shared.config.errors import Problem
from shared.errors import CallError, Malformed, StoreDown

LONGEST = 10.0
"""Seconds that a check may take, unless it says otherwise."""

T = TypeVar("T")


class Status(StrEnum):
    """How a check ended, the best first. `SKIPPED` is what no API shows, so that a person has to look."""

    PASS = "pass"  # noqa: S105 - no password
    SKIPPED = "skipped"
    WARNING = "warning"
    FAIL = "fail"


EXIT_CODES = {Status.PASS: 0, Status.SKIPPED: 0, Status.WARNING: 1, Status.FAIL: 2}


@dataclass(frozen=True)
class Verdict:
    """The result of a check: what was seen, and the fix if there is something to do."""

    status: Status
    what: str
    fix: str = ""


@dataclass(frozen=True)
class Finding(Verdict):
    """A verdict, and the name of its check. `cause` is the check that failed, because of which others are skipped."""

    check: str = ""
    cause: str = ""

    def as_json(self) -> dict[str, str]:
        """Write it for machines."""
        return {"check": self.check, "status": self.status, "what": self.what, "fix": self.fix}


@dataclass(frozen=True)
class Check:
    """
    One check by its name, or its verdict where that is known already. It is given up after `longest` seconds.

    `needs` names earlier checks without which this one could only find the same cause again.
    """

    name: str
    look: Callable[[], Awaitable[Verdict]] | Verdict
    longest: float = LONGEST
    needs: tuple[str, ...] = ()


class Once(Generic[T]):
    """Something that several checks ask for, and that is asked for once. A failed call is made again."""

    def __init__(self, ask: Callable[[], Awaitable[T]]) -> None:
        self._ask = ask
        self._lock = asyncio.Lock()
        self._known: list[T] = []

    async def __call__(self) -> T:
        """Ask, unless that has been done."""
        async with self._lock:
            if not self._known:
                self._known.append(await self._ask())
        return self._known[0]


def passed(what: str) -> Verdict:
    """Return a finding that something is right."""
    return Verdict(Status.PASS, what)


def warned(what: str, fix: str) -> Verdict:
    """Return a finding that something may go wrong."""
    return Verdict(Status.WARNING, what, fix)


def failed(what: str, fix: str) -> Verdict:
    """Return a finding that something does not work."""
    return Verdict(Status.FAIL, what, fix)


def skipped(what: str, fix: str = "") -> Verdict:
    """Return a finding that something cannot be checked from here, and how to check it by hand."""
    return Verdict(Status.SKIPPED, what, fix)


def judged(wrong: Problem | None, right: str, bad: Status = Status.FAIL) -> Verdict:
    """Turn a rule's answer into a verdict."""
    return Verdict(bad, wrong.what, wrong.fix) if wrong else passed(right)


async def look_at_all(checks: Iterable[Check], done: Callable[[str], object] = str) -> list[Finding]:
    """
    Make all checks side by side, and give what they found in their order; `done` is told the name of each at its end.

    One that needs another waits for it, and is skipped where that failed: one cause is told once.
    """
    tasks: dict[str, asyncio.Task[Finding]] = {}
    every: list[asyncio.Task[Finding]] = []
    async with asyncio.TaskGroup() as group:
        for check in checks:
            needed = [tasks[name] for name in check.needs if name in tasks]
            task = group.create_task(_look(check, needed, done))
            tasks.setdefault(check.name, task)
            every.append(task)
    return [task.result() for task in every]


def worst(findings: Sequence[Verdict]) -> Status:
    """Return the worst verdict of several findings."""
    order = list(Status)
    return max((finding.status for finding in findings), key=order.index, default=Status.PASS)


async def _look(check: Check, needed: Sequence[asyncio.Task[Finding]], done: Callable[[str], object]) -> Finding:
    """Make one check, unless one that it needs has failed."""
    cause = next((found.cause for found in [await task for task in needed] if found.cause), "")
    skipped_for = Finding(Status.SKIPPED, f"not checked, because {cause} failed", check=check.name, cause=cause)
    finding = skipped_for if cause else await _made(check)
    done(check.name)
    return finding


async def _made(check: Check) -> Finding:
    """Make one check. One that cannot be made says so, and spoils no other."""
    try:
        async with asyncio.timeout(check.longest):
            verdict = check.look if isinstance(check.look, Verdict) else await check.look()
        cause = check.name if verdict.status is Status.FAIL else ""
    except TimeoutError:
        cause, verdict = "", warned(f"no answer within {check.longest:g} s", "run again; check for an outage")
    except (CallError, Malformed, StoreDown) as error:
        cause, verdict = check.name, warned(f"can't be checked: {error}", "fix the other problems and run again")
    return Finding(verdict.status, verdict.what, verdict.fix, check.name, cause)
