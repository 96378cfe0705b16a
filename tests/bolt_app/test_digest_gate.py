"""A channel's digest in single passes: who comes in, who goes out, and what a worker that died has left behind."""

import json
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from typing import Any, cast

import pytest
from fakeredis import FakeAsyncRedis
from structlog.testing import capture_logs

from bolt_app.digest.gate import DigestGate
from bolt_app.digest.render import MOST_ROWS, render
from bolt_app.open_incidents import OpenIncident
from bolt_app.read_path.reconcile_pass import ReconcilePass
from bolt_app.worker_parts import BuiltWorker
from shared.config.bridge_config import BridgeConfig
from shared.errors import Refused, StoreDown
from shared.model.digest import Digest, DigestEntry, DigestRule
from shared.model.event import Ref, Snapshot
from shared.model.event_types import Status
from shared.model.ids import ChannelId, IncidentId, MessageTs, TeamId
from shared.model.incident import Incident
from shared.model.message_state import MessageState
from shared.model.privacy import Privacy
from shared.model.slack_state import SlackState
from shared.slack.api.models import OwnMessage
from shared.slack.api.transport import Begin
from shared.slack.render.message_metadata import digest_key
from shared.store.coordination import Lease
from shared.store.documents import Stored
from shared.vendor_calls import ServerClock
from tests.bolt_app.built_services import wired
from tests.builders import NOON, snapshot

HOME = ChannelId("C0INCIDENTS")
CHANNEL = IncidentId(HOME)
RULE = DigestRule(1)
LOW = replace(snapshot(), urgency="low", created_ms=NOON)


class Board:
    """A Slack in which one message stands, or that refuses it."""

    def __init__(self) -> None:
        self.said: list[str] = []
        self.refuses = False
        self.second = ""
        self.deleted: list[MessageTs] = []
        self.server_clock = ServerClock("Slack")

    async def post(self, _channel: ChannelId, *, text: str, begin: Begin, **_: object) -> MessageTs:
        """Take it."""
        await begin()
        if self.refuses:
            raise Refused("Slack refused chat.postMessage", "is_archived")
        self.said.append(text)
        return MessageTs("1.1")

    async def update(self, _channel: ChannelId, _ts: MessageTs, *, text: str, begin: Begin, **_: object) -> None:
        """Take what is in its place."""
        await begin()
        self.said.append(text)

    async def own_messages(self, _channel: ChannelId, **_: object) -> AsyncIterator[OwnMessage]:
        """Show that a second one of this key was posted after all."""
        yield OwnMessage(MessageTs("2.2"), None, self.second, {}, "", (), deleted=False)

    async def delete(self, _channel: ChannelId, ts: MessageTs) -> None:
        """Take one off."""
        self.deleted.append(ts)


@pytest.fixture
def board() -> Board:
    """Put one up."""
    return Board()


@pytest.fixture
async def built(board: Board) -> AsyncIterator[BuiltWorker]:
    """Put a worker together whose channel has a digest beyond one incident a minute."""
    redis = cast("Any", FakeAsyncRedis())
    worker = await wired(redis, slack=board)
    config = {"routing": {"default_channel": HOME, "digest_above": 1}}
    worker.config.current = BridgeConfig.model_validate(config)
    yield worker
    await redis.aclose()


def gate(built: BuiltWorker) -> DigestGate:
    """Return what decides."""
    return built.read_path.reconciler.incident_sync.digest_gate


async def at_work(built: BuiltWorker, name: str, shown: Snapshot = LOW) -> ReconcilePass:
    """Begin a pass over an incident that the channel shows, as far as that is stored."""
    incident = IncidentId(name)
    lease = await built.store.leases("slack").take(incident)
    assert lease
    known = await built.store.slack_states.change(
        incident, lambda kept: replace(kept, generation="this", channels=(HOME,)), lease
    )
    route = built.config.current.routing.route(shown)
    return ReconcilePass(Incident(incident), shown, lease, known.value, route, built.store.slack_states)


