"""What must hold after a step, and what is said when it does not."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from pagebridge_sandbox.demo.observer import Seen


@dataclass(frozen=True)
class Check:
    """
    One thing that must hold.

    `look` gives what is seen; it must equal `expected` or, with `part`, contain it.
    """

    what: str
    look: Callable[[Seen], object]
    expected: object
    part: bool = False

    def wrong(self, seen: Seen) -> "Wrong | None":
        """Return what is wrong, None if this holds."""
        found = self.look(seen)
        holds = str(self.expected) in str(found) if self.part else found == self.expected
        return None if holds else Wrong(self, found)


@dataclass(frozen=True)
class Wrong:
    """A check that does not hold, and what was seen in place of what it expects."""

    check: Check
    found: object

    def __str__(self) -> str:
        wanted = "something with " if self.check.part else ""
        return f"{self.check.what}\n    expected: {wanted}{self.check.expected!r}\n    seen:     {self.found!r}"


def all_wrong(checks: Sequence[Check], seen: Seen) -> list[Wrong]:
    """Return what is wrong, empty when everything holds."""
    return [wrong for check in checks if (wrong := check.wrong(seen)) is not None]


class Failed(Exception):
    """Raised when a step has not come out as it must. Its text names the step, and what was expected and seen."""

    @classmethod
    def of(cls, step: str, wrong: Sequence[Wrong]) -> "Failed":
        """Say what is wrong after which step."""
        return cls("\n".join([f"This step failed: {step}", *(f"  {each}" for each in wrong)]))
