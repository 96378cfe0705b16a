"""What is made of what PagerDuty shows: the first alert, and who is paged next, as far as that is certain."""

from dataclasses import replace

import pytest

from bolt_app.read_path.enrichment import first_alert, next_level, on_call_at, with_enrichment
from shared.model.enrichment import Enrichment, FirstAlert, Link, PendingActions
from shared.model.event import Instant, Ref
from shared.model.event_types import ACKNOWLEDGED, TRIGGERED, Status
from shared.model.ids import UserId
from shared.model.incident import Incident, fold
from shared.pagerduty.models.account import OnCall
from shared.pagerduty.models.incident import RestIncident
from shared.pagerduty.models.incident_parts import Alert
from tests.builders import INCIDENT, NOON, webhook

AHEAD = PendingActions(Instant(NOON), NOON + 60_000)
KNOWN = fold(Incident(INCIDENT), webhook(TRIGGERED, NOON), NOON).incident


def read(known: Incident = KNOWN, updated_ms: int | None = NOON) -> RestIncident:
    """Let PagerDuty show the incident as it is known."""
    assert known.snapshot is not None
    updated = None if updated_ms is None else Instant(updated_ms, 1000)
    return RestIncident(INCIDENT, known.snapshot, updated, None, (), "escalation_policy")


def shift(level: int, user: str, since_ms: int | None = None, until_ms: int | None = None) -> OnCall:
    """Put somebody on call."""
    since, until = (None if ms is None else Instant(ms) for ms in (since_ms, until_ms))
    return OnCall(level, Ref(user, user.title()), Ref("PPOL001"), until, since)


def test_what_was_read_is_known() -> None:
    """Both parts; a read that shows what is known already makes no tie of the rest of its second."""
    after = with_enrichment(KNOWN, read(), AHEAD, FirstAlert("Slow"))

    assert after == replace(KNOWN, enrichment=Enrichment(FirstAlert("Slow"), AHEAD))


def test_an_alert_that_could_not_be_read_stays_wanted() -> None:
    """The other part is kept."""
    assert with_enrichment(KNOWN, read(), AHEAD, None).enrichment == Enrichment(None, AHEAD)


def test_what_is_to_come_is_of_the_incident_as_it_was_read() -> None:
    """Somebody acknowledged it meanwhile: it does not escalate any more."""
    meanwhile = fold(KNOWN, webhook(ACKNOWLEDGED, NOON + 5000), NOON).incident

    assert with_enrichment(meanwhile, read(), AHEAD, None).enrichment.pending is None


@pytest.mark.parametrize("updated_ms", [NOON + 5000, None])
def test_a_read_that_is_ahead_of_the_events_counts(updated_ms: int | None) -> None:
    """The webhook is still on its way; without a time the two cannot be compared, so nothing is claimed."""
    newer = fold(KNOWN, webhook(ACKNOWLEDGED, NOON + 5000), NOON).incident

    after = with_enrichment(KNOWN, read(newer, updated_ms), AHEAD, None)

    assert (Status.ACKNOWLEDGED if updated_ms else Status.TRIGGERED) is after.status
    assert (AHEAD if updated_ms else None) == after.enrichment.pending


def test_an_incident_that_pagerduty_does_not_show() -> None:
    """Nothing is to be said, and nothing is asked again."""
    after = with_enrichment(KNOWN, None, PendingActions(Instant(NOON)), FirstAlert())

    assert after.snapshot is not None
    assert not after.needs_enrichment


def test_the_first_alert_with_three_links() -> None:
    """The oldest one, which comes first; an endless address is no use."""
    links = (
        Link("https://a.example.com/" + "x" * 500, "a"),
        *(Link(f"https://{n}.example.com", str(n)) for n in range(4)),
    )
    alerts = [
        Alert("A1", "Disk is full", "", "triggered", "critical", "db-1", links),
        Alert("A2", "Disk is fuller", "", "triggered", "critical", "db-2"),
    ]

    found = first_alert(alerts)

    assert ("Disk is full", "db-1", ["0", "1", "2"]) == (
        found.summary,
        found.source,
        [link.text for link in found.links],
    )
    assert FirstAlert() == first_alert([])


def test_only_what_is_chosen_of_an_alert_is_kept() -> None:
    """The incident's document holds neither other details nor unsafe images, however many there are."""
    images = tuple(Link(f"{scheme}://{n}.example.com", "x" * 900) for n in range(9) for scheme in ("http", "https"))
    details = {"region": "eu-1", "secret": "hunter2"}
    alerts = [Alert("A1", "Slow", "", "triggered", "critical", "db-1", images=images, raw_details=details)]

    found = first_alert(alerts, None, ["details.region", "details.zone"], images=True)

    assert (("details.region", "eu-1"),) == found.fields
    assert [f"https://{n}.example.com" for n in range(3)] == [image.href for image in found.images]
    assert {500} == {len(image.text) for image in found.images}
    assert ((), ()) == (first_alert(alerts).fields, first_alert(alerts).images)


def test_a_shift_counts_while_it_lasts() -> None:
    """Who is on call when it was assigned need not be when it escalates."""
    entries = [
        shift(1, "alice", None, NOON),
        shift(1, "bob", NOON, None),
        shift(2, "carol"),
    ]

    assert {1: {"alice"}, 2: {"carol"}} == {level: set(on) for level, on in on_call_at(entries, NOON - 1).items()}
    assert {1: {"bob"}, 2: {"carol"}} == {level: set(on) for level, on in on_call_at(entries, NOON).items()}


@pytest.mark.parametrize(
    ("present", "level", "names"),
    [(1, 3, ["Bob", "Carol"]), (3, 0, []), (None, 0, [])],
    ids=["an empty level is passed over", "what follows the last one nobody knows", "not known"],
)
def test_who_is_next(present: int | None, level: int, names: list[str]) -> None:
    """The next level on which somebody is, as far as the present one is certain."""
    on_call = {
        1: {UserId("alice"): "Alice"},
        2: dict[UserId, str](),
        3: {UserId("carol"): "Carol", UserId("bob"): "Bob"},
    }

    found, people = next_level(present, on_call)

    assert (level, names) == (found, [person.name for person in people])