async def looked(built: BuiltWorker, name: str, shown: Snapshot = LOW, rule: DigestRule | None = RULE) -> bool:
    """Do such a pass to its end; return whether the digest stands for the card."""
    this = await at_work(built, name, shown)
    stands = await gate(built).stands_for_card(this, HOME, rule)
    await this.save(lambda kept: kept)
    await this.lease.release()
    return stands


async def stored(built: BuiltWorker, name: str) -> SlackState:
    """Return what is known of the incident's messages."""
    return (await built.store.slack_states.load(IncidentId(name))).value


async def posted(built: BuiltWorker) -> float | None:
    """Let the channel's digest be looked after once; return when again."""
    lease = await built.store.leases("digest").take(CHANNEL)
    assert lease
    try:
        return await built.read_path.digest_poster.run(CHANNEL, lease)
    finally:
        await lease.release()


async def known(built: BuiltWorker, name: str, teams: Sequence[str], shown_for: Sequence[str]) -> None:
    """Let an incident share the card, of these teams now, for which it was decided that the channel shows it."""
    of = tuple(Ref(team, team) for team in teams)
    about = replace(LOW, title=f"Title of {name}", teams=of)
    await built.store.incidents.change(IncidentId(name), lambda it: replace(it, snapshot=about))
    assert await looked(built, name, about)
    decided = Privacy(teams=frozenset(map(TeamId, shown_for)))
    await built.store.slack_states.change(IncidentId(name), lambda kept: replace(kept, privacy=decided))


async def test_the_card_tells_only_what_the_channel_shows_now(built: BuiltWorker, board: Board) -> None:
    """One that has come to another team, and was not looked at since, is counted; its title is not told."""
    await looked(built, "Q1")
    await known(built, "Q2", ["PPUBLIC"], ["PPUBLIC"])
    await known(built, "Q3", ["PSECRET"], ["PPUBLIC"])
    again = await posted(built)

    assert again
    assert "Title of Q2" in board.said[-1]
    assert "Title of Q3" not in board.said[-1]
    assert "2 less important incidents" in board.said[-1]


async def test_a_card_is_written_again_only_after_a_while(built: BuiltWorker, board: Board) -> None:
    """Until then it is only looked when that will be."""
    await looked(built, "Q1")
    await looked(built, "Q2")
    await posted(built)
    await looked(built, "Q3")

    assert 0 < (await posted(built) or 0) <= built.durations.digest_pace
    assert 1 == len(board.said)


async def test_a_channel_that_does_not_take_the_card_lets_all_go(built: BuiltWorker, board: Board) -> None:
    """Each incident gets its own, and for a while no digest begins there."""
    board.refuses = True
    await looked(built, "Q1")
    await looked(built, "Q2")
    assert await posted(built) == 0
    assert await posted(built) is None

    assert not await looked(built, "Q2")
    assert not await looked(built, "Q3")
    assert {} == await built.store.digests.entries(HOME)
    assert [] == board.said


async def test_what_is_decided_stays_so(built: BuiltWorker) -> None:
    """The first has a card although it asks again in the middle of the storm; the second shares one."""
    assert not await looked(built, "Q1")
    assert await looked(built, "Q2")
    assert [False, True, False] == [
        await looked(built, "Q1"),
        await looked(built, "Q2"),
        await looked(built, "Q3", snapshot()),
    ]
    assert {"Q2"} == set(await built.store.digests.entries(HOME))


async def test_a_worker_that_died_is_gone_on_from(built: BuiltWorker) -> None:
    """It had written the entry and not yet the incident's own document: the incident counts once."""
    await looked(built, "Q1")
    dying = await at_work(built, "Q2")
    await gate(built).stands_for_card(dying, HOME, RULE)
    await built.store.slack_states.change(IncidentId("Q2"), lambda kept: replace(kept, digests={}))
    await dying.lease.release()

    assert await looked(built, "Q2")
    assert ["Q1", "Q2"] == list((await built.store.digests.load(CHANNEL)).value.arrived)
    assert {HOME} == set((await stored(built, "Q2")).digests)


