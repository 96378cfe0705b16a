"""Carrying out a plan: people click, PagerDuty moves on, and things break."""

import asyncio
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import count
from typing import TypeVar

from pagebridge_sandbox.pagerduty import Fault, IncidentView
from pagebridge_sandbox.pagerduty.delivery_faults import WebhookFaultPlan as Mishaps
from pagebridge_sandbox.pagerduty.people import WebUser
from pagebridge_sandbox.slack import Interaction, Message
from pagebridge_sandbox.slack.fault_plan import RANDOM_FAULTS, FaultPlan
from pagebridge_sandbox.slack.people import Person
from tests.proof.chaos import fault_plan
from tests.proof.chaos.environment import Stage
from tests.proof.chaos.fault_plan import Step
from tests.proof.chaos.observed_calls import asked, incident_of
from tests.proof.chaos.proxy import Proxy
from tests.proof.chaos.scenario import OUTSIDER, PEOPLE

T = TypeVar("T")
Verb = Callable[[str], IncidentView]
"""Does something at PagerDuty with the incident of an id."""

DIALOGS = ("Resolve", "Add note")
"""The buttons that ask for more."""
DIALOG = 3.0
"""Seconds that Slack leaves an app to open a dialog."""


COPIED = 4.0
"""Seconds after which Slack brings nothing a second time."""


