"""Playing and judging one day, and saying what was found in a way that can be acted on."""

from dataclasses import dataclass

from tests.proof.invariants import Invariant, Violation
from tests.proof.negative_controls import CONTROLS
from tests.proof.oracle import judge
from tests.proof.schedule import Schedule
from tests.proof.schedule_generator import generate
from tests.proof.shrinking import shrink
from tests.proof.simulated_worker import Breakage
from tests.proof.simulation import play


@dataclass(frozen=True)
class Day:
    """One day, by its seed and mix; of a negative control when `control` names one."""

    seed: int
    mix: str
    control: str = ""

    @property
    def breakage(self) -> Breakage:
        """What its workers are made of."""
        return CONTROLS[self.control].breaks if self.control else Breakage()

    @property
    def command(self) -> str:
        """The command that plays it again."""
        control = f" --control '{self.control}'" if self.control else ""
        return f'make prove ARGS="--seed {self.seed} --mix {self.mix}{control}"'

    @property
    def schedule(self) -> Schedule:
        """What happens."""
        return generate(self.seed, self.mix)

    def violations(self, schedule: Schedule | None = None) -> list[Violation]:
        """Play the day, or another schedule in its place, and list what does not hold."""
        played = schedule or self.schedule
        return judge(play(played, self.breakage))

    def report(self) -> str:
        """Say what does not hold, and tell the smallest story in which it does not. Plays the day many times."""
        schedule = shrink(self.schedule, self._broken)
        found = "\n".join(f"  {violation}" for violation in self.violations(schedule))
        return f"seed {self.seed} of {self.mix} fails:\n{found}\n{schedule.story()}\nplay it again: {self.command}"

    def _broken(self, schedule: Schedule) -> frozenset[Invariant]:
        return frozenset(violation.invariant for violation in self.violations(schedule))
