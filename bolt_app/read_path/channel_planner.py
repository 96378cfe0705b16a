"""Decides in which channels an incident is shown: by the first route that matches; channels are only ever added."""

from dataclasses import replace

from prometheus_client import Counter

from bolt_app.services import Services
from shared.config.bridge_config import Route
from shared.model.event import Snapshot, Status
from shared.model.ids import ChannelId, IncidentId
from shared.model.journal import Fact, fact
from shared.model.slack_state import Privacy, SlackState
from shared.store.clock import Birth
from shared.store.coordination import Lease

NOT_SHOWN = Counter("pagebridge_incidents_unshown", "Incidents that are shown nowhere, by reason", ["why"])


class ChannelPlanner:
    """Decides in which channels an incident is shown."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._visibility = services.visibility

    async def plan(
        self, slack_state: SlackState, snapshot: Snapshot, chosen: Route, birth: Birth, lease: Lease
    ) -> SlackState:
        """
        Return the state in Slack with its channels, planned if there are none yet. `birth` is that of the data set.

        An incident whose priority or service has changed, so that another route is `chosen`, may be shown in another
        channel as well; it never leaves one. If it now belongs to a private team, the channels where it was public are
        not updated any more.
        """
        added: tuple[ChannelId, ...] = ()
        if not slack_state.channels:
            added = await self._first_channels(slack_state.id, snapshot, chosen)
            if not added:
                return slack_state
        elif chosen.named and snapshot.status is not Status.RESOLVED:
            # The default channel is for incidents that no route matches; one that has a home needs no other.
            added = tuple(channel for channel in chosen.channels if channel not in slack_state.channels)
        privacy = await self._privacy(slack_state, snapshot, chosen)
        if not added and privacy == slack_state.privacy:
            return slack_state

        def rule(current: SlackState) -> SlackState:
            more = tuple(channel for channel in added if channel not in current.channels)
            generation = current.generation or birth.name
            return replace(current, channels=(*current.channels, *more), generation=generation).withheld(privacy)

        routed = [self._route_fact(snapshot, chosen, added)] if added else []
        hidden = [
            fact("incident.withheld", channel=channel) for channel in privacy.hidden_in - slack_state.privacy.hidden_in
        ]
        return (await self._services.slack_states.change(slack_state.id, rule, lease, lambda: (*routed, *hidden))).value

    async def _first_channels(self, incident: IncidentId, snapshot: Snapshot, chosen: Route) -> tuple[ChannelId, ...]:
        if not chosen.channels:
            why = "ignored" if chosen.named else "no route"
        elif not chosen.named and await self._visibility.private(snapshot.team_ids):
            why = "private team"
        else:
            return chosen.channels
        NOT_SHOWN.labels(why).inc()
        await self._services.journal.append(incident, fact("incident.unshown", why=why.replace(" ", "_")))
        return ()

    async def _privacy(self, slack_state: SlackState, snapshot: Snapshot, chosen: Route) -> Privacy:
        """
        Decide which channels are not updated any more, because the incident's teams may have changed.

        Raises `CallError` if the teams cannot be read: until then no channel is updated.
        """
        known, teams = slack_state.privacy, frozenset(snapshot.team_ids)
        if not slack_state.channels:
            # The first channels were chosen for these teams.
            return replace(known, teams=teams)
        private = bool(known.hidden_in) if teams == known.teams else bool(await self._visibility.private(teams))
        named = chosen.channels if chosen.named else ()
        return known.decided(teams, slack_state.channels, named, private=private)

    def _route_fact(self, snapshot: Snapshot, chosen: Route, channels: tuple[ChannelId, ...]) -> Fact:
        """Return the journal fact of which route matched, by its position from 1, and why earlier ones did not."""
        over = self._services.config.routing.mismatches(snapshot)
        taken = len(over) + 1 if chosen.named else "default"
        why = ",".join(f"{number}:{field}" for number, field in enumerate(over, 1))
        return fact("incident.routed", channels=",".join(channels), route=taken, passed_over=why)
