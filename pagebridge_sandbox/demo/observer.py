"""Observes the play from outside: the channel, the private answers, PagerDuty's state, and the writes to it."""

from collections import Counter
from dataclasses import dataclass, field

from pagebridge_sandbox.demo import fixtures, summary
from pagebridge_sandbox.demo.stage import Stage
from pagebridge_sandbox.demo.summary import Summary
from pagebridge_sandbox.demo.trace import describe_request, line_summary, plain_line
from pagebridge_sandbox.slack import Message
from pagebridge_sandbox.slack.interactive import Clickable

FIRST_ERROR_STATUS = 400
"""The least HTTP status of a call that was not carried out."""


@dataclass
class Observer:
    """A look at the stage. `webhook_results` counts the webhooks that the worker folded, by what they were to it."""

    stage: Stage
    webhook_results: Counter[str] = field(default_factory=Counter)

    async def refresh(self) -> None:
        """Read how many events the worker has folded, and none of its other figures: this is done all the time."""
        self.webhook_results = summary.count_webhook_results(await self.stage.bridge.metrics(summary.EVENTS_METRIC))

    @property
    def card_count(self) -> int:
        """How many messages stand in the channel, threads left out."""
        return len(self._messages)

    @property
    def card_state(self) -> str:
        """The state on the latest card, with who brought it about and where."""
        return self._messages[-1].text.partition(":")[0] if self._messages else ""

    @property
    def card_text(self) -> str:
        """Everything on the latest card."""
        return self._messages[-1].plain if self._messages else ""

    @property
    def buttons(self) -> list[str]:
        """The buttons of the latest card."""
        return [found.label for found in self._clickables if found.option is None]

    @property
    def menu(self) -> list[str]:
        """The entries of the latest card's menu."""
        return [found.label for found in self._clickables if found.option is not None]

    @property
    def thread_lines(self) -> list[str]:
        """The lines in the latest card's thread, without their times and what they quote."""
        return [line_summary(line.text) for card in self._messages[-1:] for line in card.replies]

    @property
    def status(self) -> str:
        """The state of the incident at PagerDuty."""
        return str(self.stage.pagerduty.incident(self.stage.incident_id).status)

    @property
    def assignees(self) -> list[str]:
        """The people whom PagerDuty has the incident assigned to."""
        return list(self.stage.pagerduty.incident(self.stage.incident_id).assignees)

    @property
    def writes(self) -> list[str]:
        """Every call that would change this incident at PagerDuty: what, by whom, and how it was answered."""
        return [
            f"{describe_request(call)} by {call.from_email}: {call.status}"
            for call in self.stage.pagerduty.calls
            if call.method != "GET" and self.stage.incident_id in call.path
        ]

    @property
    def accepted_webhooks(self) -> int:
        """How many deliveries the receiver has accepted."""
        return sum(delivery.outcome == "delivered" for delivery in self.stage.pagerduty.webhooks.log)

    @property
    def unfolded_webhooks(self) -> int:
        """How many of the accepted deliveries the worker has not folded."""
        return self.accepted_webhooks - sum(self.webhook_results.values())

    @property
    def open_hops(self) -> int:
        """How many calls, clicks and deliveries have no answer yet."""
        return sum(not hop.is_complete for hop in self.stage.hops())

    def private_text(self, first: str) -> str:
        """Everything that only this person reads."""
        person = self.stage.slack.person(fixtures.slack_id(first))
        return "\n".join(plain_line(message.text, str) for message in person.private_messages)

    def summarize(self, seconds: float) -> Summary:
        """Count what it came to after so many seconds."""
        calls = self.stage.pagerduty.calls
        return Summary(
            slack_calls=len(self.stage.slack.calls),
            reads=sum(call.method == "GET" for call in calls),
            writes=sum(call.method != "GET" for call in calls),
            rejected_writes=sum(call.method != "GET" and (call.status or 0) >= FIRST_ERROR_STATUS for call in calls),
            deliveries=self.accepted_webhooks,
            echoes=self.webhook_results["echo"],
            duplicates=self.webhook_results["duplicate"],
            stale=self.webhook_results["stale"],
            interactions=len(self.stage.slack.envelopes),
            slowest_ack_ms=max((envelope.acked_after_ms or 0 for envelope in self.stage.slack.envelopes), default=0),
            seconds=seconds,
        )

    @property
    def _clickables(self) -> list[Clickable]:
        return self._messages[-1].clickables if self._messages else []

    @property
    def _messages(self) -> list[Message]:
        return self.stage.slack.channels[fixtures.CHANNEL].messages
