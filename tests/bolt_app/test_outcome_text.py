"""What a clicker reads in the end: true, with the next step, for every outcome of every action."""

from dataclasses import replace

import pytest

from bolt_app.replies.outcome_text import (
    Part,
    late_success_reply,
    outcome_reply,
    sending_reply,
    several_reply,
    still_trying_reply,
    summary_reply,
)
from bolt_app.write_path.actions.base import expired
from pagebridge_sandbox.slack.validation import check_blocks
from shared.model.actions import SPECS, Action
from shared.model.command import ActionParams, Command, SlackActor, split
from shared.model.event import Ref
from shared.model.event_types import Status
from shared.model.ids import ChannelId, CommandId, SlackUserId
from shared.model.outcome import Choice, Kind, Outcome
from tests.builders import INCIDENT, NOON

URL = "https://acme.pagerduty.com/incidents/Q1INCIDENT"
IT = "incident #37"


NOTHING = ActionParams()


def command(action: Action = Action.ACKNOWLEDGE, terms: ActionParams = NOTHING) -> Command:
    """Make Alice's click on the card of #37."""
    alice = SlackActor(SlackUserId("U0ALICE"), "T0ACME")
    return Command(CommandId("c1"), action, INCIDENT, alice, ChannelId("C0"), None, "", "#37", params=terms)


@pytest.mark.parametrize("kind", list(Kind))
@pytest.mark.parametrize("action", list(Action))
def test_only_a_confirmed_act_is_called_done(kind: Kind, action: Action) -> None:
    """Whatever else happened, nothing but PagerDuty's word makes it done."""
    reply = outcome_reply(
        command(action), Outcome(kind, why="Because.", next_step="Do this", actor="Bob", at_ms=NOON), URL
    )

    assert (kind is Kind.DONE) == (SPECS[action].words.done.format(it=IT) in reply.text)
    assert reply.text[0].isalnum() or reply.text[0] == ":"


@pytest.mark.parametrize("kind", [Kind.EXPIRED, Kind.NOT_STORED, Kind.UNKNOWN])
@pytest.mark.parametrize("action", list(Action))
def test_a_failure_can_be_tried_again(kind: Kind, action: Action) -> None:
    """Where a retry makes sense there is a button for it, a link to PagerDuty, and a reference to quote."""
    reply = outcome_reply(command(action), Outcome(kind, why="PagerDuty is down.", reference="ABCD2345"), URL)

    assert "Try again" in str(reply.blocks)
    assert URL in reply.text
    assert "ABCD2345" in reply.text


@pytest.mark.parametrize(("action", "asks"), [(Action.NOTE, True), (Action.RESOLVE, False), (Action.ESCALATE, True)])
def test_what_may_happen_twice_asks_first(action: Action, *, asks: bool) -> None:
    """Trying again what may have gone through is confirmed when it would notify or add a second time."""
    reply = outcome_reply(command(action), Outcome(Kind.UNKNOWN), URL)

    assert asks == ("may do it twice" in str(reply.blocks))


def test_a_text_that_was_not_sent_is_given_back() -> None:
    """Nobody has to write their note a second time."""
    reply = outcome_reply(
        command(Action.NOTE, ActionParams(text="Rolled back\nto 1.4 <b>")), Outcome(Kind.EXPIRED), URL
    )

    assert "> Rolled back\n> to 1.4 &lt;b&gt;" in reply.text


def test_a_stale_click_says_who_was_first() -> None:
    """Acknowledging a resolved incident would open it again, so it says who resolved it and when."""
    reply = outcome_reply(command(), Outcome(Kind.STALE, actor="Bob Ng", at_ms=NOON, status=Status.RESOLVED), URL)

    assert "Bob Ng resolved it" in reply.text
    assert "would reopen it" in reply.text


