"""The fold, case by case."""

from dataclasses import replace
from itertools import permutations

import pytest

from shared.model.actions import Action
from shared.model.command import KEPT, Attempt, AttemptState, Command, CommandRecord, Expectation, SlackActor
from shared.model.event import Event, Instant, Source, StatusChange
from shared.model.event_types import ACKNOWLEDGED, REOPENED, RESOLVED, TRIGGERED, UNACKNOWLEDGED, Status
from shared.model.ids import ChannelId, CommandId, EventId, SlackUserId
from shared.model.incident import AHEAD_MS, LAG_MS, OLD_MS, FoldResult, Incident, fold, fold_read, is_over, settle
from shared.model.outcome import Kind, Outcome
from tests.builders import ALICE, BOB, INCIDENT, NOON, answer, expectation, snapshot, webhook


def folded(*events: Event, start: Incident | None = None) -> Incident:
    """Fold events one after the other."""
    incident = start or Incident(INCIDENT)
    for event in events:
        incident = fold(incident, event, NOON).incident
    return incident


def test_an_older_snapshot_never_overwrites() -> None:
    """A late `triggered` leaves the state alone, and its line is recorded at its own time."""
    late = fold(folded(webhook(RESOLVED, NOON + 9000)), webhook(TRIGGERED, NOON), NOON)

    assert Status.RESOLVED is late.incident.status
    assert [TRIGGERED, RESOLVED] == [line.type for line in late.incident.lines]
    assert FoldResult.STALE is late.result


def test_the_same_event_again_is_a_duplicate() -> None:
    """An event id that is known changes nothing."""
    incident = folded(webhook(TRIGGERED, NOON))

    again = fold(incident, webhook(TRIGGERED, NOON), NOON)

    assert incident == again.incident
    assert FoldResult.DUPLICATE is again.result


def test_equal_milliseconds_with_different_contents_ask_for_a_read() -> None:
    """Two events of one millisecond that disagree are a tie, whichever comes first."""
    one = webhook(ACKNOWLEDGED, NOON, event_id="A")
    two = webhook(RESOLVED, NOON, event_id="B")

    assert folded(one, two).needs_read
    assert folded(two, one).needs_read
    assert folded(one, two).status is folded(two, one).status


def test_the_same_second_across_two_precisions_is_a_tie() -> None:
    """An answer of the same second that disagrees asks for a read; meanwhile the webhook stands."""
    incident = folded(webhook(RESOLVED, NOON + 700, BOB), answer(ACKNOWLEDGED, NOON, "c1"))

    assert incident.needs_read
    assert Status.RESOLVED is incident.status


def test_the_same_second_with_the_same_contents_is_no_tie() -> None:
    """The answer to our own call and its webhook agree, so nobody is asked."""
    assert not folded(webhook(ACKNOWLEDGED, NOON + 700), answer(ACKNOWLEDGED, NOON, "c1")).needs_read


def test_a_webhook_just_after_the_second_of_a_read_is_a_tie() -> None:
    """PagerDuty takes the time that it cuts to seconds a moment sooner, so the read may show what came after it."""
    known = settle(Incident(INCIDENT), snapshot(Status.ACKNOWLEDGED), Instant(NOON, 1000))

    assert folded(webhook(REOPENED, NOON + 1017), start=known).needs_read
    assert not folded(webhook(ACKNOWLEDGED, NOON + 1017), start=known).needs_read
    assert not folded(webhook(REOPENED, NOON + 1200), start=known).needs_read
    assert not folded(webhook(REOPENED, NOON + 1017), start=folded(webhook(ACKNOWLEDGED, NOON + 999))).needs_read


def test_a_newer_snapshot_ends_a_tie() -> None:
    """What came surely later decides, without a read."""
    tie = folded(webhook(ACKNOWLEDGED, NOON, event_id="A"), webhook(RESOLVED, NOON, event_id="B"))

    assert not folded(webhook(REOPENED, NOON + 5000), start=tie).needs_read


