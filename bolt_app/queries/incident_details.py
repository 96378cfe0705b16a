"""**Details** on a card: everything that PagerDuty has of an incident, in a dialog that only the person sees."""

import asyncio

from bolt_app.modals.context import ModalContext
from bolt_app.modals.opener import ModalOpener
from bolt_app.queries import incident_details_view
from bolt_app.queries.incident_view import read_incident
from bolt_app.queries.router import QUERY_TIMEOUT, malformed_query_reply
from bolt_app.services import Services
from shared.errors import CallError, Malformed, NotFound, StoreDown
from shared.model.command import SlackActor
from shared.model.ids import IncidentId
from shared.model.outcome import Declined
from shared.slack.render.blocks import Block, escape, section


class IncidentDetails:
    """Opens the details modal, if the person may see the incident."""

    def __init__(self, services: Services, modal_opener: ModalOpener) -> None:
        self._services = services
        self._modal_opener = modal_opener
        self._visibility = services.visibility

    async def open(self, incident: IncidentId, about: ModalContext, by: SlackActor, trigger_id: str) -> None:
        """Open the modal and fill it; failures are shown in it. Never raises `CallError`."""

        async def told() -> Block:
            return incident_details_view.view(about, await self._render(incident, about, by))

        await self._modal_opener.open_and_load(about, trigger_id, incident_details_view.loading(about), told)

    async def _render(self, incident: IncidentId, about: ModalContext, by: SlackActor) -> list[Block]:
        try:
            async with asyncio.timeout(QUERY_TIMEOUT):
                view = await read_incident(self._services.pagerduty, incident)
                if await self._visibility.is_visible(view.incident, by, about.channel):
                    return incident_details_view.details_blocks(view)
        except Declined as declined:
            return [section(f":no_entry: {escape(declined.outcome.why)} {escape(declined.outcome.next_step)}.")]
        except NotFound:
            pass
        except (CallError, Malformed, StoreDown, TimeoutError) as error:
            return [section(malformed_query_reply("details", error))]
        return [section(f":no_entry: I can't find incident {escape(about.label or incident)}, or you can't see it.")]
