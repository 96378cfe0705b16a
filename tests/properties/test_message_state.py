"""Posting under any order of failures, late effects and crashes: one message with the wanted content in the end."""

from dataclasses import dataclass, field, replace

from hypothesis import example, given
from hypothesis import strategies as st

from shared.model.ids import MessageTs
from shared.model.message_state import (
    Delete,
    DeleteDoubles,
    Done,
    Look,
    MessageState,
    Post,
    Step,
    Update,
    Wait,
    next_step,
)

CALL_MAX = 10
"""Seconds within which a call takes effect, if it ever does."""

OUTCOMES = ["done", "failed", "lost", "late", "crashed", "not editable", "deleted"]
DIGESTS = st.sampled_from(["old", "new", "other"])
TIMES = st.none() | st.integers(1, 100)
STATES = st.builds(
    MessageState,
    ts=st.none() | st.just(MessageTs("1")),
    begun_ms=TIMES,
    until_ms=TIMES,
    content_digest=st.none() | DIGESTS,
    pending_digest=st.none() | DIGESTS,
    replaces=st.none() | st.just(MessageTs("0")),
)
UNSETTLED = st.sampled_from([0.0, 0.1, 5.0])


@given(STATES, st.none() | DIGESTS, UNSETTLED)
def test_a_post_comes_only_after_earlier_posts_are_settled(
    state: MessageState, digest: str | None, unsettled: float
) -> None:
    """An unclear post is waited for, then looked for; only a look that finds nothing makes a post the next step."""
    step = next_step(state, digest, unsettled)

    assert isinstance(step, Post) == (state.ts is None and state.until_ms is None)
    assert isinstance(step, Look) == (state.uncertain and unsettled == 0)
    if state.uncertain and unsettled > 0:
        assert isinstance(step, Wait)
    assert isinstance(next_step(state.found(None, 0.0), digest, 0.0), Post)


@given(STATES, st.none() | DIGESTS, UNSETTLED)
def test_a_post_that_cannot_wait_comes_after_a_look(state: MessageState, digest: str | None, unsettled: float) -> None:
    """It is made while an earlier one may still land, which is remembered until it can land no more."""
    step = next_step(state, digest, unsettled, at_once=True)

    assert isinstance(step, Look) == state.uncertain
    after = state.found(None, unsettled)
    assert isinstance(next_step(after, digest, unsettled, at_once=True), Post)
    if state.uncertain and unsettled > 0:
        assert after.doubled_from_ms in {state.begun_ms, 0}
        posted = after.posted(MessageTs("1"), "new")
        assert isinstance(next_step(replace(posted, replaces=None), "new", 0.0, 0.0), DeleteDoubles)
        assert isinstance(next_step(replace(posted, replaces=None), "new", 0.0, 0.1), Done)


@given(STATES, st.none() | DIGESTS, UNSETTLED)
def test_an_update_comes_only_for_other_content(state: MessageState, digest: str | None, unsettled: float) -> None:
    """It never comes for content that is not compared, known to be shown, or that an earlier one may overwrite."""
    step = next_step(state, digest, unsettled)

    if isinstance(step, Update):
        assert state.ts == step.ts
        assert digest is not None
        assert digest != state.content_digest
        assert not (state.pending_digest == digest and unsettled > 0)
        assert state.content_unknown().content_digest is None


@given(STATES, st.none() | DIGESTS, UNSETTLED)
def test_a_replaced_message_is_deleted_once_the_new_one_exists(
    state: MessageState, digest: str | None, unsettled: float
) -> None:
    """Until then it stays, and nothing is done before it is deleted."""
    step = next_step(state, digest, unsettled)

    assert isinstance(step, Delete) == (state.ts is not None and state.replaces is not None)
    if isinstance(step, Delete):
        assert state.replaces == step.ts != state.ts


@given(STATES, DIGESTS, UNSETTLED)
def test_done_is_a_fixpoint(state: MessageState, digest: str, unsettled: float) -> None:
    """What is done shows the content, replaces nothing, and stays done as time passes."""
    if isinstance(next_step(state, digest, unsettled), Done):
        assert state.ts is not None
        assert digest == state.content_digest
        assert state.replaces is None
        assert Done() == next_step(state, digest, 0.0) == next_step(state, None, unsettled)


@given(STATES, DIGESTS, st.sampled_from([0.0, 5.0]))
def test_content_is_believed_only_if_no_earlier_update_may_overwrite_it(
    state: MessageState, digest: str, unsettled: float
) -> None:
    """After an update the content is known, or the next step is to wait and then to update once more."""
    after = replace(state, ts=MessageTs("1"), replaces=None).updated(digest, unsettled)

    if unsettled:
        assert after.content_digest is None
        assert isinstance(next_step(after, digest, unsettled), Wait)
        assert isinstance(next_step(after, digest, 0.0), Update)
    else:
        assert Done() == next_step(after, digest, 0.0)


