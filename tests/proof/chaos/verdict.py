"""What an oracle says."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Finding:
    """Something that went wrong with an incident at some time, in words."""

    incident: str
    at: float
    words: str


@dataclass(frozen=True)
class Figure:
    """How often something went wrong, of how many times. `aside` is what has to be said besides."""

    name: str
    of: int
    findings: tuple[Finding, ...]
    aside: str = ""

    def __str__(self) -> str:
        return f"{self.name}: {len(self.findings)} of {self.of}" + (f" ({self.aside})" if self.aside else "")
