"""Decides in which channels an incident is shown: by the first route that matches; channels are only ever added."""

from dataclasses import dataclass, replace

from prometheus_client import Counter

from bolt_app.read_path.adoption import Adoption, has_news
from bolt_app.read_path.reconcile_pass import ReconcilePass
from bolt_app.visibility import Visibility
from shared.config.bridge_config import LiveConfig, Route
from shared.model.event import Snapshot, ids_of_teams
from shared.model.event_types import Status
from shared.model.ids import ChannelId, IncidentId, TeamId
from shared.model.incident import Incident
from shared.model.incident_channel import IncidentChannel
from shared.model.journal import Fact, fact
from shared.model.message_state import MessageState
from shared.model.privacy import Privacy
from shared.model.slack_state import SlackState
from shared.store.channel_index import OpenIncidents
from shared.store.clock import Generation
from shared.store.coordination import Lease
from shared.store.documents import Documents
from shared.store.journal import Journal
from shared.store.losses import Losses

NOT_SHOWN = Counter("pagebridge_incidents_unshown", "Incidents that are shown nowhere, by reason", ["why"])


@dataclass(frozen=True)
class ChannelPlanner:
    """Decides in which channels an incident is shown."""

    generation: Generation
    losses: Losses
    slack_states: Documents[SlackState]
    open_incidents: OpenIncidents
    journal: Journal
    config: LiveConfig
    visibility: Visibility
    adoption: Adoption
    own_channels: Documents[IncidentChannel]

    async def plan(self, known: Incident, snapshot: Snapshot, lease: Lease) -> ReconcilePass:
        """
        Begin a pass with the channels of an incident, planned if there are none yet.

        Raises `CallError` if messages older than the data, or the incident's teams, cannot be read.
        """
        slack_state = (await self.slack_states.load(known.id, lease)).value
        if slack_state.anew_ms < known.anew_ms:
            # Which lines were told is not known any more, and Slack's messages say it.
            slack_state = SlackState.anew(known.id, known.anew_ms)
        doubt_ms = self.losses.doubt_ms
        if not slack_state.generation or (slack_state.anew_ms < doubt_ms and known.opened_before(doubt_ms)):
            known, slack_state = await self._adopt(known, snapshot, slack_state, lease)
        chosen = self.config.current.routing.route(snapshot)
        # The record of the incident's own channel, where channels for incidents are configured.
        has_own = self.config.current.incident_channels is not None
        own = (await self.own_channels.load(known.id)).value if has_own else None
        # An incident that was open before the bridge's first start gets a card with its next change.
        silent_ms = 0 if slack_state.channels else slack_state.silent_until_ms
        silent = bool(silent_ms) and known.as_of is not None and not has_news(known, silent_ms)
        if not silent:
            slack_state = await self._add_channels(slack_state, snapshot, chosen, own, lease)
        shown = tuple(filter(slack_state.is_shown_in, slack_state.channels))
        created_ms = snapshot.created_ms or 0
        if snapshot.status is not Status.RESOLVED and slack_state.listed != (str(created_ms), *shown):
            slack_state = await self._list(slack_state, created_ms, shown, lease)
        clears = self.config.current.routing.withheld_lines == "delete"
        usable = own.usable if own else None
        return ReconcilePass(known, snapshot, lease, slack_state, chosen, self.slack_states, usable, clears, silent)

    async def _adopt(
        self, known: Incident, snapshot: Snapshot, slack_state: SlackState, lease: Lease
    ) -> tuple[Incident, SlackState]:
        """Find the messages that are older than the data, or than its last loss of writes. Raises `CallError`."""
        # Read after the lease was taken: if the data is lost from now on, nothing can be written under the lease.
        birth = (await self.generation.current()).at_least(slack_state.anew_ms).without_last(self.losses.doubt_ms)
        # A loss of some writes that was noticed before all data was lost was looked into with that.
        if birth.partly or not slack_state.generation:
            known, slack_state = await self.adoption.adopt(known, snapshot, slack_state, birth, lease)
            slack_state = replace(slack_state, generation=slack_state.generation or birth.name)
        return known, slack_state

    async def _list(
        self, slack_state: SlackState, created_ms: int, shown: tuple[ChannelId, ...], lease: Lease
    ) -> SlackState:
        """Index an incident before it is shown, so that it can be found while Slack is down."""
        incident, listed = slack_state.id, (str(created_ms), *shown)
        if slack_state.listed == ():
            # If this worker dies after it has put it in, it must not count as taken out.
            await self.slack_states.change(incident, lambda current: replace(current, listed=None), lease)
        await self.open_incidents.put(incident, shown, created_ms, slack_state.privacy.hidden_in)
        return (await self.slack_states.note(incident, lambda now: replace(now, listed=listed), lease)).value

    async def unlist(self, this: ReconcilePass) -> None:
        """Take an incident that is over out of the index."""
        # Also if it was done before: an entry of a worker that died may be why this pass was asked for.
        await self.open_incidents.drop(this.incident.id, this.slack_state.channels)
        if this.slack_state.listed != ():
            await this.note(lambda now: replace(now, listed=()))

    async def _add_channels(
        self, slack_state: SlackState, snapshot: Snapshot, chosen: Route, own: IncidentChannel | None, lease: Lease
    ) -> SlackState:
        """
        Plan the first channels, or more of them; those without new ones are returned as they are.

        An incident whose priority or service has changed, so that another route is `chosen`, may be shown in another
        channel as well; it never leaves one. If it now belongs to a private team, the channels where it was public are
        not updated any more. Its `own` channel comes and goes with what can be done there.
        """
        added: tuple[ChannelId, ...] = ()
        if not slack_state.channels:
            added = await self._first_channels(slack_state.id, snapshot, chosen)
            if not added:
                return slack_state
        elif chosen.named and snapshot.status is not Status.RESOLVED:
            # The default channel is for incidents that no route matches; one that has a home needs no other.
            added = tuple(channel for channel in chosen.channels if channel not in slack_state.channels)
        teams = ids_of_teams(snapshot.teams)
        privacy = slack_state.privacy
        if privacy.hidden_in or privacy.teams != teams:
            privacy = await self._privacy(slack_state, snapshot, chosen, own)
        shown = with_own(slack_state, own, teams) if own else slack_state
        if not added and privacy == slack_state.privacy and shown is slack_state:
            return slack_state

        def rule(current: SlackState) -> SlackState:
            more = tuple(channel for channel in added if channel not in current.channels)
            born = current.generation or slack_state.generation
            planned = replace(current, channels=(*current.channels, *more), generation=born)
            return (with_own(planned, own, teams) if own else planned).withheld(privacy)

        routed = [self._route_fact(snapshot, chosen, added)] if added else []
        hidden = [
            fact("incident.withheld", channel=channel) for channel in privacy.hidden_in - slack_state.privacy.hidden_in
        ]
        return (await self.slack_states.change(slack_state.id, rule, lease, lambda: (*routed, *hidden))).value

    async def _first_channels(self, incident: IncidentId, snapshot: Snapshot, chosen: Route) -> tuple[ChannelId, ...]:
        if not chosen.channels:
            why = "ignored" if chosen.named else "no route"
        elif not chosen.named and await self.visibility.is_private(snapshot):
            why = "private team"
        else:
            return chosen.channels
        NOT_SHOWN.labels(why).inc()
        await self.journal.append(incident, fact("incident.unshown", why=why.replace(" ", "_")))
        return ()

    async def _privacy(
        self, slack_state: SlackState, snapshot: Snapshot, chosen: Route, own: IncidentChannel | None
    ) -> Privacy:
        """Decide by the teams which channels are not updated any more; until they are read (`CallError`), none is."""
        known, teams = slack_state.privacy, ids_of_teams(snapshot.teams) or frozenset()
        if not slack_state.channels:
            # The first channels were chosen for these teams.
            return replace(known, teams=teams)
        private = bool(known.hidden_in) if teams == known.teams else await self.visibility.is_private(snapshot)
        named = (*(chosen.channels if chosen.named else ()), *(own.named_for(teams) if own else ()))
        return known.decided(teams, slack_state.channels, named, private=private)

    def _route_fact(self, snapshot: Snapshot, chosen: Route, channels: tuple[ChannelId, ...]) -> Fact:
        """Return the journal fact of which route matched, by its position from 1, and why earlier ones did not."""
        over = self.config.current.routing.mismatches(snapshot)
        taken = len(over) + 1 if chosen.named else "default"
        why = ",".join(f"{number}:{field}" for number, field in enumerate(over, 1))
        return fact("incident.routed", channels=",".join(channels), route=taken, passed_over=why)


def with_own(state: SlackState, own: IncidentChannel, teams: frozenset[TeamId] | None) -> SlackState:
    """
    Show the incident in the channel that was opened for it as well, or leave that once it is shut. Pure.

    It is never the first one, whose thread has the whole story, and is left only while it is not.
    """
    channel = own.channel
    if channel is None or not state.channels:
        return state
    if own.shut:
        return state.without(channel) if channel in state.channels[1:] else state
    if channel in state.channels or not own.may_be_shown(teams):
        return state
    shown = replace(state, channels=(*state.channels, channel))
    if own.found_ms and channel not in state.cards:
        # It was there before, and a post of then may have made its card.
        return shown.with_card(channel, MessageState(begun_ms=own.found_ms, until_ms=own.found_ms))
    return shown
