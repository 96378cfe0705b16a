"""The checks that the demo makes after each step, and the error for one that fails."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from pagebridge_sandbox.demo.observer import Observer


@dataclass(frozen=True)
class Check:
    """
    One thing that must hold.

    `observe` gives what is seen; it must equal `expected` or, with `is_substring`, contain it.
    """

    description: str
    observe: Callable[[Observer], object]
    expected: object
    is_substring: bool = False

    def failure(self, observer: Observer) -> "CheckFailure | None":
        """Return what is wrong, None if this holds."""
        actual = self.observe(observer)
        holds = str(self.expected) in str(actual) if self.is_substring else actual == self.expected
        return None if holds else CheckFailure(self, actual)


@dataclass(frozen=True)
class CheckFailure:
    """A check that does not hold, and what was seen in place of what it expects."""

    check: Check
    actual: object

    def __str__(self) -> str:
        wanted = "something with " if self.check.is_substring else ""
        expected, seen = _in_words(self.check.expected), _in_words(self.actual)
        return f"{self.check.description}\n    expected: {wanted}{expected}\n    seen:     {seen}"


def _in_words(value: object) -> str:
    """Write what is compared as people do: text in quotes, a list with commas."""
    if isinstance(value, list | tuple):
        return ", ".join(map(_in_words, value)) or "nothing"
    return f'"{value}"' if isinstance(value, str) else str(value)


def failed_checks(checks: Sequence[Check], observer: Observer) -> list[CheckFailure]:
    """Return what is wrong, empty when everything holds."""
    return [failure for check in checks if (failure := check.failure(observer)) is not None]


class StepFailed(Exception):
    """Raised when a step has not come out as it must. Its text names the step, and what was expected and seen."""

    @classmethod
    def for_step(cls, step: str, failures: Sequence[CheckFailure]) -> "StepFailed":
        """Make the error of a step: its text is the step and the checks that failed."""
        return cls("\n".join([f"This step failed: {step}", *(f"  {each}" for each in failures)]))