def test_a_read_settles_a_tie() -> None:
    """What PagerDuty says now stands, and a webhook of the same second asks again instead of overwriting it."""
    tie = folded(webhook(ACKNOWLEDGED, NOON, event_id="A"), webhook(RESOLVED, NOON, event_id="B"))

    settled = settle(tie, snapshot(Status.ACKNOWLEDGED), Instant(NOON, 1000))

    assert Status.ACKNOWLEDGED is settled.status
    assert not settled.needs_read
    assert folded(webhook(RESOLVED, NOON + 300, event_id="C"), start=settled).needs_read


def test_a_read_older_than_what_is_known_settles_nothing() -> None:
    """A lagging replica at PagerDuty does not turn the card back."""
    tie = folded(webhook(ACKNOWLEDGED, NOON, event_id="A"), webhook(RESOLVED, NOON, event_id="B"))

    assert tie == settle(tie, snapshot(Status.TRIGGERED), Instant(NOON - 5000, 1000))


def test_an_event_without_a_snapshot_for_an_unknown_incident_asks_for_a_read() -> None:
    """A note on an incident that nobody has seen makes the bridge read it."""
    note = Event(EventId("N"), "incident.annotated", INCIDENT, Source.WEBHOOK, Instant(NOON), ALICE)

    assert folded(note).needs_read
    assert not folded(webhook(TRIGGERED, NOON), note).needs_read


def test_a_read_alone_announces_nothing() -> None:
    """What a guard read shows becomes the state and opens no line."""
    read = Event(
        EventId("R"), "read", INCIDENT, Source.READ, Instant(NOON, 1000), snapshot=snapshot(Status.ACKNOWLEDGED)
    )

    incident = fold_read(Incident(INCIDENT), read)

    assert Status.ACKNOWLEDGED is incident.status
    assert () == incident.lines


def test_an_answer_that_proves_nothing_announces_nothing() -> None:
    """A 200 that may have changed nothing folds silently."""
    incident = folded(answer(ACKNOWLEDGED, NOON, "c1", proven=False))

    assert Status.ACKNOWLEDGED is incident.status
    assert () == incident.lines


def test_an_answer_never_speaks_beside_an_outside_act_of_the_same_second() -> None:
    """Alice acknowledged in PagerDuty; a PUT of hers that changed nothing answers 200: one line."""
    outside = webhook(ACKNOWLEDGED, NOON + 300)
    start = replace(folded(outside), expectations=(expectation(ACKNOWLEDGED, NOON, "c1"),))

    assert 1 == len(folded(answer(ACKNOWLEDGED, NOON, "c1"), start=start).lines)


def test_a_second_match_from_the_same_source_is_an_outside_act() -> None:
    """One expectation explains one webhook; the next like it has a line of its own."""
    start = replace(Incident(INCIDENT), expectations=(expectation(ACKNOWLEDGED, NOON, "c1"),))

    incident = folded(webhook(ACKNOWLEDGED, NOON + 10), webhook(ACKNOWLEDGED, NOON + 400), start=start)

    assert ["c1", None] == [line.command for line in incident.lines]


def test_an_answer_narrows_the_window() -> None:
    """Once PagerDuty has said when it happened, a like act much later is somebody's own."""
    narrowed = expectation(ACKNOWLEDGED, NOON, "c1").narrowed(Instant(NOON, 1000))
    start = replace(Incident(INCIDENT), expectations=(narrowed,))

    assert folded(webhook(ACKNOWLEDGED, NOON + 1900), start=start).lines[0].command == "c1"
    assert folded(webhook(ACKNOWLEDGED, NOON + 5000), start=start).lines[0].command is None


def test_of_two_commands_that_fit_the_narrower_window_decides_then_the_older() -> None:
    """A command whose time PagerDuty has given goes before one that may still land, however long that has waited."""
    unclear = expectation(ACKNOWLEDGED, NOON, "c1")
    narrowed = replace(expectation(ACKNOWLEDGED, NOON, "c2").narrowed(Instant(NOON, 1000)), noted_ms=NOON + 1)
    later = replace(expectation(ACKNOWLEDGED, NOON, "c3"), noted_ms=NOON + 1)

    def caused(*expected: Expectation) -> str | None:
        start = replace(Incident(INCIDENT), expectations=expected)
        return folded(webhook(ACKNOWLEDGED, NOON + 10), start=start).lines[0].command

    assert "c2" == caused(unclear, narrowed) == caused(narrowed, unclear)
    assert "c1" == caused(unclear, later) == caused(later, unclear)


