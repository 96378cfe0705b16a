"""The timers of the account: what is pending for an incident happens at its time."""

import asyncio
from collections.abc import Callable
from datetime import datetime

from pagebridge_sandbox.pagerduty import assignment, lifecycle
from pagebridge_sandbox.pagerduty.account import Account
from pagebridge_sandbox.pagerduty.incidents import Actor, Incident
from pagebridge_sandbox.pagerduty.responses import ApiError

AUTOMATION = Actor.automation()


def escalate_to_next_level(account: Account, incident: Incident, actor: Actor) -> None:
    """
    Page the next level where a person is on call, from the first one again if the policy repeats.

    At the end of the last round the log says so, and nothing happens any more.
    """
    policy = account.directory.policy(incident.policy)
    for level in range(incident.level + 1, len(incident.levels) + 1):
        if any(user in account.directory.users for user in incident.levels[level - 1]):
            assignment.escalate(account, incident, actor, level)
            return
    at = account.clock.tick()
    if incident.loops >= policy.loops:
        account.add_log_entry("exhaust_escalation_path", incident, actor, at)
        return
    incident.loops += 1
    account.add_log_entry("repeat_escalation_path", incident, actor, at)
    assignment.escalate(account, incident, actor, 1)


TIMER_ACTIONS: dict[str, Callable[[Account, Incident, Actor], None]] = {
    "unacknowledge": lifecycle.unacknowledge,
    "escalate": escalate_to_next_level,
    "resolve": lifecycle.resolve,
}


class AccountTimers:
    """Carries out what is pending, on time as the account's clock shows it."""

    def __init__(self, account: Account) -> None:
        self._account = account
        self._timer: asyncio.TimerHandle | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    def start(self) -> None:
        """Begin to follow the clock."""
        self._loop = asyncio.get_running_loop()
        self.reschedule()

    def stop(self) -> None:
        """Let nothing happen by itself any more."""
        self._loop = None
        self.reschedule()

    @property
    def next_due(self) -> datetime | None:
        """When the next thing happens, if anything does."""
        return min((at for incident in self._incidents() for at in incident.pending_actions.values()), default=None)

    def fire(self) -> None:
        """Let the next thing happen. What PagerDuty would refuse is given up."""
        incident = min(
            (incident for incident in self._incidents() if incident.pending_actions),
            key=lambda incident: min(incident.pending_actions.values()),
        )
        action = min(incident.pending_actions, key=lambda name: incident.pending_actions[name])
        try:
            with self._account.transaction(incident):
                del incident.pending_actions[action]
                TIMER_ACTIONS[action](self._account, incident, AUTOMATION)
        except ApiError:
            incident.pending_actions.pop(action, None)

    def reschedule(self) -> None:
        """Set the timer to what is due next."""
        if self._timer is not None:
            self._timer.cancel()
        self._timer = None
        due = self.next_due
        if self._loop is not None and due is not None:
            left = (due - self._account.clock.now()).total_seconds()
            self._timer = self._loop.call_later(max(0, left), self._on_timer)

    def _on_timer(self) -> None:
        if (due := self.next_due) is not None and due <= self._account.clock.now():
            self.fire()
        self.reschedule()

    def _incidents(self) -> list[Incident]:
        return list(self._account.incidents.values())
