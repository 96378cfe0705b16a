"""Lets user groups and topics follow who is on call: each by the worker that holds its lease, where they differ."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import structlog

from bolt_app.oncall_groups import words
from bolt_app.oncall_groups.duty import DutyReader
from bolt_app.oncall_groups.places import Place, Places, Seen
from bolt_app.read_path.message_sync import MessageSync, MessageTarget
from shared.config.bridge_config import LiveConfig
from shared.config.oncall_config import OncallGroupConfig
from shared.durations import Durations
from shared.errors import BadCredentials, CallError, Malformed, Refused, Unavailable
from shared.model.event import Ref
from shared.model.ids import ChannelId, IncidentId
from shared.model.message_state import MessageState
from shared.model.oncall_state import CHANGED, Cause, OncallState, Rule, Written
from shared.observability.log import reference
from shared.pagerduty.api.lanes import Lane, go_in
from shared.store.clock import StoreClock
from shared.store.coordination import Lease
from shared.store.documents import Documents

log = structlog.get_logger()


@dataclass(frozen=True)
class OncallGroups:
    """One pass updates every place of an entry, and explains each obstacle once."""

    states: Documents[OncallState]
    duty: DutyReader
    places: Places
    message_sync: MessageSync
    config: LiveConfig
    clock: StoreClock
    durations: Durations

    async def run(self, incident: IncidentId, lease: Lease) -> float | None:
        """Do one pass for the entry that `incident` names. Raises `CallError` from posting a notice, `StoreDown`."""
        entry = self.config.current.oncall_group(incident)
        if entry is None:
            return None
        go_in(Lane.UPKEEP)
        causes: dict[str, Cause] = {}
        right: set[str] = set()
        whole = True
        try:
            duty = await self.duty.read(entry, causes)
            again = duty.look_in
            for place in self.places.of(entry, self.config.current.oncall_groups) if duty.people else ():
                if await self._follow(place, duty.people, causes, lease):
                    right.add(place.name)
        except (CallError, Malformed) as error:
            log.warning("oncall_group.later", entry=incident, why=str(error))
            whole, causes["unreached"] = False, words.unreached(error)
            told = error.retry_after if isinstance(error, Unavailable) else None
            again = self.durations.channel_retry if told is None else max(1.0, told)
        await self._explain(entry, causes, right, lease, whole=whole)
        return again

    async def _follow(self, place: Place, people: Sequence[Ref], causes: dict[str, Cause], lease: Lease) -> bool:
        """Update one place; return true if it names these people. Slack's refusal is added to the causes."""
        written = (await self.states.load(lease.incident, lease)).value.written(place.name)
        try:
            seen = await place.look(people, written, causes)
            if seen is None:
                return False
            if written.is_right(seen.wanted, seen.found, seen.shown):
                await self._record(place.name, Written(seen.wanted, (), seen.shown), lease)
            else:
                await self._put_right(place, seen, written, lease)
        except BadCredentials:
            raise
        except Refused as error:
            causes[f"{place.name}:{error.code}"] = words.refused(place.label, error)
            return False
        return True

    async def _put_right(self, place: Place, seen: Seen, written: Written, lease: Lease) -> None:
        """Write to a place. It is recorded before the call, so that its effect is recognised as the bridge's own."""
        entry = lease.incident
        by_hand = written.asked is not None and not written.is_ours(seen.found, seen.shown)
        if by_hand or seen.is_taken_over:
            changed = {f"{CHANGED}{place.name}": await seen.change()}
            now_ms = await self.clock.now_ms()
            await self.states.change(
                lease.incident, lambda state: state.with_causes(changed, now_ms, whole=False), lease
            )
        begun = written.begun(seen.wanted, seen.found)
        await self._record(place.name, begun, lease)
        await lease.check(self.durations.slack_timeout)
        shown = await seen.write()
        log.info("oncall_group.written", entry=entry, place=place.name, by_hand=by_hand)
        await self._record(place.name, begun.done(shown), lease)

    async def _record(self, place: str, written: Written, lease: Lease) -> None:
        await self.states.change(lease.incident, lambda state: state.with_written(place, written), lease)

    async def _explain(
        self,
        entry: OncallGroupConfig,
        causes: Mapping[str, Cause],
        right: Collection[str],
        lease: Lease,
        *,
        whole: bool,
    ) -> None:
        """Post each new cause once, and drop those that are gone."""
        known = (await self.states.load(entry.id, lease)).value.notices
        found = {name: cause if name in known else _referenced(entry, name, cause) for name, cause in causes.items()}
        now_ms = await self.clock.now_ms()
        stored = await self.states.change(entry.id, lambda state: state.with_causes(found, now_ms, whole=whole), lease)
        for name in stored.value.due(now_ms, right):
            await self._tell(entry, name, lease)

    async def _tell(self, entry: OncallGroupConfig, name: str, lease: Lease) -> None:
        """Post the notice of a cause; if the channel refuses it, the next pass tries again."""
        notice = (await self.states.load(entry.id, lease)).value.notices[name]
        change = partial(self.states.change, entry.id, lease=lease)

        def rule(message: MessageState, *, told: bool = False) -> Rule:
            return lambda state: state.with_message(name, message, told=told)

        message = words.notice_message(f"oncall:{entry.id}:{name}:{notice.due_ms}", notice.words)
        channel, since_ms = ChannelId(entry.tell), notice.due_ms
        target = MessageTarget(channel, rule, change, change, lease, urgent=False, single=True, since_ms=since_ms)
        try:
            posted = await self.message_sync.sync(message, notice.message, target, edit=False)
        except Refused as error:
            log.error("oncall_group.untold", entry=entry.id, channel=entry.tell, cause=name, why=str(error))
            return
        await change(rule(posted, told=True))


def _referenced(entry: OncallGroupConfig, name: str, cause: Cause) -> Cause:
    """Log a cause that was not known before, and add the reference to its words."""
    quoted = reference()
    places = {"group": entry.group, "channel": entry.channel}
    log.warning("oncall_group.behind", entry=entry.id, cause=name, reference=quoted, **places)
    return words.with_reference(cause, quoted)
