"""What a clicker reads in the end: true, with the next step, for every outcome."""

import pytest

from bolt_app.replies import after_all, final, not_yet, on_its_way
from shared.model.command import Action, Clicker, Command
from shared.model.event import Status
from shared.model.ids import ChannelId, CommandId, SlackUserId
from shared.model.outcome import Kind, Outcome
from tests.builders import INCIDENT, NOON

URL = "https://acme.pagerduty.com/incidents/Q1INCIDENT"


def command(action: Action = Action.ACKNOWLEDGE) -> Command:
    """Make Alice's click on the card of #37."""
    alice = Clicker(SlackUserId("U0ALICE"), "T0ACME")
    return Command(CommandId("c1"), action, INCIDENT, alice, ChannelId("C0"), None, "", "#37")


@pytest.mark.parametrize("kind", list(Kind))
@pytest.mark.parametrize("action", list(Action))
def test_every_outcome_has_words(kind: Kind, action: Action) -> None:
    """Only a confirmed act is called done, whatever else happened."""
    reply = final(command(action), Outcome(kind, why="Because.", next_step="Do this", who="Bob", at_ms=NOON), URL)

    done = {Action.ACKNOWLEDGE: "is acknowledged, in your name", Action.RESOLVE: "is resolved, in your name"}[action]
    assert "#37" in reply.text
    assert (kind is Kind.DONE) == (done in reply.text)


@pytest.mark.parametrize("kind", [Kind.EXPIRED, Kind.NOT_STORED, Kind.UNKNOWN])
def test_a_failure_can_be_tried_again(kind: Kind) -> None:
    """Where a retry makes sense there is a button for it, a link to PagerDuty, and a reference to quote."""
    reply = final(command(), Outcome(kind, why="PagerDuty is down.", reference="ABCD2345"), URL)

    assert "Try again" in str(reply.blocks)
    assert URL in reply.text
    assert "ABCD2345" in reply.text


def test_a_stale_click_says_who_was_first() -> None:
    """Acknowledging a resolved incident would open it again, so it says who resolved it and when."""
    reply = final(command(), Outcome(Kind.STALE, who="Bob Ng", at_ms=NOON, status=Status.RESOLVED), URL)

    assert "resolved by Bob Ng" in reply.text
    assert "would open it again" in reply.text


def test_a_reopening_offers_to_resolve() -> None:
    """An acknowledge that undid a resolve is told, with the button that mends it; nothing mends it by itself."""
    reply = final(command(), Outcome(Kind.REOPENED, who="Bob Ng", at_ms=NOON), URL)

    assert "opened Incident #37 again" in reply.text
    assert "pagebridge:resolve" in str(reply.blocks)


def test_while_it_lasts_nothing_is_claimed() -> None:
    """On its way, not yet, unclear: none of them says acknowledged without a NOT."""
    assert "on its way" in on_its_way(command()).text
    assert "is NOT acknowledged yet*, escalation continues" in not_yet(command(), URL, unclear=False).text
    assert "may or may not have gone through" in not_yet(command(), URL, unclear=True).text


def test_an_outcome_that_turned_out_later() -> None:
    """The echo settled what nobody knew."""
    assert "went through after all" in after_all(command()).text


def test_names_from_outside_are_escaped() -> None:
    """Nobody can mention a channel by their name in PagerDuty."""
    reply = final(command(), Outcome(Kind.ALREADY, who="<!channel>"), URL)

    assert "<!channel>" not in reply.text
