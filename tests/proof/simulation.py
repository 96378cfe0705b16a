"""A day in the life of two workers: a schedule is played, everything comes to rest, and the evidence is handed over."""

import asyncio
from collections import Counter
from collections.abc import Callable
from random import Random

from bolt_app.worker_parts import Clients
from shared.store import keys
from tests.proof.click_payloads import button, command
from tests.proof.engine.connection import SimRedis
from tests.proof.engine.memory_server import MemoryServer
from tests.proof.engine.process import Process
from tests.proof.engine.virtual_loop import VirtualLoop
from tests.proof.error_capture import surprises
from tests.proof.evidence import EPOCH, Evidence, Press
from tests.proof.faulty_link import KINDS, Troubles, Way
from tests.proof.pagerduty_client import SimulatedPagerDuty
from tests.proof.pagerduty_model import Account, History
from tests.proof.personas import PEOPLE
from tests.proof.quiescence import Rest
from tests.proof.schedule import Act, Click, Crashed, DataLost, InPagerDuty, Opened, Outage, Schedule, Slept
from tests.proof.simulated_worker import Breakage, Core, SimulatedWorker
from tests.proof.slack_client import SimulatedSlack
from tests.proof.slack_model import Workspace
from tests.proof.webhook_delivery import Deliveries
from tests.proof.worker_host import Envelopes, Host, faults

MORNING = 6.0
"""Seconds after which the day begins: an incident that is older than the store's data would not be news."""
LAG = 0.3
"""Seconds until reads show what was posted to Slack."""
LOOK = 2.0
"""Seconds between looks whether all is at rest."""
PATIENCE = 400.0
"""Seconds after the last act in which it must have come to rest."""
WAY_TO_WAIT = 20.0
"""Seconds that somebody waits for a card to press."""

MISHAPS = (Crashed, Slept, Outage, DataLost)


class Over(Exception):
    """Raised to end everything once the day is over."""


def play(schedule: Schedule, breakage: Breakage | None = None) -> Evidence:
    """Play a schedule on two workers with this breakage, and return what can be seen from outside."""
    loop = VirtualLoop()
    world = World(schedule, breakage or Breakage(), loop.time)
    with surprises(world.evidence.surprises):
        loop.run(world.day, until=100_000.0)
    return world.evidence


