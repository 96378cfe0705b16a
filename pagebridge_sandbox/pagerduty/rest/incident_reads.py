"""Reading incidents, their notes and their logs."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from pagebridge_sandbox.pagerduty.incident_parts import Alert
from pagebridge_sandbox.pagerduty.incidents import Incident, LogEntry, Status
from pagebridge_sandbox.pagerduty.responders import require_ability
from pagebridge_sandbox.pagerduty.responses import Json, Response, invalid_input, not_found
from pagebridge_sandbox.pagerduty.rest import includes
from pagebridge_sandbox.pagerduty.rest.api import Context, Routes
from pagebridge_sandbox.pagerduty.rest.includes import expanding
from pagebridge_sandbox.pagerduty.rest.request import Request
from pagebridge_sandbox.pagerduty.rest.sorting import ordered
from pagebridge_sandbox.pagerduty.rest.time_zones import localised

USUAL_RANGE, LONGEST_RANGE = timedelta(days=30), timedelta(days=184)
"""Incidents are listed for the last month; at most six months can be asked for, but for `date_range=all`."""
OVERVIEW = frozenset({"trigger", "acknowledge", "unacknowledge", "escalate", "delegate", "resolve"})
URGENCIES = ("high", "low")
NEEDED = {"team_ids": "teams", "urgencies": "urgencies"}
"""Which ability a filter needs."""

SORTS: dict[str, Callable[[Incident], Any]] = {
    "created_at": lambda incident: incident.created,
    "incident_number": lambda incident: incident.number,
    "resolved_at": lambda incident: (incident.resolved is None, incident.resolved or incident.created),
    "urgency": lambda incident: incident.urgency == "high",
}

ALERT_SORTS: dict[str, Callable[[Alert], Any]] = {
    "created_at": lambda alert: alert.created,
    "resolved_at": lambda alert: (alert.resolved is None, alert.resolved or alert.created),
}


def get_incident(context: Context, key: str) -> Response:
    """Show an incident, by id or number; what it was created with only with `include[]=body`."""
    incident = context.account.incident(key)
    expand = expanding(context, includes.ONE_INCIDENT)
    include = context.request.many("include")
    shown = expand(_incident(context, incident))
    if "custom_fields" in include:
        shown["custom_fields"] = []
    if "body" in include:
        shown["body"] = {"type": "incident_body", "details": incident.details}
    return Response({"incident": shown})


def list_incidents(context: Context) -> Response:
    """List incidents, the oldest first unless `sort_by` says otherwise."""
    request = context.request
    for name, ability in NEEDED.items():
        if request.many(name):
            require_ability(context.account, ability)
    wanted = [*_filters(request), _range(request, context.account.clock.now())]
    incidents = [each for each in context.account.incidents.values() if all(filter_(each) for filter_ in wanted)]
    expand = expanding(context, includes.INCIDENT)

    def show(incident: Incident) -> Json:
        return expand(_incident(context, incident))

    return Response(localised(request, request.page("incidents", ordered(request, incidents, SORTS), show)))


def _incident(context: Context, incident: Incident) -> Json:
    """Show an incident; with its conference bridge only when asked for."""
    shown = context.show_incident.incident(incident)
    if "conference_bridge" in context.request.many("include"):
        shown["conference_bridge"] = context.account.references.conference_bridge(incident)
    return shown


def _filters(request: Request) -> list[Callable[[Incident], bool]]:
    key = request.query.get("incident_key")
    statuses, urgencies = request.many("statuses", list(Status)), request.many("urgencies", URGENCIES)
    services, teams, users = (set(request.many(name)) for name in ("service_ids", "team_ids", "user_ids"))
    return [
        lambda incident: key in (None, incident.key, *(alert.key for alert in incident.alerts)),
        lambda incident: not statuses or incident.status in statuses,
        lambda incident: not urgencies or incident.urgency in urgencies,
        lambda incident: not services or incident.service in services,
        lambda incident: not teams or not teams.isdisjoint(incident.teams),
        lambda incident: not users or not users.isdisjoint(incident.assignees),
    ]


def _range(request: Request, now: datetime) -> Callable[[Incident], bool]:
    """Choose by the time of creation."""
    if (date_range := request.query.get("date_range")) is not None:
        if date_range != "all":
            raise invalid_input("date_range must be all")
        return lambda _: True
    until = request.moment("until") or now
    since = request.moment("since") or until - USUAL_RANGE
    if until - since > LONGEST_RANGE:
        raise invalid_input("since and until must not be more than six months apart")
    return lambda incident: since <= incident.created <= until


def list_alerts(context: Context, key: str) -> Response:
    """List the alerts of an incident, the oldest first unless `sort_by` says otherwise."""
    request, incident = context.request, context.account.incident(key)
    alert_key, statuses = request.query.get("alert_key"), request.many("statuses", ("triggered", "resolved"))
    alerts = [
        alert
        for alert in incident.alerts
        if alert_key in (None, alert.key) and (not statuses or alert.status in statuses)
    ]
    expand = expanding(context, includes.ALERT)

    def show(alert: Alert) -> Json:
        return expand(context.show_incident.alert(alert, incident))

    return Response(request.page("alerts", ordered(request, alerts, ALERT_SORTS), show))


def list_incident_log(context: Context, key: str) -> Response:
    """List the log of one incident, the newest line first."""
    return _log(context, context.account.incident(key).log)


def list_log(context: Context) -> Response:
    """List the logs of all incidents, the newest line first."""
    teams = set(context.request.many("team_ids"))
    incidents = [each for each in context.account.incidents.values() if not teams or teams & set(each.teams)]
    return _log(context, [entry for incident in incidents for entry in incident.log])


def get_log_entry(context: Context, entry_id: str) -> Response:
    """Show a log entry."""
    for incident in context.account.incidents.values():
        for entry in incident.log:
            if entry.id == entry_id:
                shown = context.show_incident.log_entry(entry, incident)
                expand = expanding(context, includes.LOG_ENTRY)
                return Response(localised(context.request, {"log_entry": expand(shown)}))
    raise not_found("Log Entry Not Found")


def _log(context: Context, entries: list[LogEntry]) -> Response:
    request = context.request
    since, until, overview = request.moment("since"), request.moment("until"), request.flag("is_overview")
    chosen = [
        entry
        for entry in entries
        if (since is None or since <= entry.at)
        and (until is None or entry.at <= until)
        and (not overview or entry.kind in OVERVIEW)
    ]
    chosen.sort(key=lambda entry: entry.at)
    incidents = context.account.incidents
    expand = expanding(context, includes.LOG_ENTRY)

    def show(entry: LogEntry) -> Json:
        return expand(context.show_incident.log_entry(entry, incidents[entry.incident]))

    return Response(localised(request, request.page("log_entries", chosen[::-1], show)))


ROUTES: Routes = {
    ("GET", "/incidents"): list_incidents,
    ("GET", "/incidents/{}"): get_incident,
    ("GET", "/incidents/{}/alerts"): list_alerts,
    ("GET", "/incidents/{}/log_entries"): list_incident_log,
    ("GET", "/log_entries"): list_log,
    ("GET", "/log_entries/{}"): get_log_entry,
}