def test_a_reopening_offers_to_resolve() -> None:
    """An acknowledge that undid a resolve is told, with the button that mends it; nothing mends it by itself."""
    reply = outcome_reply(command(), Outcome(Kind.REOPENED, actor="Bob Ng", at_ms=NOON), URL)

    assert "reopened incident #37" in reply.text
    assert "pagebridge:resolve" in str(reply.blocks)


def test_an_unknown_level_is_offered_as_a_choice() -> None:
    """Each level of the policy is a button with the people on call there."""
    choices = (Choice(1, ("Alice Ng",)), Choice(2, ()))
    reply = outcome_reply(command(Action.ESCALATE), Outcome(Kind.CHOOSE, choices=choices), URL)

    assert "Nothing was sent yet" in reply.text
    assert ["Level 1: Alice Ng", "Level 2: nobody on call"] == [e["text"]["text"] for e in reply.blocks[1]["elements"]]


def test_parts_are_reported_each() -> None:
    """Of several responders each is named with what became of them, and trying again is about the rest."""
    people = (Ref("P1", "Bob"), Ref("P2", "Carol"), Ref("P3", "Dave"))
    kinds = (Kind.DONE, Kind.UNKNOWN, Kind.REFUSED)
    parts = split(command(Action.ADD_RESPONDERS, ActionParams(people=people)))
    outcomes = (Outcome(kind, why="No.", reference="R1") for kind in kinds)

    reply = summary_reply([Part(part, outcome) for part, outcome in zip(parts, outcomes, strict=True)], URL)

    assert "Bob: asked" in reply.text
    assert "Carol: *unknown*" in reply.text
    assert "Dave: *NOT asked*. No." in reply.text
    assert "c1 Q1INCIDENT" in str(reply.blocks)


def test_while_it_lasts_nothing_is_claimed() -> None:
    """On its way, not yet, unclear: none of them says acknowledged without a NOT."""
    assert "on its way" in sending_reply(command()).text
    assert "is NOT acknowledged yet" in still_trying_reply(command(), URL, unclear=False).text
    assert "may or may not have gone through" in still_trying_reply(command(), URL, unclear=True).text
    assert "went through after all" in late_success_reply(command()).text


@pytest.mark.parametrize("action", [action for action in Action if not SPECS[action].request])
def test_what_only_the_bridge_notes_does_not_blame_pagerduty(action: Action) -> None:
    """It is sent nothing: what failed may as well be Slack or the bridge's own database."""
    noted = command(action)
    late = expired(action, sent="PagerDuty", noted="It couldn't be recorded in time.")
    told = [
        sending_reply(noted).text,
        still_trying_reply(noted, "", unclear=False).text,
        *(outcome_reply(noted, each, "").text for each in (late, Outcome(Kind.UNKNOWN), Outcome(Kind.NOT_STORED))),
    ]

    assert [] == [words for words in told if "PagerDuty" in words]


def test_an_incident_without_a_number_is_named_all_the_same() -> None:
    """A card that did not know the number still gets a sentence."""
    assert "the incident" in sending_reply(replace(command(), label="")).text


def test_names_from_outside_are_escaped() -> None:
    """Nobody can mention a channel by their name in PagerDuty."""
    reply = outcome_reply(command(), Outcome(Kind.ALREADY, actor="<!channel>"), URL)

    assert "<!channel>" not in reply.text


def test_a_summary_of_fifty_failures_fits() -> None:
    """Slack takes it, it names every incident, and one button tries all of them again."""
    named = tuple(Ref(f"Q{at:013}", f"#{1000 + at}") for at in range(50))
    whole = command(terms=ActionParams(incidents=named))
    why = "It couldn't be sent to PagerDuty in time, so nothing was changed."
    failed = Outcome(Kind.EXPIRED, why=why, reference="K7QM2XR4")

    reply = several_reply([Part(part, failed) for part in split(whole)])

    assert [] == check_blocks(list(reply.blocks))
    assert all(f"incident {one.name} " in reply.text.casefold() for one in named)
    assert all(one.id in reply.blocks[-1]["elements"][0]["value"] for one in named)
