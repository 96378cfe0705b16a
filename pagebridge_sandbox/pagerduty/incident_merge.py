"""Merging incidents into one."""

from collections.abc import Sequence

from pagebridge_sandbox.pagerduty.account import Account
from pagebridge_sandbox.pagerduty.incidents import Actor, Incident, Status
from pagebridge_sandbox.pagerduty.lifecycle import resolve
from pagebridge_sandbox.pagerduty.responses import ALREADY_MERGED, ARGUMENTS_CAUSED_ERROR, ApiError, invalid_input

MAX_ALERTS = 1000
"""Of one incident (OpenAPI, merge)."""


def merge(account: Account, target: Incident, actor: Actor, sources: Sequence[Incident]) -> None:
    """
    Merge incidents into another one, which must be open.

    Their alerts become the target's, and they are resolved for that reason; there is no event of the merge itself.
    """
    _require_mergeable(target, sources)
    alerts = [alert for source in sources for alert in source.alerts]
    if len(target.alerts) + len(alerts) > MAX_ALERTS:
        raise invalid_input(f"An incident has {MAX_ALERTS} alerts at most")
    for source in sources:
        source.alerts = []
        source.merged_into = target.reference
        if source.status is not Status.RESOLVED:
            resolve(account, source, actor)
    target.alerts = [*target.alerts, *alerts]
    target.updated = account.clock.tick()


def _require_mergeable(target: Incident, sources: Sequence[Incident]) -> None:
    if not sources or target in sources:
        raise invalid_input("source_incidents must be other incidents")
    if target.status is Status.RESOLVED:
        raise ApiError(ARGUMENTS_CAUSED_ERROR, "Arguments Caused Error", "The target incident must be open")
    if any(source.merged_into for source in sources):
        raise ApiError(ALREADY_MERGED, "Incident Already Merged")
    if not all(each.is_mergeable for each in (target, *sources)):
        raise ApiError(ARGUMENTS_CAUSED_ERROR, "Arguments Caused Error", "An incident cannot be merged")
