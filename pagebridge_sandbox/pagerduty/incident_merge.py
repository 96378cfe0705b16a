"""Merging incidents into one."""

from collections.abc import Sequence

from pagebridge_sandbox.pagerduty.account import Account
from pagebridge_sandbox.pagerduty.incidents import Actor, Incident, Status
from pagebridge_sandbox.pagerduty.lifecycle import resolve
from pagebridge_sandbox.pagerduty.responses import ALREADY_MERGED, ARGUMENTS_CAUSED_ERROR, Refusal, invalid

MOST_ALERTS = 1000
"""Of one incident (OpenAPI, merge)."""


def merge(account: Account, target: Incident, actor: Actor, sources: Sequence[Incident]) -> None:
    """
    Merge incidents into another one, which must be open.

    Their alerts become the target's, and they are resolved for that reason; there is no event of the merge itself.
    """
    _require_mergeable(target, sources)
    alerts = [alert for source in sources for alert in source.alerts]
    if len(target.alerts) + len(alerts) > MOST_ALERTS:
        raise invalid(f"An incident has {MOST_ALERTS} alerts at most")
    for source in sources:
        source.alerts = []
        source.merged_into = target.name
        if source.status is not Status.RESOLVED:
            resolve(account, source, actor)
    target.alerts = [*target.alerts, *alerts]
    target.updated = account.clock.tick()


def _require_mergeable(target: Incident, sources: Sequence[Incident]) -> None:
    if not sources or target in sources:
        raise invalid("source_incidents must be other incidents")
    if target.status is Status.RESOLVED:
        raise Refusal(ARGUMENTS_CAUSED_ERROR, "Arguments Caused Error", "The target incident must be open")
    if any(source.merged_into for source in sources):
        raise Refusal(ALREADY_MERGED, "Incident Already Merged")
    if not all(each.mergeable for each in (target, *sources)):
        raise Refusal(ARGUMENTS_CAUSED_ERROR, "Arguments Caused Error", "An incident cannot be merged")