async def test_what_matters_more_by_now_leaves(built: BuiltWorker) -> None:
    """It is to have a card for good, also when it matters less again."""
    await looked(built, "Q1")
    assert await looked(built, "Q2")

    assert not await looked(built, "Q2", snapshot())
    assert not await looked(built, "Q2")
    assert HOME in (await stored(built, "Q2")).cards
    assert {} == await built.store.digests.entries(HOME)


async def test_what_the_channel_shows_no_more_leaves_without_a_card(built: BuiltWorker) -> None:
    """Its entry goes, and the digest is asked to be written again."""
    await looked(built, "Q1")
    await looked(built, "Q2")
    await built.store.slack_states.change(
        IncidentId("Q2"), lambda kept: replace(kept, privacy=Privacy(hidden_in=frozenset({HOME})))
    )

    assert not await looked(built, "Q2")
    assert {} == await built.store.digests.entries(HOME)
    assert {} == (await stored(built, "Q2")).digests


async def test_what_is_resolved_when_the_storm_ends_is_only_counted(built: BuiltWorker) -> None:
    """It gets a card when it is opened again; the other gets one at once."""
    await looked(built, "Q1")
    await looked(built, "Q2")
    await looked(built, "Q3")
    over = replace(LOW, status=Status.RESOLVED)
    await looked(built, "Q3", over)
    stand = {one: entry.status for one, entry in (await built.store.digests.entries(HOME)).items()}
    assert {"Q2": "triggered", "Q3": "resolved"} == stand
    await built.store.digests.change(CHANNEL, lambda known: known.ended().closed())

    assert not await looked(built, "Q2")
    assert await looked(built, "Q3", over)
    assert not await looked(built, "Q3")


async def test_an_entry_that_came_too_late_is_let_go(built: BuiltWorker) -> None:
    """A worker stood still while the digest ended: its incident looks again whether it gets a card."""
    late = IncidentId("QLATE")
    await built.store.digests.put_entry(HOME, late, DigestEntry(NOON, Status.TRIGGERED, NOON))
    lease = await built.store.leases("digest").take(CHANNEL)
    assert lease

    assert await built.read_path.digest_poster.run(CHANNEL, lease) is None
    assert {} == await built.store.digests.entries(HOME)
    taken = await built.store.dirty_queue.take()
    assert late == getattr(taken, "incident", None)


async def test_a_digest_whose_data_cannot_be_read_is_begun_anew(built: BuiltWorker) -> None:
    """An entry of another program is dropped; the others stay."""
    await built.store.digests.put_entry(HOME, IncidentId("Q1"), DigestEntry(NOON, Status.TRIGGERED, NOON))
    key = "pb:{work}:channel:C0INCIDENTS:digest"
    await built.store.redis.hset(key, mapping={"no id": "1 triggered 1", "Q2": "something else"})

    assert {"Q1"} == set(await built.store.digests.entries(HOME))
    assert 1 == await built.store.redis.hlen(key)


async def test_a_digest_that_this_worker_would_not_begin_is_ended_with_a_word(built: BuiltWorker) -> None:
    """Workers with different files begin and end digests in turn: the log says what to do."""
    await looked(built, "Q1")
    await looked(built, "Q2")
    built.config.current = BridgeConfig.model_validate({"routing": {"default_channel": HOME}})
    with capture_logs() as logged:
        await posted(built)

    [told] = [one for one in logged if one["event"] == "digest.unwanted"]
    assert (HOME, "warning") == (told["channel"], told["log_level"])
    assert "give all workers the same bridge.toml" in told["hint"]
    assert not (await built.store.digests.load(CHANNEL)).value.is_on