def test_somebody_elses_act_is_never_our_echo() -> None:
    """Type, time and state fit, the agent does not."""
    start = replace(Incident(INCIDENT), expectations=(expectation(ACKNOWLEDGED, NOON, "c1"),))

    assert folded(webhook(ACKNOWLEDGED, NOON + 10, BOB), start=start).lines[0].command is None


def acknowledged() -> CommandRecord:
    """Make the record of Alice's acknowledge, which ended as it should."""
    command = Command(
        CommandId("c1"),
        Action.ACKNOWLEDGE,
        INCIDENT,
        SlackActor(SlackUserId("U0ALICE"), "T0ACME"),
        ChannelId("C0"),
        None,
        "",
    )
    return CommandRecord(command, NOON, outcome=Outcome(Kind.DONE), ended_ms=NOON)


def test_an_acknowledge_that_undid_a_resolve_is_found() -> None:
    """Bob resolved between the guard's read and Alice's acknowledge: whose resolve it was is known afterwards."""
    start = replace(Incident(INCIDENT), expectations=(expectation(ACKNOWLEDGED, NOON, "c1"),))

    incident = folded(webhook(ACKNOWLEDGED, NOON + 900), webhook(RESOLVED, NOON + 500, BOB), start=start)

    assert Outcome(Kind.REOPENED, actor=BOB.name, at_ms=NOON + 500) == incident.late_outcome(acknowledged())


def test_a_resolve_that_the_guard_has_read_is_not_what_an_acknowledge_undid() -> None:
    """It was known to be open when its person was let through: what was resolved before that had been reopened."""
    asked = replace(expectation(ACKNOWLEDGED, NOON, "c1"), read_ms=NOON + 501)
    start = replace(Incident(INCIDENT), expectations=(asked,))

    incident = folded(webhook(ACKNOWLEDGED, NOON + 900), webhook(RESOLVED, NOON + 500, BOB), start=start)

    assert incident.late_outcome(acknowledged()) is None


def test_the_reopening_that_our_acknowledge_caused_is_ours() -> None:
    """PagerDuty reports the reopening as well; it is not announced as an act in PagerDuty."""
    start = replace(Incident(INCIDENT), expectations=(expectation(ACKNOWLEDGED, NOON, "c1"),))

    incident = folded(webhook(REOPENED, NOON + 890), webhook(ACKNOWLEDGED, NOON + 900), start=start)

    assert {"c1"} == {line.command for line in incident.lines}
    assert 2 == len(incident.lines)


def test_a_failed_attempt_is_shown_until_the_incident_moves_on() -> None:
    """The next transition takes the notice away; an event that changes nothing leaves it."""
    failed = Attempt(CommandId("c1"), Action.ACKNOWLEDGE, SlackUserId("U0ALICE"), AttemptState.FAILED, NOON)
    start = replace(folded(webhook(TRIGGERED, NOON)), attempts=(failed,))

    assert (failed,) == folded(webhook("incident.annotated", NOON + 5), start=start).attempts
    assert () == folded(webhook(ACKNOWLEDGED, NOON + 10, BOB), start=start).attempts


def test_what_no_delivery_can_refer_to_is_forgotten() -> None:
    """Events and expectations older than any retry of PagerDuty are dropped."""
    start = replace(folded(webhook(TRIGGERED, NOON)), expectations=(expectation(ACKNOWLEDGED, NOON, "c1"),))

    later = fold(start, webhook(RESOLVED, NOON + KEPT + 10), NOON + KEPT + 10).incident

    assert () == later.expectations
    assert 1 == len(later.seen_events)


def test_a_missing_transition_is_not_replaced_by_an_older_one() -> None:
    """Bob's acknowledge never reached us, another event shows the state: the card does not name Alice for it."""
    escalated = replace(webhook("incident.escalated", NOON + 9000, BOB), snapshot=snapshot(Status.ACKNOWLEDGED))

    incident = folded(webhook(ACKNOWLEDGED, NOON), webhook(UNACKNOWLEDGED, NOON + 5000, None), escalated)

    assert Status.ACKNOWLEDGED is incident.status
    assert incident.last_change() is None