@dataclass
class Channel:
    """A channel of Slack with late effects, and what a worker has stored of its one message."""

    now: int = 0
    state: MessageState = field(default_factory=MessageState)
    shown: dict[MessageTs, str] = field(default_factory=dict)
    late: list[tuple[int, MessageTs | None, str]] = field(default_factory=list)
    frozen: set[MessageTs] = field(default_factory=set)
    made: int = 0

    def pass_time(self, seconds: int) -> None:
        """Let time pass, and calls that have not been answered take effect."""
        self.now += seconds
        for call in sorted((call for call in self.late if call[0] <= self.now), key=lambda call: call[0]):
            self.late.remove(call)
            self._land(call[1], call[2])

    def unsettled(self) -> float:
        """Return how many seconds the unclear call may still take effect."""
        return 0.0 if self.state.until_ms is None else max(0.0, self.state.until_ms - self.now)

    def doubled(self) -> float:
        """Return how many seconds a post that was given up may still take effect."""
        return max(0.0, (self.state.doubled_until_ms or 0) - self.now)

    def _land(self, ts: MessageTs | None, digest: str) -> MessageTs | None:
        if ts is None:
            self.made += 1
            ts = MessageTs(str(self.made))
        elif ts not in self.shown or ts in self.frozen:
            return None
        self.shown[ts] = digest
        return ts

    def carry_out(self, step: Step, digest: str, outcome: str, seconds: int) -> None:
        """Carry out one step with the outcome: a call that is `lost` or `late` has an unknown one for the worker."""
        match step:
            case Wait(wait):
                self.pass_time(int(wait) + 1)
            case Look():
                self.state = self.state.found(max(self.shown.keys() - self._replaced(), default=None), self.unsettled())
            case DeleteDoubles(ts):
                self.shown = {other: text for other, text in self.shown.items() if other == ts}
                self.state = self.state.single()
            case Delete(ts):
                self.shown.pop(ts, None)
                self.state = replace(self.state, replaces=None)
            case Post():
                self._post(digest, outcome, seconds)
            case Update(ts):
                self._update(ts, digest, outcome, seconds)

    def _post(self, digest: str, outcome: str, seconds: int) -> None:
        before, until = self.state, self.now + CALL_MAX
        self.state = before.post_begun(self.now, until)
        if outcome == "failed":
            self.state = before.post_failed()
        elif outcome == "late":
            self.late.append((self.now + seconds, None, digest))
        elif outcome in {"crashed", "done"}:
            made = self._land(None, digest)
            if outcome == "done" and made:
                self.state = before.posted(made, digest)

    def _replaced(self) -> set[MessageTs]:
        return {self.state.replaces} if self.state.replaces else set()

    def _update(self, ts: MessageTs, digest: str, outcome: str, seconds: int) -> None:
        before, unsettled = self.state, self.unsettled()
        self.state = before.content_unknown()
        if outcome == "deleted":
            self.shown.pop(ts, None)
        if outcome == "not editable":
            self.frozen.add(ts)
        if ts not in self.shown or ts in self.frozen:
            self.state = before.update_refused(deleted=ts not in self.shown)
        elif outcome == "crashed":
            self._land(ts, digest)
        elif outcome in {"late", "lost"}:
            self.late += [(self.now + seconds, ts, digest)] if outcome == "late" else []
            self.state = replace(self.state, until_ms=self.now + CALL_MAX)
        elif outcome != "failed":
            self._land(ts, digest)
            self.state = before.updated(digest, unsettled)


ACTS = st.lists(st.tuples(DIGESTS, st.sampled_from(OUTCOMES), st.integers(0, CALL_MAX), st.integers(0, 3)), max_size=25)


@given(acts=ACTS, wanted=DIGESTS, at_once=st.booleans())
@example(acts=[("old", "late", 1, 0), ("old", "done", 0, 1), ("old", "late", 10, 0)], wanted="old", at_once=True)
def test_there_is_one_message_with_the_wanted_content_in_the_end(
    *, acts: list[tuple[str, str, int, int]], wanted: str, at_once: bool
) -> None:
    """
    At no time are there two, but for one that could not be edited until its replacement has been posted.

    If it is posted at once there may be a second one, until an earlier post can land no more.
    """
    channel = Channel()
    for digest, outcome, lands, seconds in acts:
        step = next_step(channel.state, digest, channel.unsettled(), channel.doubled(), at_once=at_once)
        channel.carry_out(step, digest, outcome, lands)
        channel.pass_time(seconds)
        assert at_once or len(channel.shown.keys() - channel.frozen) <= 1
    for _ in range(14):
        step = next_step(channel.state, wanted, channel.unsettled(), channel.doubled(), at_once=at_once)
        channel.carry_out(step, wanted, "done", 0)
        channel.pass_time(1)

    channel.pass_time(2 * CALL_MAX)
    if at_once and channel.state.doubled_until_ms:
        channel.carry_out(next_step(channel.state, wanted, 0.0, 0.0, at_once=True), wanted, "done", 0)
    assert Done() == next_step(channel.state, wanted, 0.0)
    assert [wanted] == list(channel.shown.values())