class World:
    """Everything there is in one run. `now` gives its time in seconds."""

    def __init__(self, schedule: Schedule, breakage: Breakage, now: Callable[[], float]) -> None:
        self._schedule = schedule
        self._breakage = breakage
        self._now = now
        self._rng = Random(schedule.seed)  # noqa: S311 -- a day that can be played again
        self._server = MemoryServer(now, EPOCH * 1000)
        self._troubles = Troubles(schedule.items, self._rng, quick=schedule.quick)
        account = Account(now, self._pagerduty_ms, lambda body: self._deliveries.announce(body))  # noqa: PLW0108 -- made later
        account.strict = schedule.strict
        self.evidence = Evidence(account, Workspace(now, EPOCH, LAG))
        self._histories: dict[int, History] = {}
        self._hosts = [self._host(worker) for worker in range(2)]
        self._envelopes = Envelopes(self._hosts)
        self._clicking = 0
        self._away = 0

    def _pagerduty_ms(self) -> int:
        return int((EPOCH + self._schedule.ahead + self._now()) * 1000)

    async def day(self) -> None:
        """Let everything happen, wait until it is at rest, and end it all."""
        try:
            async with asyncio.TaskGroup() as self._group:
                self._deliveries = Deliveries(self._schedule, self._server, self._rng, self._group)
                for host in self._hosts:
                    self._group.create_task(host.keep())
                for act in self._schedule.acts:
                    await asyncio.sleep(max(0.0, MORNING + act.at - self._now()))
                    self._do(act)
                await self._rest()
                raise Over  # noqa: TRY301 -- ends everything that still runs
        except* Over:
            self._count_mishaps()

    def _do(self, act: Act) -> None:
        match act:
            case Opened():
                self._histories[act.incident] = self.evidence.account.open(act.incident + 1)
            case InPagerDuty():
                self._in_pagerduty(act)
            case Click():
                self._clicking += 1
                self._group.create_task(self._click(act))
            case Outage():
                self._group.create_task(self._outage(act.seconds))
            case DataLost():
                self._server.lose_data()
                self.evidence.losses.append(self._now())

    def _in_pagerduty(self, act: InPagerDuty) -> None:
        incident = self._histories.get(act.incident)
        if incident is not None:
            getattr(self.evidence.account, act.verb)(incident, PEOPLE[act.who] if act.who else None)

    async def _click(self, act: Click) -> None:
        """Press a button as soon as there is a card; somebody who sees no such button does nothing."""
        incident = self._histories.get(act.incident)
        deadline = self._now() + WAY_TO_WAIT
        while incident and not self.evidence.workspace.cards(incident.id) and self._now() < deadline:  # noqa: ASYNC110
            await asyncio.sleep(0.1)
        cards = self.evidence.workspace.cards(incident.id) if incident else []
        value = button(cards[0], act.verb, self._now()) if cards else None
        if incident is not None and value is not None:
            status = "resolved" if act.verb == "resolve" else "acknowledged"
            name = f"{len(self.evidence.presses)}-{act.at:.3f}"
            press = Press(name, incident.id, incident.number, PEOPLE[act.who], status, self._now())
            self.evidence.presses.append(press)
            pressed = command(press, act.verb, cards[0], value)
            async with asyncio.TaskGroup() as group:
                group.create_task(self._envelopes.bring(press, pressed, act.worker))
                for wait in act.again:
                    await asyncio.sleep(wait)
                    group.create_task(self._envelopes.bring(press, pressed, 1 - act.worker))
        self._clicking -= 1

    async def _outage(self, seconds: float) -> None:
        self._away += 1
        self._server.go_away()
        await asyncio.sleep(seconds)
        self._away -= 1
        if not self._away:
            self._server.come_back()

    def _host(self, index: int) -> Host:
        backs = [item.back for item in self._schedule.items if isinstance(item, Crashed) and item.worker == index]

        def make(calls: Counter[str]) -> Core:
            planned = faults(self._schedule.items, index, calls)
            process = Process(f"worker {index}", self._rng, planned, outliving=KINDS)
            account, workspace, troubles = self.evidence.account, self.evidence.workspace, self._troubles
            pagerduty = SimulatedPagerDuty(account, Way(process, "pagerduty", troubles))
            slack = SimulatedSlack(workspace, Way(process, "slack", troubles))
            redis = SimRedis(self._server, process)
            clients = Clients(redis, redis, slack, pagerduty)
            return (self._breakage.worker or SimulatedWorker)(process, clients, self._breakage)

        return Host(backs[0] if backs else 1.0, make, self.evidence.surprises)

    async def _rest(self) -> None:
        """Wait until nothing is on its way, due, or in anybody's hands, and everything was compared once more."""
        resync = self._breakage.worker is None
        rest = Rest(self._server, self._hosts, self._troubles, EPOCH * 1000, resync=resync)
        deadline = self._now() + PATIENCE
        while missing := rest.missing(self._now(), self._deliveries.outstanding + self._clicking + self._away):
            if self._now() > deadline:
                self.evidence.unrest = f"not at rest after {PATIENCE:g} s: {missing}"
                return
            await asyncio.sleep(LOOK)

    def _count_mishaps(self) -> None:
        born = self._server.execute("GET", keys.GENERATION)
        self.evidence.born = int(bytes(born).rpartition(b":")[2]) / 1000 - EPOCH if isinstance(born, bytes) else 0.0
        mishaps = self.evidence.mishaps
        mishaps.update(self._troubles.struck)
        mishaps.update(type(item).__name__ for item in self._schedule.items if isinstance(item, MISHAPS))