def test_who_changed_an_older_status_is_forgotten_with_it() -> None:
    """REST named Alice for the acknowledge; nobody is named for the resolve that some other event shows."""
    known = replace(folded(webhook(ACKNOWLEDGED, NOON)), status_change=StatusChange(ALICE, Instant(NOON, 1000)))
    moved = replace(webhook("incident.priority_updated", NOON + 9000, BOB), snapshot=snapshot(Status.RESOLVED))

    assert folded(moved, start=known).status_change is None


def test_a_late_older_webhook_does_not_beat_a_settled_read() -> None:
    """After the read, a webhook from before the one that it settled changes nothing on the card; PagerDuty is asked."""
    tie = replace(folded(webhook(TRIGGERED, NOON - 9000), webhook(ACKNOWLEDGED, NOON + 100)), needs_read=True)
    settled = settle(tie, snapshot(Status.RESOLVED), Instant(NOON, 1000))

    late = folded(webhook(UNACKNOWLEDGED, NOON + 50, BOB), start=settled)

    assert Status.RESOLVED is late.status
    assert late.needs_read


def test_a_resolve_that_was_reopened_before_is_not_what_an_acknowledge_undid() -> None:
    """Resolved and reopened by Bob in the very second of the guard's read: Alice's acknowledge undid nothing."""
    start = replace(Incident(INCIDENT), expectations=(expectation(ACKNOWLEDGED, NOON, "c1"),))

    incident = folded(
        webhook(RESOLVED, NOON + 100, BOB),
        webhook(REOPENED, NOON + 400, BOB),
        webhook(ACKNOWLEDGED, NOON + 900),
        start=start,
    )

    assert incident.late_outcome(acknowledged()) is None


def test_the_reopening_at_the_turn_of_a_second_does_not_take_the_card_back() -> None:
    """PagerDuty takes the time that it cuts to seconds a moment sooner: its answer seems older than the reopening."""
    start = replace(folded(webhook(TRIGGERED, NOON)), expectations=(expectation(ACKNOWLEDGED, NOON + 1000, "c1"),))

    answered = folded(answer(ACKNOWLEDGED, NOON + 1000, "c1"), start=start)
    incident = folded(webhook(REOPENED, NOON + 2016), start=answered)

    assert incident.status is Status.ACKNOWLEDGED
    assert ["c1", "c1"] == [line.command for line in incident.lines if line.type != TRIGGERED]


def test_later_reopenings_by_the_same_person_have_their_own_lines() -> None:
    """One reopening can be a side effect of an acknowledge; the next by the same person is an act of theirs."""
    start = replace(Incident(INCIDENT), expectations=(expectation(ACKNOWLEDGED, NOON, "c1"),))

    incident = folded(
        webhook(REOPENED, NOON + 400),
        webhook(ACKNOWLEDGED, NOON + 500),
        webhook(RESOLVED, NOON + 5000, BOB),
        webhook(REOPENED, NOON + 9000),
        start=start,
    )

    assert ["c1", "c1", None, None] == [line.command for line in incident.lines]


def test_a_reopening_from_before_the_guards_read_is_an_act_of_its_own() -> None:
    """Alice reopened it in PagerDuty, and acknowledged it from Slack in the next second: two acts in two places."""
    reopened = webhook(REOPENED, NOON + 900)
    logged = replace(reopened, id=EventId("log:R1"), source=Source.LOG, at=Instant(NOON, 1000), snapshot=None)
    narrowed = expectation(ACKNOWLEDGED, NOON + 1000, "c1").narrowed(Instant(NOON + 1000, 1000))
    start = replace(Incident(INCIDENT), expectations=(narrowed,))

    incident = folded(webhook(ACKNOWLEDGED, NOON + 1900), reopened, logged, start=start)

    assert [(REOPENED, None), (ACKNOWLEDGED, "c1")] == [(line.type, line.command) for line in incident.lines]


def test_a_reopening_after_our_acknowledge_is_an_act_of_its_own() -> None:
    """Alice acknowledged it from Slack, Bob resolved it, Alice reopened it in PagerDuty, all in one second."""
    start = replace(Incident(INCIDENT), expectations=(expectation(ACKNOWLEDGED, NOON, "c1"),))

    incident = folded(
        webhook(ACKNOWLEDGED, NOON + 200),
        webhook(RESOLVED, NOON + 400, BOB),
        webhook(REOPENED, NOON + 600),
        start=start,
    )

    assert ["c1", None, None] == [line.command for line in incident.lines]


