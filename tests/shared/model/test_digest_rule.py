"""When incidents of a channel share a card: never the first, never an important one, and until the storm is over."""

from dataclasses import replace
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from shared.model.digest import (
    ALL_CHANNELS,
    FRESH_CARDS,
    WINDOW_MS,
    WRITES_IN_PACE,
    Digest,
    DigestEntry,
    DigestLoad,
    DigestRule,
    count_by_status,
    open_first,
)
from shared.model.event import Ref
from shared.model.event_types import Status
from shared.model.ids import ChannelId, IncidentId, MessageTs
from shared.model.message_state import MessageState
from shared.slack.api.rate_limits import TIER_3
from tests.builders import NOON, snapshot

CHANNEL = IncidentId("C0INCIDENTS")
EMPTY = Digest(CHANNEL)
ABOVE = 3
QUIET, PACE = 180.0, 15.0
QUIET_MS = 180_000
POSTED = MessageState(ts=MessageTs("1.1"), content_digest="d")

arrivals = st.lists(st.tuples(st.integers(0, 2 * WINDOW_MS // 5), st.booleans()), max_size=30)
"""How long after the one before each incident comes, and whether it is of low importance."""


def after(digest: Digest, *gaps_ms: int, low: bool = True, begin: int = 0) -> tuple[Digest, int]:
    """Let incidents come, each so long after the one before; return when the last one came as well."""
    now_ms = NOON
    for number, gap in enumerate(gaps_ms, begin):
        now_ms += gap
        digest = digest.with_arrival(IncidentId(f"Q{number}"), now_ms, ABOVE, low=low)
    return digest, now_ms


@given(arrivals)
def test_a_digest_begins_only_above_the_rate_and_with_one_of_low_importance(comings: list[tuple[int, bool]]) -> None:
    """So the first of any minute have cards, and in a storm of important ones alone there is no digest."""
    digest, now_ms, came = EMPTY, NOON, list[int]()
    for number, (gap, low) in enumerate(comings):
        now_ms += gap
        came.append(now_ms)
        before, digest = digest, digest.with_arrival(IncidentId(f"Q{number}"), now_ms, ABOVE, low=low)
        is_loud = sum(now_ms - ms < WINDOW_MS for ms in came) > ABOVE
        assert digest.is_on is (before.is_on or (is_loud and low))
        assert (digest.loud_ms == now_ms) or not is_loud
        assert len(digest.arrived) <= ABOVE + 1


@given(arrivals, st.integers(0, WINDOW_MS))
def test_an_incident_counts_once(comings: list[tuple[int, bool]], later_ms: int) -> None:
    """One that asks again, because a worker died, changes nothing while it is remembered."""
    digest, now_ms = after(EMPTY, *(gap for gap, _ in comings))
    for incident in digest.arrived:
        assert digest == digest.with_arrival(incident, now_ms + later_ms, ABOVE, low=True)


def test_a_storm_is_over_when_it_was_quiet_for_a_while() -> None:
    """Each incident above the rate prolongs it, those below it do not; a clock that was put back does not either."""
    digest, now_ms = after(EMPTY, 0, 0, 0, 0)
    assert digest.is_on
    assert QUIET == digest.over_in(now_ms, QUIET)
    assert 1 == digest.over_in(now_ms + QUIET_MS - 1000, QUIET)
    assert 0 == digest.over_in(now_ms + QUIET_MS, QUIET)

    quieter = digest.with_arrival(IncidentId("QNEXT"), now_ms + WINDOW_MS, ABOVE, low=True)
    assert 0 == quieter.over_in(now_ms + QUIET_MS, QUIET)
    louder, later_ms = after(digest, 0, 0, 0, 0, begin=10)
    assert QUIET == louder.over_in(later_ms, QUIET)
    assert 0 == digest.over_in(now_ms - 2 * QUIET_MS, QUIET)


def test_what_is_ahead_of_a_clock_that_was_put_back_does_not_count() -> None:
    """Else a channel would have no cards of low importance for as long as the clock was put back."""
    ahead, now_ms = after(EMPTY, 0, 0, 0)

    assert not ahead.with_arrival(IncidentId("QNEXT"), now_ms - 3_600_000, ABOVE, low=True).is_on


def test_an_ended_digest_takes_no_more() -> None:
    """And the next one begins only when it is closed, not at once where the channel did not take its card."""
    digest, now_ms = after(EMPTY, 0, 0, 0, 0)
    ended = digest.ended()
    assert not ended.with_arrival(IncidentId("QNEXT"), now_ms, ABOVE, low=True).is_on
    assert ended.closed().with_arrival(IncidentId("QNEXT"), now_ms, ABOVE, low=True).is_on

    refused = digest.refused(now_ms + QUIET_MS).closed()
    assert not refused.with_arrival(IncidentId("QNEXT"), now_ms + 1, ABOVE, low=True).is_on
    much_later, _ = after(refused, QUIET_MS, 0, 0, 0, begin=10)
    assert much_later.is_on


@given(st.integers(1, 20))
def test_all_digest_cards_are_written_within_half_a_minute(channels: int) -> None:
    """
    Also where all were made within seconds, while always something changes and Slack takes 50 updates a minute.

    With a few of them each is written every 15 seconds at most; with more they leave room for others where they can.
    """
    load, written = DigestLoad(ALL_CHANNELS), dict[str, list[float]]()
    for number in range(channels):
        load = load.with_written(ChannelId(f"C{number}"), NOON + 100 * number)
        written[f"C{number}"] = [number / 10]
    free = 0.0
    for tick in range(40, 4000):
        at = tick / 20
        if at < free:
            continue
        now_ms = NOON + tick * 50
        due = [one for one in written if load.due_in(ChannelId(one), now_ms, PACE) == 0]
        if due:
            first = min(due, key=lambda one: written[one][-1])
            load, free = load.with_written(ChannelId(first), now_ms), at + 60 / TIER_3.per_minute
            written[first].append(at)

    gaps = [later - earlier for times in written.values() for earlier, later in pairwise(times)]
    assert max(gaps) < 2 * PACE
    assert channels > 8 or min(gaps) > PACE - 0.1
    assert channels > 12 or sum(map(len, written.values())) < 200 * TIER_3.per_minute / 60 * 0.7


def test_a_card_that_was_not_written_lately_is_written_at_once() -> None:
    """So is one that is not there yet, and one whose last time is ahead of a clock that was put back."""
    load, home = DigestLoad(ALL_CHANNELS).with_written(ChannelId("C1"), NOON), ChannelId("C1")

    assert PACE == load.due_in(home, NOON, PACE)
    assert PACE - 5 == load.with_written(home, NOON + 5000).due_in(home, NOON + 10_000, PACE)
    assert [0, 0, 0] == [load.due_in(home, NOON + ms, PACE) for ms in (int(PACE * 1000), WINDOW_MS, -1)]
    assert 0 == load.due_in(ChannelId("C2"), NOON, PACE)


@given(st.lists(st.tuples(st.integers(0, 4000), st.integers(0, 5), st.booleans()), min_size=50, max_size=80))
def test_many_in_all_channels_are_a_storm_in_each(comings: list[tuple[int, int, bool]]) -> None:
    """
    More than Slack can keep up to date begin a digest where a channel alone is below its rate, never with its first.

    What matters more has a card in any case: only one of low importance begins a digest.
    """
    load, now_ms = DigestLoad(ALL_CHANNELS), NOON
    digests = {number: Digest(IncidentId(f"C{number}")) for number in range(6)}
    came: list[tuple[int, int]] = []
    for number, (gap, channel, low) in enumerate(comings):
        now_ms += gap
        came.append((now_ms, channel))
        one, before = IncidentId(f"Q{number}"), digests[channel]
        load = load.with_arrival(one, ChannelId(f"C{channel}"), now_ms)
        assert load == load.with_arrival(one, ChannelId(f"C{channel}"), now_ms + 1)
        crowded = load.is_crowded(now_ms)
        digests[channel] = before.with_arrival(one, now_ms, 1000, low=low, crowded=crowded)
        lately = [where for ms, where in came if now_ms - ms < WINDOW_MS]
        assert crowded is (len(lately) > FRESH_CARDS)
        begins = low and crowded and lately.count(channel) > 1
        assert digests[channel].is_on is (before.is_on or begins)


def test_the_room_is_what_slack_takes() -> None:
    """Two updates for each new card; digest cards come to no more than all of them."""
    assert 2 * FRESH_CARDS == TIER_3.per_minute
    assert PACE / WRITES_IN_PACE >= 60 / TIER_3.per_minute


def test_a_card_that_is_found_is_gone_on_with() -> None:
    """If the store knows of none; beside another one it is deleted; its own is known."""
    found = MessageTs("9.9")
    taken_over = EMPTY.with_found(found, NOON - 1, NOON)
    assert (found, NOON - 1) == (taken_over.message.ts, taken_over.begun_ms)
    assert taken_over.is_on
    assert QUIET == taken_over.over_in(NOON, QUIET)
    assert taken_over == taken_over.with_found(found, NOON - 1, NOON + 1)

    own = after(EMPTY, 0, 0, 0, 0)[0].with_message(POSTED)
    assert (POSTED.ts, found) == ((both := own.with_found(found, NOON - 1, NOON)).message.ts, both.message.replaces)


def test_importance_goes_by_the_priority_where_that_is_chosen_and_known() -> None:
    """Else by the urgency."""
    low = replace(snapshot(), urgency="low")
    none, chosen = DigestRule(ABOVE), DigestRule(ABOVE, frozenset({"P4", "PPRIO05"}))

    assert [True, False] == [none.is_low(low), none.is_low(snapshot())]
    assert [False, False] == [chosen.is_low(low), chosen.is_low(snapshot())]
    assert chosen.is_low(replace(snapshot(), priority=Ref("PPRIO04", "P4")))
    assert chosen.is_low(replace(snapshot(), priority=Ref("PPRIO05", "P5")))
    assert [True, False] == [chosen.is_low(replace(each, priority=None)) for each in (low, snapshot())]


@given(st.builds(DigestEntry, st.integers(0), st.sampled_from(Status), st.integers(0)))
def test_an_entry_is_read_as_it_was_written(entry: DigestEntry) -> None:
    """All of it."""
    assert entry == DigestEntry.read(entry.written())


def test_the_first_on_the_card_are_those_that_nobody_has_acknowledged_the_newest_first() -> None:
    """Those that are resolved are only counted."""
    stand = [("triggered", 1), ("acknowledged", 4), ("resolved", 5), ("triggered", 3)]
    entries = {IncidentId(f"Q{at}"): DigestEntry(NOON, Status(status), at) for status, at in stand}

    assert ["Q3", "Q1", "Q4"] == open_first(entries)
    assert {"triggered": 2, "acknowledged": 1, "resolved": 1} == count_by_status(entries)