@pytest.mark.parametrize("length", [10, 160, 900])
def test_the_card_has_room_for_the_longest_titles(length: int) -> None:
    """What Slack would refuse gives way, and is counted."""
    named = [IncidentId(f"Q{number:031}") for number in range(400)]
    entries = {one: DigestEntry(NOON, Status.TRIGGERED, NOON) for one in named}
    address = "https://acme.pagerduty.com/incidents/" + "Q" * length
    long = replace(LOW, title="&" * 1000, url=address)
    card = render(HOME, NOON, entries, [OpenIncident(one, long) for one in named[:MOST_ROWS]])

    assert len(json.dumps(card.blocks)) < 13_000
    assert len(card.blocks) <= 50
    assert all(len(block["text"]["text"]) <= 3000 for block in card.blocks if block["type"] == "section")
    assert f"…and {400 - MOST_ROWS} more." in str(card.blocks)
    assert len(card.text) <= 3000


def test_a_refused_digest_keeps_what_it_counted() -> None:
    """So that the next one does not begin at once."""
    digest = Digest(CHANNEL, arrived={IncidentId("Q1"): NOON}, begun_ms=NOON, message=MessageState())

    assert {"Q1"} == set(digest.refused(NOON + 1).closed().arrived)


async def test_a_worker_that_dies_at_the_end_leaves_the_right_words(built: BuiltWorker, board: Board) -> None:
    """The next one has all incidents to tell of, and lets each look again."""
    await looked(built, "Q1")
    await looked(built, "Q2")
    await posted(built)
    await built.store.digests.change(CHANNEL, Digest.ended)
    change = built.store.digests.change

    async def dying(incident: IncidentId, rule: Any, *rest: Any, **named: Any) -> Stored[Digest]:  # noqa: ANN401 -- passed on
        if rule is Digest.closed:
            raise StoreDown("the worker ends here")
        return await change(incident, rule, *rest, **named)

    built.store.digests.change = dying  # type: ignore[method-assign] # the moment between two steps
    with pytest.raises(StoreDown):
        await posted(built)
    built.store.digests.change = change  # type: ignore[method-assign]
    assert await posted(built) is None

    assert "1 less important incident shared this card; it has its own card." in board.said[-1]
    assert {} == await built.store.digests.entries(HOME)


async def test_what_comes_into_the_next_digest_meanwhile_stays_there(built: BuiltWorker) -> None:
    """The digest is read while there is none, and one begins right then: its incident is not let go as left over."""
    await looked(built, "Q1")
    load = built.store.digests.load

    async def crowded(
        incident: IncidentId, lease: Lease | None = None, kept_for: float | None = None
    ) -> Stored[Digest]:
        found = await load(incident, lease, kept_for)
        if kept_for is None:  # not for a change
            built.store.digests.load = load  # type: ignore[method-assign]
            assert await looked(built, "Q2")
        return found

    built.store.digests.load = crowded  # type: ignore[method-assign] # the moment between two steps
    await posted(built)

    assert {"Q2"} == set(await built.store.digests.entries(HOME))


async def test_a_digest_is_known_until_no_second_card_can_come(built: BuiltWorker, board: Board) -> None:
    """A post of it that was given up may land after its end: then it would ask for presses for ever."""
    await looked(built, "Q1")
    await looked(built, "Q2")
    await posted(built)
    now_ms = await built.store.clock.now_ms()
    board.second = digest_key(HOME, (await built.store.digests.load(CHANNEL)).value.begun_ms)

    async def given_up(until_ms: int) -> None:
        def rule(known: Digest) -> Digest:
            doubled = replace(known.message, doubled_from_ms=NOON, doubled_until_ms=until_ms)
            return replace(known, has_ended=True, message=doubled)

        await built.store.digests.change(CHANNEL, rule)

    await given_up(now_ms + 9_000)
    assert 0 < (await posted(built) or 0) <= 9
    await given_up(now_ms - 1)
    assert await posted(built) is None

    assert [MessageTs("2.2")] == board.deleted
    assert not (await built.store.digests.load(CHANNEL)).value.begun_ms
