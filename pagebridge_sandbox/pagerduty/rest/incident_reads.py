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
from pagebridge_sandbox.pagerduty.rest.includes import make_expander
from pagebridge_sandbox.pagerduty.rest.request import Request
from pagebridge_sandbox.pagerduty.rest.sorting import sort_by_query
from pagebridge_sandbox.pagerduty.rest.time_zones import localize_times

DEFAULT_RANGE, MAX_RANGE = timedelta(days=30), timedelta(days=184)
"""Incidents are listed for the last month; at most six months can be asked for, but for `date_range=all`."""
OVERVIEW_TYPES = frozenset({"trigger", "acknowledge", "unacknowledge", "escalate", "delegate", "resolve"})
URGENCIES = ("high", "low")
FILTER_ABILITIES = {"team_ids": "teams", "urgencies": "urgencies"}
"""Which ability a filter needs."""

INCIDENT_SORTS: dict[str, Callable[[Incident], Any]] = {
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
    expand = make_expander(context, includes.ONE_INCIDENT)
    include = context.request.array_param("include")
    shown = expand(_render_incident(context, incident))
    if "custom_fields" in include:
        shown["custom_fields"] = []
    if "body" in include:
        shown["body"] = {"type": "incident_body", "details": incident.details}
    return Response({"incident": shown})


def list_incidents(context: Context) -> Response:
    """List incidents, the oldest first unless `sort_by` says otherwise."""
    request = context.request
    for name, ability in FILTER_ABILITIES.items():
        if request.array_param(name):
            require_ability(context.account, ability)
    wanted = [*_filters(request), _created_in_range(request, context.account.clock.now())]
    incidents = [each for each in context.account.incidents.values() if all(filter_(each) for filter_ in wanted)]
    expand = make_expander(context, includes.INCIDENT)

    def show(incident: Incident) -> Json:
        return expand(_render_incident(context, incident))

    return Response(
        localize_times(request, request.page("incidents", sort_by_query(request, incidents, INCIDENT_SORTS), show))
    )


def _render_incident(context: Context, incident: Incident) -> Json:
    """Show an incident; with its conference bridge only when asked for."""
    shown = context.incident_renderer.incident(incident)
    if "conference_bridge" in context.request.array_param("include"):
        shown["conference_bridge"] = context.account.references.conference_bridge(incident)
    return shown


def _filters(request: Request) -> list[Callable[[Incident], bool]]:
    key = request.query.get("incident_key")
    statuses, urgencies = request.array_param("statuses", list(Status)), request.array_param("urgencies", URGENCIES)
    services, teams, users = (set(request.array_param(name)) for name in ("service_ids", "team_ids", "user_ids"))
    return [
        lambda incident: key in (None, incident.key, *(alert.key for alert in incident.alerts)),
        lambda incident: not statuses or incident.status in statuses,
        lambda incident: not urgencies or incident.urgency in urgencies,
        lambda incident: not services or incident.service in services,
        lambda incident: not teams or not teams.isdisjoint(incident.teams),
        lambda incident: not users or not users.isdisjoint(incident.assignees),
    ]


def _created_in_range(request: Request, now: datetime) -> Callable[[Incident], bool]:
    """Choose by the time of creation."""
    if (date_range := request.query.get("date_range")) is not None:
        if date_range != "all":
            raise invalid_input("date_range must be all")
        return lambda _: True
    until = request.time_param("until") or now
    since = request.time_param("since") or until - DEFAULT_RANGE
    if until - since > MAX_RANGE:
        raise invalid_input("since and until must not be more than six months apart")
    return lambda incident: since <= incident.created <= until


def list_alerts(context: Context, key: str) -> Response:
    """List the alerts of an incident, the oldest first unless `sort_by` says otherwise."""
    request, incident = context.request, context.account.incident(key)
    alert_key, statuses = request.query.get("alert_key"), request.array_param("statuses", ("triggered", "resolved"))
    alerts = [
        alert
        for alert in incident.alerts
        if alert_key in (None, alert.key) and (not statuses or alert.status in statuses)
    ]
    expand = make_expander(context, includes.ALERT)

    def show(alert: Alert) -> Json:
        return expand(context.incident_renderer.alert(alert, incident))

    return Response(request.page("alerts", sort_by_query(request, alerts, ALERT_SORTS), show))


def list_incident_log_entries(context: Context, key: str) -> Response:
    """List the log of one incident, the newest line first."""
    return _log_entries_page(context, context.account.incident(key).log)


def list_log_entries(context: Context) -> Response:
    """List the logs of all incidents, the newest line first."""
    teams = set(context.request.array_param("team_ids"))
    incidents = [each for each in context.account.incidents.values() if not teams or teams & set(each.teams)]
    return _log_entries_page(context, [entry for incident in incidents for entry in incident.log])


def get_log_entry(context: Context, entry_id: str) -> Response:
    """Show a log entry."""
    for incident in context.account.incidents.values():
        for entry in incident.log:
            if entry.id == entry_id:
                shown = context.incident_renderer.log_entry(entry, incident)
                expand = make_expander(context, includes.LOG_ENTRY)
                return Response(localize_times(context.request, {"log_entry": expand(shown)}))
    raise not_found("Log Entry Not Found")


def _log_entries_page(context: Context, entries: list[LogEntry]) -> Response:
    request = context.request
    since, until, overview = request.time_param("since"), request.time_param("until"), request.bool_param("is_overview")
    chosen = [
        entry
        for entry in entries
        if (since is None or since <= entry.at)
        and (until is None or entry.at <= until)
        and (not overview or entry.kind in OVERVIEW_TYPES)
    ]
    chosen.sort(key=lambda entry: entry.at)
    incidents = context.account.incidents
    expand = make_expander(context, includes.LOG_ENTRY)

    def show(entry: LogEntry) -> Json:
        return expand(context.incident_renderer.log_entry(entry, incidents[entry.incident]))

    return Response(localize_times(request, request.page("log_entries", chosen[::-1], show)))


ROUTES: Routes = {
    ("GET", "/incidents"): list_incidents,
    ("GET", "/incidents/{}"): get_incident,
    ("GET", "/incidents/{}/alerts"): list_alerts,
    ("GET", "/incidents/{}/log_entries"): list_incident_log_entries,
    ("GET", "/log_entries"): list_log_entries,
    ("GET", "/log_entries/{}"): get_log_entry,
}