def test_a_reopening_long_before_our_acknowledge_is_an_act_of_its_own() -> None:
    """Alice reopened it in PagerDuty in the second of the guard's read, and her acknowledge came a second later."""
    start = replace(Incident(INCIDENT), expectations=(expectation(ACKNOWLEDGED, NOON, "c1"),))

    incident = folded(webhook(ACKNOWLEDGED, NOON + 1700), webhook(REOPENED, NOON + 600), start=start)

    assert [None, "c1"] == [line.command for line in incident.lines]


def test_a_reopening_that_is_told_already_is_not_told_again_as_a_side_of_the_acknowledge() -> None:
    """The log's entry, which has only the second, finds the line that the webhook opened."""
    reopened = webhook(REOPENED, NOON + 900)
    logged = replace(reopened, id=EventId("log:R1"), source=Source.LOG, at=Instant(NOON, 1000), snapshot=None)
    start = replace(folded(reopened), expectations=(expectation(ACKNOWLEDGED, NOON, "c1"),))

    incident = folded(webhook(ACKNOWLEDGED, NOON + 990), logged, start=start)

    assert [(REOPENED, None), (ACKNOWLEDGED, "c1")] == [(line.type, line.command) for line in incident.lines]


def test_what_an_answer_told_nothing_new_about_is_not_told_by_the_log_either() -> None:
    """Alice resolved it in PagerDuty just before her click, whose call changed nothing: one line."""
    start = replace(folded(webhook(RESOLVED, NOON + 600)), expectations=(expectation(RESOLVED, NOON + 700, "c1"),))
    logged = Event(
        EventId("log:R1"), RESOLVED, INCIDENT, Source.LOG, Instant(NOON, 1000), ALICE, snapshot(Status.RESOLVED)
    )

    incident = folded(answer(RESOLVED, NOON, "c1"), logged, start=start)

    assert [RESOLVED] == [line.type for line in incident.lines]


def test_an_answer_cut_to_the_second_before_never_speaks_beside_an_outside_act() -> None:
    """PagerDuty takes the time of its answer a moment before that of the webhook, which may be the second before."""
    outside = webhook(ACKNOWLEDGED, NOON + 1013)
    start = replace(folded(outside), expectations=(expectation(ACKNOWLEDGED, NOON, "c1"),))

    assert 1 == len(folded(answer(ACKNOWLEDGED, NOON, "c1"), start=start).lines)


