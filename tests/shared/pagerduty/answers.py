"""Answers as PagerDuty gives them."""

from collections.abc import Callable, Mapping, Sequence

from aiohttp import web

from shared.model.ids import IncidentId
from tests.shared.local_server import Request

INCIDENT = IncidentId("Q1INCIDENT")
EPOCH_DATE = "Tue, 14 Nov 2023 22:13:20 GMT"
EPOCH_MS = 1_700_000_000_000


def reference(id_: str, kind: str, summary: str) -> dict[str, object]:
    """Make a reference to something."""
    return {"id": id_, "type": f"{kind}_reference", "summary": summary, "html_url": f"https://acme.pagerduty.com/{id_}"}


ALICE = reference("PALICE1", "user", "Alice Ng")
BOB = reference("PBOB001", "user", "Bob Ray")


def incident(**changed: object) -> dict[str, object]:
    """Make an incident object; keyword arguments replace its fields."""
    return {
        "id": INCIDENT,
        "type": "incident",
        "incident_number": 37,
        "title": "Checkout is slow",
        "status": "triggered",
        "urgency": "high",
        "html_url": "https://acme.pagerduty.com/incidents/Q1INCIDENT",
        "created_at": "2023-11-14T22:13:20Z",
        "updated_at": "2023-11-14T22:13:30Z",
        "last_status_change_at": "2023-11-14T22:13:25Z",
        "last_status_change_by": ALICE,
        "service": reference("PSVC001", "service", "checkout-api"),
        "priority": None,
        "assignments": [{"at": "2023-11-14T22:13:20Z", "assignee": ALICE}],
        "acknowledgements": [],
        "assigned_via": "escalation_policy",
        "teams": [reference("PTEAM01", "team", "Payments")],
        "escalation_policy": reference("PPOL001", "escalation_policy", "Payments on-call"),
        **changed,
    }


def user(id_: str, **changed: object) -> dict[str, object]:
    """Make a user object."""
    made = {"id": id_, "type": "user", "name": id_.title(), "email": f"{id_.lower()}@example.com", "role": "user"}
    return {**made, "teams": [], **changed}


def page(name: str, entries: Sequence[Mapping[str, object]]) -> Callable[[Request], web.Response]:
    """Answer with the page of `entries` that was asked for."""

    def answer(request: Request) -> web.Response:
        offset, limit = int(request.query["offset"]), int(request.query["limit"])
        more = offset + limit < len(entries)
        return web.json_response({name: entries[offset : offset + limit], "more": more, "total": None})

    return answer
