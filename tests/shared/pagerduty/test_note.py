"""What PagerDuty tells of notes, status updates and requests for responders."""

from shared.model.event import Instant
from shared.pagerduty.models import note as note_model
from tests.shared.pagerduty.responses import EPOCH_MS, note, reference, responder_request, status_update


def test_a_note() -> None:
    """A note has its words, who wrote it, and when."""
    read = note_model.parse_note({"note": note(content="Looking at it \u2026")})
    assert (read.id, read.content, read.created) == ("PNOTE01", "Looking at it …", Instant(EPOCH_MS, 1000))
    assert read.user is not None
    assert read.user.id == "PALICE1"


def test_all_notes() -> None:
    """Notes made by a rule, by nobody, or edited later are notes as well."""
    rule = reference("PRULE01", "bot_user", "A Global Event Rule")
    listed = [note(user=rule), note(user=None), note(updated_at="2023-11-14T22:13:25Z")]
    by_rule, by_nobody, edited = note_model.parse_notes({"notes": listed})
    assert by_rule.user is not None
    assert by_rule.user.name == "A Global Event Rule"
    assert by_nobody.user is None
    assert edited.updated == Instant(EPOCH_MS + 5_000, 1000)
    assert note_model.parse_notes({"notes": []}) == ()


def test_a_status_update() -> None:
    """A status update has an id, by which its webhook is known again."""
    read = note_model.parse_status_update({"status_update": status_update()})
    assert (read.id, read.message, read.created) == ("PUPD001", "We are on it", Instant(EPOCH_MS, 1000))


def test_who_was_asked() -> None:
    """A request shows everybody whom it asked, through whichever target."""
    read = note_model.parse_responder_request({"responder_request": responder_request()})
    assert [(one.user.name, one.state) for one in read.responders] == [("Bob Ray", "pending")]
    assert read.requester is not None
    assert read.requester.id == "PALICE1"
    assert read.requested == Instant(EPOCH_MS, 1000)
