"""Decides in which channels an incident is shown: by the first route that matches; channels are only ever added."""

from dataclasses import replace

from prometheus_client import Counter

from bolt_app.services import Services
from bolt_app.visibility import Visibility
from shared.model.event import Snapshot, Status
from shared.model.ids import ChannelId, IncidentId
from shared.model.journal import Fact, fact
from shared.model.slack_state import Privacy, SlackState
from shared.routing import Route, mismatches, route
from shared.store.clock import Birth
from shared.store.coordination import Lease

NOT_SHOWN = Counter("pagebridge_incidents_unshown", "Incidents that are shown nowhere, by reason", ["why"])


class ChannelPlanner:
    """Decides in which channels an incident is shown."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._visibility = Visibility(services)

    def route(self, snapshot: Snapshot) -> Route:
        """Return the first route that matches an incident as it is now."""
        return route(snapshot, self._services.config.routing)

    async def plan(self, slack_state: SlackState, snapshot: Snapshot, birth: Birth, lease: Lease) -> SlackState:
        """
        Return the state in Slack with its channels, planned if there are none yet. `birth` is that of the data set.

        An incident whose priority or service has changed may be shown in another channel as well; it never leaves one.
        If it now belongs to a private team, the channels where it was public are not updated any more.
        """
        wanted = await self._channels(slack_state.id, snapshot, known=slack_state.channels)
        added = tuple(channel for channel in wanted if channel not in slack_state.channels)
        if slack_state.channels and snapshot.status is Status.RESOLVED:
            added = ()
        if not slack_state.channels and not added:
            return slack_state
        privacy = await self._privacy(slack_state, snapshot)
        if not added and privacy == slack_state.privacy:
            return slack_state

        def rule(current: SlackState) -> SlackState:
            more = tuple(channel for channel in added if channel not in current.channels)
            generation = current.generation or birth.name
            return replace(current, channels=(*current.channels, *more), generation=generation).withheld(privacy)

        routed = [self._route_fact(snapshot, added)] if added else []
        hidden = [
            fact("incident.withheld", channel=channel) for channel in privacy.hidden_in - slack_state.privacy.hidden_in
        ]
        return (await self._services.slack_states.change(slack_state.id, rule, lease, lambda: (*routed, *hidden))).value

    async def _privacy(self, slack_state: SlackState, snapshot: Snapshot) -> Privacy:
        """
        Decide which channels are not updated any more, because the incident's teams may have changed.

        Raises `CallError` if the teams cannot be read: until then no channel is updated.
        """
        known, teams, chosen = slack_state.privacy, frozenset(snapshot.team_ids), self.route(snapshot)
        if not slack_state.channels:
            # The first channels were chosen for these teams.
            return replace(known, teams=teams)
        private = bool(known.hidden_in) if teams == known.teams else bool(await self._visibility.private(teams))
        named = chosen.channels if chosen.named else ()
        return known.decided(teams, slack_state.channels, named, private=private)

    def _route_fact(self, snapshot: Snapshot, channels: tuple[ChannelId, ...]) -> Fact:
        """Return the journal fact of which route matched, by its position from 1, and why earlier ones did not."""
        over = mismatches(snapshot, self._services.config.routing)
        taken = len(over) + 1 if self.route(snapshot).named else "default"
        why = ",".join(f"{number}:{field}" for number, field in enumerate(over, 1))
        return fact("incident.routed", channels=",".join(channels), route=taken, passed_over=why)

    async def _log_not_shown(self, incident: IncidentId, why: str) -> None:
        NOT_SHOWN.labels(why).inc()
        await self._services.journal.append(incident, fact("incident.unshown", why=why.replace(" ", "_")))

    async def _channels(
        self, incident: IncidentId, snapshot: Snapshot, known: tuple[ChannelId, ...]
    ) -> tuple[ChannelId, ...]:
        chosen = self.route(snapshot)
        if not chosen.named and known:
            # The default channel is for incidents that no route matches; one that has a home needs no other.
            return ()
        if not chosen.channels and not known:
            await self._log_not_shown(incident, "ignored" if chosen.named else "no route")
        elif not chosen.named and await self._visibility.private(snapshot.team_ids):
            await self._log_not_shown(incident, "private team")
            return ()
        return chosen.channels