class Playing:
    """Plays plans on a stage."""

    def __init__(self, stage: Stage, seed: int) -> None:
        self._stage = stage
        self._seed = seed
        self._pagerduty = stage.company.pagerduty
        self._slack = stage.company.slack
        self._titles = self._notes = 0
        self._begun = 0.0
        self._busy = {name: asyncio.Lock() for name in PEOPLE}
        self._touched: set[tuple[str, str]] = set()

    async def play(self, steps: Sequence[Step]) -> None:
        """Play every step at its time, and return when the last one is over and everything works again."""
        self._spoil()
        self._begun, begun = time.time(), time.monotonic()
        async with asyncio.TaskGroup() as group:
            for step in steps:
                await asyncio.sleep(max(0.0, begun + step.at - time.monotonic()))
                group.create_task(self._step(step))
        self._heal()

    async def _step(self, step: Step) -> None:
        match step.what:
            case "trigger":
                self._trigger(step)
            case "click":
                await self._click(step)
            case "copy":
                await self._copy(step)
            case "web":
                self._web(step)
            case "run out" | "reopen":
                self._timer(step)
            case "kill" | "pause":
                await self._process(step)
            case "hang up" | "half-open" | "refresh":
                await self._socket(step)
            case _:
                await self._way(step)

    def _spoil(self) -> None:
        """Let both simulators misbehave by chance."""
        self._slack.plan = FaultPlan(self._seed, calls=0.08, deliveries=0.08, ways=tuple(RANDOM_FAULTS))
        chances = Mishaps(self._seed, duplicate=0.1, reorder=0.1, hold=0.1, held_for=1.0)
        self._pagerduty.webhooks.set_fault_plan(chances)
        for fault in _failures(self._seed):
            self._pagerduty.add_fault(fault)

    def _heal(self) -> None:
        """Let both simulators behave."""
        self._slack.plan = None
        self._pagerduty.webhooks.set_fault_plan(None)
        for fault in self._pagerduty.faults:
            fault.remove()
        self._stage.journal.note("everything works again")

    def _trigger(self, step: Step) -> None:
        self._titles += 1
        service = _pick(self._pagerduty.services, step.roll)
        self._pagerduty.trigger(service.id, f"{service.name} breaks, no. {self._titles}")

    async def _click(self, step: Step) -> None:
        """Press a button that is there, and fill in the dialog if one comes up; everybody does one thing at a time."""
        async with self._busy[step.subject]:
            cards = [card for card in self._cards() if step.words in card.buttons]
            if not cards:
                return
            card = _pick(cards, step.roll)
            self._touched.add((step.subject, incident_of(card)))
            person = self._slack.person(self._stage.company.acme.people[step.subject])
            pressed = await person.click(step.words, card)
            if step.words in DIALOGS:
                await self._dialog(person)
            elif pressed.failure == "operation_timeout":
                # Slack brings once more what was not acked in time; the person has seen an error by then.
                await self._slack.redeliver(pressed)

    async def _copy(self, step: Step) -> None:
        """
        Let Slack bring something once more that it brought a moment ago, acked or not.

        Not from before this round: Redis may have lost all memory of it in between (decision 0013).
        """
        since = max(time.time() - COPIED, self._begun)
        recent = [envelope for envelope in self._slack.envelopes if envelope.sent_at >= since and asked(envelope)]
        if recent:
            envelope = _pick(recent, step.roll)
            self._stage.journal.note(f"Slack brings what it sent at {envelope.sent_at:.3f} once more")
            await self._slack.redeliver(Interaction("", envelope=envelope))

    async def _dialog(self, person: Person) -> None:
        """Fill in the dialog that a press opens and send it off, once more if that did not work; then leave it."""
        try:
            await person.wait(lambda someone: someone.modal, timeout=DIALOG)
        except AssertionError:
            self._stage.journal.note(f"{person.user.name} waited for a dialog in vain")
            return
        modal = person.modal
        if "Note" in modal.labels:
            self._notes += 1
            modal.fill("Note", f"note {self._notes}")
        await modal.submit()
        if person.modals and person.modal.id == modal.id:
            await modal.submit()
        if person.modals:
            await person.modal.dismiss()

    def _web(self, step: Step) -> None:
        """
        Let somebody act in PagerDuty's own interface, on an incident that they did not touch from Slack.

        While it is not known what became of somebody's click, PagerDuty does not tell it from what they do there. Only
        the outsider reopens there, so that a reopening by anybody else came from Slack.
        """
        web = self._pagerduty.web(f"P{step.subject.upper()}1")
        touched = {incident for person, incident in self._touched if person == step.subject}
        able: list[tuple[Verb, IncidentView]] = [(web.acknowledge, each) for each in self._those("triggered")]
        able += [(web.resolve, each) for each in self._those("triggered", "acknowledged")]
        able += [(self._noting(web), each) for each in self._those("triggered", "acknowledged")]
        if step.subject == OUTSIDER:
            able += [(web.reopen, each) for each in self._those("resolved")]
        able = [(verb, each) for verb, each in able if step.subject == OUTSIDER or each.id not in touched]
        if able:
            verb, incident = _pick(able, step.roll)
            verb(incident.id)

    def _noting(self, web: WebUser) -> Verb:
        self._notes += 1
        return partial(web.add_note, text=f"note {self._notes}")

    def _timer(self, step: Step) -> None:
        """Let PagerDuty take an acknowledge back, or somebody reopen what was resolved."""
        verb: Verb = self._pagerduty.automation.unacknowledge
        found = self._those("acknowledged")
        if step.what == "reopen":
            verb, found = self._pagerduty.web(f"P{OUTSIDER.upper()}1").reopen, self._those("resolved")
        if found:
            verb(_pick(found, step.roll).id)

    async def _process(self, step: Step) -> None:
        """Kill a process, or let it stand still."""
        stage, begun = self._stage, time.time()
        suffering = stage.store if step.subject == fault_plan.STORE else stage.members[step.subject]
        if step.what == "kill":
            stage.journal.note(f"kill -9 {step.subject}")
            await suffering.kill()
            return
        stage.journal.note(f"SIGSTOP {step.subject} for {step.seconds:.1f} s")
        await suffering.pause(step.seconds)
        stage.journal.note(f"SIGCONT {step.subject}")
        if step.subject in fault_plan.WORKERS:
            stage.journal.trouble(begun)

    async def _way(self, step: Step) -> None:
        """Let something go wrong on a way between two parts."""
        way, begun, journal = self._stage.ways[step.subject], time.time(), self._stage.journal
        if step.what == "cut":
            journal.note(f"the connections {step.subject} are cut")
            way.cut()
        else:
            journal.note(f"{step.subject}: {step.what} for {step.seconds:.1f} s")
            _begin(step.what, way)
            await asyncio.sleep(step.seconds)
            await way.mend()
            journal.note(f"{step.subject} works again")
        if step.subject in fault_plan.STORES:
            journal.trouble(begun)

    async def _socket(self, step: Step) -> None:
        """Let something go wrong with some of the connections over which Slack brings clicks."""
        socket = self._slack.socket
        some = 1 + int(step.roll * socket.connections)
        self._stage.journal.note(f"socket: {step.what}, {some} of {socket.connections} connections")
        match step.what:
            case "hang up":
                socket.cut(some)
            case "half-open":
                socket.half_open(some)
            case _:
                await socket.refresh(n=some)

    def _cards(self) -> list[Message]:
        return [message for channel in self._slack.channels.values() for message in channel.messages if message.bot_id]

    def _those(self, *statuses: str) -> list[IncidentView]:
        return [incident for incident in self._pagerduty.incidents if incident.status in statuses]


def _begin(what: str, way: Proxy) -> None:
    {"stall": way.stall, "swallow": way.swallow, "refuse": way.refuse}[what]()


def _pick(among: Sequence[T], roll: float) -> T:
    return among[int(roll * len(among))]


def _failures(seed: int) -> Iterator[Fault]:
    """Draw how calls to PagerDuty fail by chance. None takes effect after its caller has given up: see `plan.SHORT`."""
    numbers = count(seed * 100)
    for method in ("PUT", "POST"):
        yield Fault(method, status=503, text="Unavailable", chance=0.06, seed=next(numbers))
        yield Fault(method, status=502, after_effect=True, chance=0.06, seed=next(numbers))
        yield Fault(method, drop=True, after_effect=True, chance=0.05, seed=next(numbers))
        yield Fault(method, hang=True, effect_after=0.3, chance=0.04, seed=next(numbers))
    yield Fault(drop=True, chance=0.03, seed=next(numbers))
    yield Fault(status=429, ratelimit_reset=1, chance=0.03, seed=next(numbers))
    yield Fault(delay=0.3, chance=0.05, seed=next(numbers))
