"""
A bad day as data: who does what and when, and what goes wrong. It can be printed, replayed, and made smaller.

All times are in seconds. Calls and events are counted from 0 as they come in a run.
"""

from dataclasses import dataclass, replace
from typing import Literal

Verb = Literal["acknowledge", "resolve", "reopen", "unacknowledge"]


@dataclass(frozen=True)
class Opened:
    """Monitoring opens an incident at PagerDuty."""

    at: float
    incident: int

    def __str__(self) -> str:
        return f"{self.at:7.3f}  monitoring opens incident {self.incident}"


@dataclass(frozen=True)
class InPagerDuty:
    """Somebody, or a timer when `who` is empty, acts in PagerDuty itself, if the incident's state allows it."""

    at: float
    incident: int
    who: str
    verb: Verb

    def __str__(self) -> str:
        return f"{self.at:7.3f}  {self.who or 'a timer'} in PagerDuty: {self.verb} incident {self.incident}"


@dataclass(frozen=True)
class Click:
    """
    Somebody presses a button on a card, if it shows one or has just shown one.

    The envelope goes to worker `worker`, and `again` so many seconds later to the other one, for each time named.
    """

    at: float
    incident: int
    who: str
    verb: Literal["acknowledge", "resolve"]
    worker: int = 0
    again: tuple[float, ...] = ()

    def __str__(self) -> str:
        again = f", and the same envelope again after {', '.join(f'{s:g} s' for s in self.again)}" if self.again else ""
        return f"{self.at:7.3f}  {self.who} in Slack: presses {self.verb} on incident {self.incident}{again}"


@dataclass(frozen=True)
class Delivered:
    """The webhook of event number `event` comes so many seconds late, once for each delay; never if there is none."""

    event: int
    delays: tuple[float, ...]

    def __str__(self) -> str:
        if not self.delays:
            return f"         the webhook of event {self.event} never comes"
        return f"         the webhook of event {self.event} comes after {', '.join(f'{d:.3f} s' for d in self.delays)}"


Door = Literal["pagerduty", "slack"]
How = Literal["before", "after", "late", "hang", "limited", "unreachable", "slow"]
HOW: dict[How, str] = {
    "before": "fails without an effect, and nobody can tell",
    "after": "takes effect, but its answer is lost",
    "late": "times out, and takes effect {0:.2f} s after it was made",
    "hang": "times out, without an effect",
    "limited": "is refused with a 429 for {0:.2f} s",
    "unreachable": "cannot be sent",
    "slow": "takes {0:.2f} s",
}


@dataclass(frozen=True)
class Trouble:
    """
    Call number `nth` of its kind at a door goes wrong.

    Kinds at PagerDuty: `read`, `write`, `survey` (what is open). At Slack: `post`, `update`, `delete`, `look` (for one
    message in a history), `sweep` (through a whole one), `tell` (privately), `who`.
    """

    door: Door
    kind: str
    nth: int
    how: How
    seconds: float = 0.0

    def __str__(self) -> str:
        return f"         {self.kind} number {self.nth} at {self.door} {HOW[self.how].format(self.seconds)}"


@dataclass(frozen=True)
class Crashed:
    """Worker `worker` dies at its call number `call`, before or after its effect; a new one is there after `back`."""

    worker: int
    call: int
    after_effect: bool
    back: float

    def __str__(self) -> str:
        when = "right after" if self.after_effect else "right before"
        return f"         worker {self.worker} dies {when} its call number {self.call}, is back {self.back:.2f} s later"


@dataclass(frozen=True)
class Slept:
    """
    Worker `worker` is stopped for `seconds` at its call number `call`.

    Without `held` while it waits for the answer; else before the call has left, and it is call number `call` of that
    kind: `redis`, `slack post`, `slack update`, `pagerduty write`.
    """

    worker: int
    call: int
    seconds: float
    held: str = ""

    def __str__(self) -> str:
        where = f"with its {self.held} number {self.call} not sent yet"
        return (
            f"         worker {self.worker} sleeps {self.seconds:.2f} s, "
            f"{where if self.held else f'waiting for the answer to its call number {self.call}'}"
        )


@dataclass(frozen=True)
class Outage:
    """Redis cannot be reached for a while; commands under way may or may not have been carried out."""

    at: float
    seconds: float

    def __str__(self) -> str:
        return f"{self.at:7.3f}  Redis is away for {self.seconds:.2f} s"


@dataclass(frozen=True)
class DataLost:
    """Redis comes back empty."""

    at: float

    def __str__(self) -> str:
        return f"{self.at:7.3f}  Redis loses all its data"


Act = Opened | InPagerDuty | Click | Outage | DataLost
Item = Act | Delivered | Trouble | Crashed | Slept


@dataclass(frozen=True)
class Schedule:
    """One bad day. `seed` also decides the small delays of each call, `ahead` how far PagerDuty's clock is ahead."""

    seed: int
    mix: str
    items: tuple[Item, ...]
    ahead: float = 0.0
    strict: bool = False
    """Whether PagerDuty answers a write that would change nothing with 1001 or 1002 instead of 200."""
    quick: bool = False
    """Whether the vendors answer within hundredths of a second."""

    @property
    def acts(self) -> tuple[Act, ...]:
        """What happens at a time, in order."""
        acts = [item for item in self.items if isinstance(item, Act)]
        return tuple(sorted(acts, key=lambda act: act.at))

    def without(self, items: frozenset[int]) -> "Schedule":
        """Leave out the items at these places."""
        kept = tuple(item for place, item in enumerate(self.items) if place not in items)
        return replace(self, items=kept)

    def story(self) -> str:
        """Tell it in plain words."""
        quick = ["         the vendors answer quickly"] if self.quick else []
        clock = [f"         PagerDuty's clock is {self.ahead:+.1f} s off"] if self.ahead else []
        rest = [str(item) for item in self.items if not isinstance(item, Act)]
        return "\n".join([*clock, *quick, *rest, *(str(act) for act in self.acts)])
