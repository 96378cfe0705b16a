"""`pagebridge timeline`: what happened to one incident, as Markdown for a report."""

import sys

from pagebridge.cli import FAILED, exits
from pagebridge.cli.clients import Data, opened
from pagebridge.cli.incidents import IncidentName, find
from pagebridge.cli.place import DATA
from pagebridge.cli.terminal import show
from pagebridge.cli.why import unknown
from shared.slack.render.timeline_document import timeline_document
from shared.store.incidents import Incidents


@exits
async def timeline(incident: IncidentName, *, data: Data = DATA) -> int:
    """Write what happened to an incident, in PagerDuty and in Slack, as Markdown."""
    async with opened(data) as redis:
        found = await find(redis, incident)
        known = (await Incidents(redis).whole(found)).value if found else None
        if known is None or known.snapshot is None:
            sys.stderr.writelines(f"{line}\n" for line in await unknown(redis, incident))
            return FAILED
    show(timeline_document(known).splitlines())
    return 0
