"""One pass over the channel of one incident: its state, and the handling of failed steps."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

import structlog

from shared.config.channels_config import IncidentChannelsConfig
from shared.durations import Durations
from shared.errors import BadCredentials, CallError, Refused
from shared.model.event import Ref, Snapshot
from shared.model.ids import ChannelId
from shared.model.incident import Incident
from shared.model.incident_channel import USE, IncidentChannel, with_failure
from shared.model.slack_state import SlackState
from shared.observability.log import reference
from shared.slack.api.errors import ALREADY_SO, IS_ARCHIVED, MESSAGE_GONE, NOT_IN_CHANNEL
from shared.store.clock import StoreClock
from shared.store.coordination import Lease, WorkQueue
from shared.store.documents import Documents
from shared.store.incidents import Incidents

log = structlog.get_logger()

LOST = frozenset({"channel_not_found", IS_ARCHIVED, NOT_IN_CHANNEL})
"""A person has archived or deleted the channel, or has removed the app (Slack: conversations.setTopic)."""
Rule = Callable[[IncidentChannel], IncidentChannel]


@dataclass(frozen=True)
class ChannelRecords:
    """The documents and the clock that a pass reads and writes."""

    channels: Documents[IncidentChannel]
    incidents: Incidents
    dirty_queue: WorkQueue
    clock: StoreClock
    durations: Durations


@dataclass
class ChannelPass:
    """
    The state of one pass: the incident, its channel, and where it is shown.

    `later` are the errors after which the pass is made again.
    """

    records: ChannelRecords
    config: IncidentChannelsConfig
    incident: Incident
    snapshot: Snapshot
    own: IncidentChannel
    placed: SlackState
    lease: Lease
    later: list[CallError] = field(default_factory=list)

    @property
    def home(self) -> ChannelId:
        """The channel with the incident's thread."""
        return self.placed.channels[0]

    async def save(self, rule: Rule) -> None:
        """Change what is known of the channel. Raises `FencedOff` if the lease is lost."""
        self.own = (await self.records.channels.change(self.incident.id, rule, self.lease)).value

    async def step(self, name: str, call: Callable[[], Awaitable[object]], who: Ref | None = None) -> bool:
        """
        Make the call of a step unless it has failed; return true if it is done.

        A refusal is reported once; an error that may pass is kept in `later`. Neither stops the other steps.
        """
        if self.own.shut or step_key(name, who) in self.own.failed:
            return False
        await self.lease.check(self.records.durations.slack_timeout)
        try:
            await call()
        except BadCredentials as error:
            self.later.append(error)
        except Refused as error:
            if error.code in ALREADY_SO:
                return True
            if error.code != MESSAGE_GONE:  # the card is posted again, and comes up as another one
                await self.failed(name, error, who)
        except CallError as error:
            self.later.append(error)
        else:
            return True
        return False

    async def failed(self, name: str, error: Refused, who: Ref | None = None) -> None:
        """Report a refused step in the thread, once, and record it: a new request for the channel retries it."""
        code, own, quoted = str(error.code or ""), self.own, reference()
        lost = own.channel is not None and code in LOST
        step = USE if lost else name
        log.error("channel.step_failed", incident=own.id, step=name, code=code, why=str(error), reference=quoted)
        named = who.name if who else ""
        details = {"step": step, "who": named, "channel": own.channel or "", "code": code, "reference": quoted}
        await self.tell(f"{step_key(step, None if lost else who)}:{own.tries}:{own.asked_ms}", details)
        await self.save(lambda now: now.lost(code) if lost else now.failed_at(step_key(name, who)))

    async def tell(self, key: str, details: dict[str, str]) -> None:
        """Add a line about a failure to the incident's thread, unless it has it already."""
        now_ms = await self.records.clock.now_ms()
        await self.records.incidents.change(
            self.incident.id,
            lambda known: with_failure(known, key, details.items(), now_ms),
            marks=(self.records.dirty_queue,),
        )


def step_key(name: str, who: Ref | None = None) -> str:
    """Name a step, that about a person by their id."""
    return f"{name}:{who.id}" if who else name
