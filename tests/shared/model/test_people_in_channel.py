"""Who belongs in an incident's channel, and what of it is told once."""

from dataclasses import replace

from bolt_app.read_path.channel_planner import with_own
from shared.model.event import Agent, Ref
from shared.model.event_types import (
    ACKNOWLEDGED,
    ANNOTATED,
    CHANNEL_ASKED,
    CHANNEL_FAILED,
    RESPONDER_REPLIED,
    TRIGGERED,
)
from shared.model.ids import ChannelId, TeamId
from shared.model.incident import Incident, fold
from shared.model.incident_channel import IncidentChannel, demands_since, people_in, with_failure, with_opened
from shared.model.slack_state import SlackState
from tests.builders import ALICE, BOB, INCIDENT, NOON, snapshot, webhook

CAROL, DAN = Agent("PCAROL1", "Carol Wu"), Agent("PDAN001", "Dan Ng")
CHANNEL = ChannelId("C0OWN")
NAMED = (("responder", "Carol Wu"),)


def test_who_joined_belongs_in_it() -> None:
    """Assignees, who acknowledged, who asked for it, and who accepted to help: not who declined or wrote a note."""
    known = Incident(INCIDENT)
    happened = (
        webhook(TRIGGERED, NOON, None),
        webhook(ACKNOWLEDGED, NOON + 1_000, ALICE),
        webhook(ANNOTATED, NOON + 2_000, DAN),
        replace(
            webhook(RESPONDER_REPLIED, NOON + 3_000, CAROL),
            detail="PCAROL1:joined",
            details=(("responder", "Carol Wu"),),
        ),
        replace(webhook(RESPONDER_REPLIED, NOON + 4_000, DAN), detail="PDAN001:declined"),
        webhook(CHANNEL_ASKED, NOON + 5_000, BOB),
    )
    for event in happened:
        known = fold(known, event, NOON).incident
    assert known.snapshot is not None
    known = replace(known, snapshot=replace(known.snapshot, assignees=(Ref("PEVE001", "Eve Li"),)))

    assert {"PEVE001": "Eve Li", ALICE.id: ALICE.name, CAROL.id: CAROL.name, BOB.id: BOB.name} == people_in(known)
    assert {BOB.id: NOON + 5_000} == demands_since(known, NOON)
    assert {} == demands_since(known, NOON + 5_000)


def test_a_line_is_told_once() -> None:
    """For one channel, and for one failure."""
    own = IncidentChannel(INCIDENT, name="inc-37", channel=ChannelId("C0OWN"))
    known = with_opened(Incident(INCIDENT), own, NOON)
    assert known is with_opened(known, own, NOON + 1)

    failed = with_failure(known, "pin:0:0", [("step", "pin")], NOON)
    assert failed is with_failure(failed, "pin:0:0", [("step", "pin")], NOON + 1)
    assert 2 == sum(line.type == CHANNEL_FAILED for line in with_failure(failed, "pin:0:1", [], NOON).lines)


def test_it_shows_its_incident_only_to_the_teams_that_it_was_opened_for() -> None:
    """Of other teams nothing is shown in it, also before it is decided whether another channel takes its place."""
    secret, vault = frozenset({TeamId("PSECRET")}), frozenset({TeamId("PVAULT")})
    shown = replace(snapshot(), teams=(Ref("PSECRET", "Secret"),))
    own = IncidentChannel(INCIDENT, name="inc-37").opened(CHANNEL, shown, private=True)
    state = SlackState(INCIDENT, channels=(ChannelId("C0HOME"),))

    assert (CHANNEL,) == own.named_for(secret)
    assert () == own.named_for(vault)
    assert ("C0HOME", CHANNEL) == with_own(state, own, secret).channels
    assert state == with_own(state, own, vault)
    assert state == with_own(state, own.lost("is_archived"), secret)
