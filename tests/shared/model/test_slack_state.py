"""What is known of an incident's messages, as channels come and go."""

from dataclasses import replace

import pytest

from shared.model.ids import ChannelId, IncidentId, LineKey, MessageTs, UserId
from shared.model.message_state import MessageState
from shared.model.privacy import Privacy
from shared.model.slack_state import SlackState

HOME, DUTY, DEFAULT = ChannelId("C0HOME"), ChannelId("C0DUTY"), ChannelId("C0DEFAULT")
TOLD, BEGUN = LineKey("told"), LineKey("begun")
HERE = MessageState(ts=MessageTs("1.1"), content_digest="words")
SURFACE = SlackState(IncidentId("Q1"), channels=(HOME, DUTY))


def test_another_home_takes_the_place_of_the_first() -> None:
    """The default channel comes first and says for whom it stands in; where there was no card, nothing is left."""
    moved = SURFACE.moved(DEFAULT)

    assert (DEFAULT, DUTY) == moved.channels
    assert HOME == moved.displaced


def test_a_card_that_is_there_stays_when_home_moves() -> None:
    """It is looked after again when its channel opens, as one card among others."""
    moved = SURFACE.with_card(HOME, HERE).moved(DEFAULT)

    assert (DEFAULT, DUTY, HOME) == moved.channels
    assert HERE == moved.cards[HOME]


@pytest.mark.parametrize("placed", [MessageState(begun_ms=1, until_ms=2), MessageState(replaces=MessageTs("1.1"))])
def test_a_card_that_may_stand_at_home_is_not_forgotten(placed: MessageState) -> None:
    """Its post was unclear, or it is to be replaced by another: people may see it, so it is looked after again."""
    assert (DEFAULT, DUTY, HOME) == SURFACE.with_card(HOME, placed).moved(DEFAULT).channels


def test_home_may_move_to_a_channel_that_has_a_card() -> None:
    """No channel is listed twice."""
    assert (DUTY,) == SURFACE.moved(DUTY).channels


def test_lines_are_left_behind_with_their_thread() -> None:
    """Those that were told are not told again; one of which nobody knows whether it was told is not among them."""
    told = replace(SURFACE, lines={TOLD: HERE, BEGUN: MessageState(begun_ms=1, until_ms=2)})

    assert {TOLD} == told.thread_lost().outdated_lines
    assert {TOLD} == told.moved(DEFAULT).outdated_lines
    assert {TOLD} == told.with_card(HOME, HERE).without_card(HOME).outdated_lines


def test_a_card_that_is_gone_is_posted_again() -> None:
    """Nothing is known of it any more."""
    assert MessageState() == SURFACE.with_card(HOME, HERE).without_card(HOME).cards[HOME]


def test_a_closed_channel_waits_until_it_opens() -> None:
    """It stays one of the incident's channels, unless it is given up."""
    closed = SURFACE.closed(DUTY)

    assert {DUTY} == closed.waiting
    assert SURFACE == closed.opened(DUTY)
    assert ((HOME,), frozenset()) == (closed.without(DUTY).channels, closed.without(DUTY).waiting)


def test_what_was_shown_can_be_forgotten() -> None:
    """Cards and lines stay where they are, and may say anything."""
    forgotten = replace(SURFACE.with_card(HOME, HERE), lines={TOLD: HERE}).content_unknown()

    assert [MessageState(ts=HERE.ts)] * 2 == [forgotten.cards[HOME], forgotten.lines[TOLD]]


def test_news_count_once_they_are_shown() -> None:
    """While nobody knows what a message says, it tells of nothing new."""
    assert 5 == SURFACE.with_card(HOME, HERE, of_ms=5).cards[HOME].state_ms
    assert 0 == SURFACE.with_card(HOME, MessageState(ts=HERE.ts), of_ms=5).cards[HOME].state_ms


def test_people_count_as_mentioned_once_the_card_is_posted() -> None:
    """A card that is about to be posted mentions no one yet, and an update of it notifies no one."""
    alice, bob = UserId("PALICE1"), UserId("PBOB001")

    begun = SURFACE.with_card(HOME, MessageState(begun_ms=1, until_ms=2), {alice})
    posted = begun.with_card(HOME, HERE, {alice})

    assert not begun.mentioned
    assert {alice} == posted.mentioned == posted.with_card(HOME, HERE, {alice, bob}).mentioned


def test_home_is_where_more_may_be_told() -> None:
    """Its thread goes on where a route names the channel; what was told elsewhere is not told again."""
    known = replace(SURFACE, lines={TOLD: HERE})

    after = known.withheld(Privacy(frozenset(), frozenset({HOME})))

    assert (DUTY, HOME) == after.channels
    assert {TOLD} == after.outdated_lines
    assert (False, True) == (after.is_shown_in(HOME), after.is_shown_in(DUTY))
    assert known.channels == known.withheld(Privacy(hidden_in=frozenset({HOME, DUTY}))).channels
