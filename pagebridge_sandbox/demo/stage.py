"""Where it is played: both simulators in this process, the bridge between them, and the verbs of the people."""

import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pagebridge.local.embedded_valkey import EmbeddedValkey
from pagebridge_sandbox.demo import dialogs, fixtures, processes, trace
from pagebridge_sandbox.demo.processes import Bridge
from pagebridge_sandbox.demo.trace import Hop
from pagebridge_sandbox.pagerduty import Hold, PagerDutySandbox
from pagebridge_sandbox.slack import Modal, Person, SlackSandbox

REPLY_TIMEOUT = 10.0
"""Seconds to wait for a private answer."""


@dataclass
class Stage:
    """
    Everything that takes part.

    `recorded_actions` is what was done at PagerDuty by others than the bridge, which no log of calls has.
    `drawn_dialogs` are those that people had in front of them, as they saw them. `incident_id` is the latest incident,
    which the story is about, and `held_webhook` the one that is kept back for a while.
    """

    pagerduty: PagerDutySandbox
    slack: SlackSandbox
    bridge: Bridge
    recorded_actions: list[Hop] = field(default_factory=list)
    drawn_dialogs: list[str] = field(default_factory=list)
    incident_id: str = ""
    held_webhook: Hold | None = None

    def record_action(self, source: str, what: str, target: str = "PagerDuty") -> None:
        """Note what a person is about to do."""
        self.recorded_actions.append(Hop(time.time(), source, target, what))

    def trigger(
        self, service: str, title: str, *, priority: str | None = None, alert: dict[str, Any] | None = None
    ) -> None:
        """Let monitoring open an incident, which the story is about from now on."""
        self.record_action("Monitoring", f'opens an incident: "{title}"')
        self.incident_id = self.pagerduty.trigger(service, title, priority=priority, alert=alert).id

    async def press(self, first: str, button: str) -> None:
        """Let a person press a button on the latest card, and confirm it if that is asked for."""
        person, card = self.person(first), self.slack.channels[fixtures.CHANNEL].messages[-1]
        pressed = await person.click(button, card)
        if pressed.dialog is not None:
            self.drawn_dialogs.append(dialogs.draw_confirmation(pressed.dialog, first))
            await person.click(button, card, confirm=pressed.dialog.labels[0])

    async def open_dialog(self, first: str, button: str) -> Modal:
        """Let a person press what opens a dialog, and wait until there is something to fill in."""
        await self.press(first, button)
        person = self.person(first)
        await person.wait(lambda looking: bool(looking.modal.labels), timeout=REPLY_TIMEOUT)
        return person.modal

    async def read_dialog(self, first: str, button: str) -> None:
        """Let a person press what opens a dialog that is only to be read, and keep how it looks."""
        await self.press(first, button)
        person = self.person(first)
        await person.wait(lambda looking: "Loading…" not in looking.modal.plain, timeout=REPLY_TIMEOUT)
        self.drawn_dialogs.append(dialogs.draw_modal(person.modal, first, self.slack.name_of, {}))

    async def submit(self, first: str, modal: Modal) -> None:
        """Let a person send what they filled in, and keep how it looked: with what is wrong, if that is said."""
        name_of = self.slack.name_of
        filled_in = dialogs.draw_modal(modal, first, name_of, {})
        await modal.submit()
        self.drawn_dialogs.append(
            dialogs.draw_modal(modal, first, name_of, modal.errors) if modal.errors else filled_in
        )

    def person(self, first: str) -> Person:
        """Sit down in front of a person's Slack."""
        return self.slack.person(fixtures.slack_id(first))

    async def wait_for_reply(self, first: str) -> None:
        """Wait until a person has got a private answer."""
        await self.person(first).wait(lambda person: bool(person.private_messages), timeout=REPLY_TIMEOUT)

    def hops(self) -> list[Hop]:
        """Give everything that has happened so far, from all logs, in the order of time."""
        name_of = self.slack.name_of
        all_hops = [
            *self.recorded_actions,
            *(hop for envelope in self.slack.envelopes for hop in trace.from_envelope(envelope, name_of)),
            *(trace.from_slack_call(call, name_of) for call in self.slack.calls),
            *(trace.from_pagerduty_call(call) for call in self.pagerduty.calls),
            *trace.from_deliveries(self.pagerduty.webhooks.log),
        ]
        return sorted(all_hops, key=lambda hop: hop.at)


@asynccontextmanager
async def start_stage(directory: Path) -> AsyncIterator[Stage]:
    """Start everything, with all data and logs in `directory`; nothing is left running at the end."""
    async with AsyncExitStack() as stack:
        valkey = await stack.enter_async_context(EmbeddedValkey(directory / "valkey"))
        pagerduty = await stack.enter_async_context(PagerDutySandbox(retry_delay=0.5))
        slack = await stack.enter_async_context(SlackSandbox())
        fixtures.set_up_accounts(pagerduty, slack)
        routing = f'[routing]\ndefault_channel = "{fixtures.CHANNEL}"\n'
        running = processes.run_bridge(directory, valkey, pagerduty, slack, routing=routing)
        bridge = await stack.enter_async_context(running)
        yield Stage(pagerduty, slack, bridge)
        await bridge.stop()