def test_the_log_tells_of_the_outside_act_before_a_late_call_of_ours() -> None:
    """Alice acknowledged in PagerDuty, it ran out, and her call from Slack landed later: two lines, no third."""
    outside, ours = webhook(ACKNOWLEDGED, NOON + 229), webhook(ACKNOWLEDGED, NOON + 8247)
    logged = [
        replace(one, id=EventId(f"log:{one.id}"), source=Source.LOG, at=Instant(one.at.ms // 1000 * 1000, 1000))
        for one in (outside, ours)
    ]
    start = replace(folded(outside), expectations=(expectation(ACKNOWLEDGED, NOON, "c1"),))

    for events in permutations([ours, *logged]):
        lines = folded(*events, start=start).lines
        assert [(NOON + 229, None), (NOON + 8247, "c1")] == [(line.at.ms, line.command) for line in lines]


def test_what_a_second_try_did_has_a_line_beside_what_was_taken_for_the_first() -> None:
    """Alice had acknowledged in PagerDuty, so her call changed nothing; that ran out, and the call was repeated."""
    outside, ours = webhook(ACKNOWLEDGED, NOON + 265), webhook(ACKNOWLEDGED, NOON + 2631)
    logged = [
        replace(one, id=EventId(f"log:{one.id}"), source=Source.LOG, at=Instant(one.at.ms // 1000 * 1000, 1000))
        for one in (outside, ours)
    ]
    taken = folded(outside, start=replace(Incident(INCIDENT), expectations=(expectation(ACKNOWLEDGED, NOON, "c1"),)))
    start = replace(taken, expectations=(expectation(ACKNOWLEDGED, NOON + 1000, "c1"),))

    for events in permutations([ours, answer(ACKNOWLEDGED, NOON + 2000, "c1"), *logged]):
        lines = folded(*events, start=start).lines
        assert 2 == len(lines)
        assert 2 == len({line.key for line in lines})


def test_an_entry_that_goes_to_a_commands_line_is_no_other_acts() -> None:
    """Alice acknowledged from Slack, in PagerDuty in the same second, and from Slack in the next: three lines."""
    acts = [webhook(ACKNOWLEDGED, NOON + at) for at in (74, 981, 1696)]
    logged = [
        replace(one, id=EventId(f"log:{one.id}"), source=Source.LOG, at=Instant(one.at.ms // 1000 * 1000, 1000))
        for one in acts
    ]
    start = replace(Incident(INCIDENT), expectations=(expectation(ACKNOWLEDGED, NOON, "c1"),))
    first = folded(answer(ACKNOWLEDGED, NOON, "c1"), *acts[:2], start=start)
    second = replace(first, expectations=(*first.expectations, expectation(ACKNOWLEDGED, NOON + 1000, "c2")))

    incident = folded(answer(ACKNOWLEDGED, NOON + 1000, "c2"), acts[2], *logged, start=second)

    assert ["c1", None, "c2"] == [line.command for line in incident.lines]


YEARS = 100 * 365 * 24 * 3600 * 1000


@pytest.mark.parametrize("ahead_ms", [AHEAD_MS + 1, YEARS])
def test_an_event_of_the_future_asks_for_a_read_only(ahead_ms: int) -> None:
    """It is no news, neither for the state nor for the thread, whatever it tells of."""
    known = folded(webhook(TRIGGERED, NOON))

    after = fold(known, webhook(RESOLVED, NOON + ahead_ms), NOON, NOON)

    assert FoldResult.IMPOSSIBLE is after.result
    assert (known.snapshot, known.as_of, known.lines) == (
        after.incident.snapshot,
        after.incident.as_of,
        after.incident.lines,
    )
    assert after.incident.needs_read
    later = NOON + ahead_ms
    assert FoldResult.NEWS is fold(after.incident, webhook(RESOLVED, later), later, later).result


def test_an_event_is_of_the_future_by_pagerdutys_time() -> None:
    """A store whose clock is an hour slow makes no event one of the future; without PagerDuty's time none is."""
    event = webhook(TRIGGERED, NOON + 3_600_000)

    assert FoldResult.NEWS is fold(Incident(INCIDENT), event, NOON, event.at.ms).result
    assert FoldResult.NEWS is fold(Incident(INCIDENT), event, NOON).result
    assert FoldResult.IMPOSSIBLE is fold(Incident(INCIDENT), event, event.at.ms, NOON).result


def test_a_read_wins_over_a_time_that_cannot_be() -> None:
    """A projection that was brought to 2099 once is put right by the next read, and by the next webhook."""
    impossible = replace(folded(webhook(RESOLVED, NOON)), as_of=Instant(NOON + YEARS), rank="1:9")
    now = snapshot(Status.TRIGGERED)

    told = fold(impossible, webhook(REOPENED, NOON + 5000), NOON, pagerduty_ms=NOON + 5000).incident
    assert (Status.TRIGGERED, True) == (told.status, told.needs_read)
    read = settle(impossible.overruled_by(now, NOON), now, Instant(NOON - 5000, 1000))
    assert (Status.TRIGGERED, False) == (read.status, read.needs_read)


@pytest.mark.parametrize(("passed_ms", "wins"), [(LAG_MS - 1000, False), (LAG_MS + 1000, True)])
def test_a_read_wins_over_a_forged_state_that_no_lag_explains(passed_ms: int, wins: bool) -> None:  # noqa: FBT001
    """A resolve that PagerDuty does not show is put down to a lagging replica for a while, and then to nothing."""
    forged, now = folded(webhook(RESOLVED, NOON)), snapshot(Status.TRIGGERED)

    read = settle(forged.overruled_by(now, NOON + passed_ms), now, Instant(NOON - 5000, 1000))

    assert wins is (read.status is Status.TRIGGERED)


def test_a_forged_link_is_put_right_however_old_the_read() -> None:
    """Everything by which sources are compared is true in it: a read that shows another link wins all the same."""
    forged = folded(replace(webhook(TRIGGERED, NOON), snapshot=replace(snapshot(), url="https://evil.example.com")))

    read = settle(forged.overruled_by(snapshot(), NOON + LAG_MS + 1000), snapshot(), Instant(NOON - 5000, 1000))

    assert read.snapshot == snapshot()


def test_what_a_read_shows_as_well_stands_however_old() -> None:
    """A state that is as PagerDuty shows it needs no read because of its age, or every old incident would."""
    known = replace(folded(webhook(TRIGGERED, NOON)), snapshot=snapshot(), needs_read=False)

    assert known.overruled_by(snapshot(), NOON + YEARS) is known


def test_a_needed_read_ends_though_it_shows_nothing_new() -> None:
    """An event younger than PagerDuty's last change asks for a read, which settles it once no lag explains that."""
    asked = replace(folded(webhook(TRIGGERED, NOON)), snapshot=snapshot(), needs_read=True)

    read = settle(asked.overruled_by(snapshot(), NOON + LAG_MS + 1000), snapshot(), Instant(NOON - 5000, 1000))

    assert not read.needs_read


@pytest.mark.parametrize(("number", "status"), [(None, Status.ACKNOWLEDGED), (2, Status.TRIGGERED)])
def test_an_incident_keeps_its_number(number: int | None, status: Status) -> None:
    """A delivery without one changes the rest, one with another number nothing; both ask for a read."""
    known = folded(webhook(TRIGGERED, NOON))
    other = webhook(ACKNOWLEDGED, NOON + 5000)
    assert other.snapshot is not None
    odd = folded(replace(other, snapshot=replace(other.snapshot, number=number)), start=known)

    assert odd.snapshot is not None
    assert (37, status, True) == (odd.snapshot.number, odd.status, odd.needs_read)


def test_a_read_with_another_number_wins_at_once() -> None:
    """A first delivery that gave the wrong number, however fresh, does not win over what PagerDuty says."""
    first = webhook(TRIGGERED, NOON)
    assert first.snapshot is not None
    known = folded(replace(first, snapshot=replace(first.snapshot, number=2)))

    read = settle(known.overruled_by(snapshot(), NOON + 5000), snapshot(), Instant(NOON - 5000, 1000))

    assert read.snapshot == snapshot()


@pytest.mark.parametrize(("age_ms", "is_known"), [(OLD_MS - 1000, True), (OLD_MS + 1000, False), (NOON, False)])
def test_old_news_alone_makes_no_incident_known(age_ms: int, is_known: bool) -> None:  # noqa: FBT001 -- a table
    """An incident that is first heard of through an old webhook has to be read before it is shown."""
    old = fold(Incident(INCIDENT), webhook(TRIGGERED, NOON - age_ms), NOON).incident

    assert (is_known, not is_known) == (old.snapshot is not None, old.needs_read)
    assert 1 == len(old.lines)


def test_what_was_over_long_ago_is_over() -> None:
    """Resolved before the oldest delivery that PagerDuty still repeats, and nothing heard of it since."""
    updated, now = Instant(NOON, 1000), NOON + 80 * 3_600_000
    old = folded(webhook(TRIGGERED, NOON - 5000))

    assert is_over(old, snapshot(Status.RESOLVED), updated, now)
    assert not is_over(old, snapshot(Status.TRIGGERED), updated, now)
    assert not is_over(old, snapshot(Status.RESOLVED), updated, NOON + 3_600_000)
    note = Event(EventId("N"), "incident.annotated", INCIDENT, Source.WEBHOOK, Instant(now - 5000), ALICE)
    assert not is_over(fold(old, note, now).incident, snapshot(Status.RESOLVED), updated, now)


@pytest.mark.parametrize(("read_ms", "stands"), [(NOON, True), (NOON + AHEAD_MS + 1, False), (None, True)])
def test_a_read_tells_when_an_incident_was_opened(read_ms: int | None, *, stands: bool) -> None:
    """A delivery that says another time than PagerDuty shows is overruled, though everything else is the same."""
    known = folded(replace(webhook(TRIGGERED, NOON), snapshot=replace(snapshot(), created_ms=NOON)))
    read = replace(snapshot(), created_ms=read_ms)

    assert stands is (known.overruled_by(read, NOON) is known)
