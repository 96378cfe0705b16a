"""The cards in people's own conversations: to whom, when they notify, and what they show of what is not theirs."""

from dataclasses import replace

from shared.model.direct_card import Level
from shared.model.event import Ref
from shared.model.event_types import Status
from shared.model.ids import ChannelId, IncidentId, UserId
from shared.slack.api.client import Slack
from shared.slack.api.rate_limits import Priority
from shared.slack.render.blocks import message
from shared.store import keys
from tests.bolt_app.direct_duty import ROUTED, Duty, paged
from tests.builders import ALICE, BOB, INCIDENT


async def test_it_notifies_once_and_is_quiet_from_then_on(duty: Duty) -> None:
    """One post; what follows, and who takes it on, are updates of the same message."""
    await duty.asks("Alice", ALICE.id)
    await duty.told(paged(ALICE))
    (first,) = duty.cards("Alice")
    await duty.told(paged(ALICE, BOB))
    await duty.told(paged(BOB, status=Status.ACKNOWLEDGED))

    (last,) = duty.cards("Alice")
    assert first.ts == last.ts
    assert "Acknowledged" in last.plain
    assert [] == last.replies
    posts = [call for call in duty.slack.calls_to("chat.postMessage") if call.channel == duty.conversations["Alice"]]
    assert 1 == len(posts)


async def test_it_goes_after_the_cards_of_channels(duty: Duty) -> None:
    """For Slack's limits it is as urgent as a line of a thread: no card in a channel waits for it."""
    asked = list[int]()

    class Budgets:
        """Notes who asks for a call, and has room for all."""

        async def take(self, _limits: object, caller: tuple[str, int] = ("", 0)) -> float:
            """Take one."""
            asked.append(caller[1])
            return 0.0

        async def postpone(self, _budget: str, _seconds: float) -> None:
            """Have nothing to put off."""

    await duty.asks("Alice", ALICE.id)
    slack = Slack(duty.slack.bot_token, duty.slack.api_url, budgets=Budgets())
    metadata = message("x", "x", [], {}).metadata
    for channel in (duty.conversations["Alice"], ChannelId("C0INCIDENTS")):
        for urgent in (True, False):
            ts = await slack.post(channel, text="x", blocks=[], metadata=metadata, urgent=urgent)
            await slack.update(channel, ts, text="x", blocks=[], urgent=urgent)
    await slack.aclose()
    direct = [Priority.MEDIUM, Priority.LOW]
    assert [*direct, Priority.FIRST, Priority.HIGH] == asked[::2]
    assert [*direct, Priority.FIRST, Priority.MEDIUM] == asked[1::2]


async def test_nobody_else_is_told(duty: Duty) -> None:
    """Not who did not ask, who is not assigned, or wants high urgency only; not of what is taken on already."""
    await duty.asks("Bob", BOB.id, Level.HIGH)
    await duty.told(paged(ALICE))
    await duty.told(paged(BOB, urgency="low"))
    await duty.told(paged(BOB, status=Status.ACKNOWLEDGED))
    assert [] == duty.cards("Bob")

    await duty.told(paged(BOB))
    assert "Triggered" in duty.says("Bob")


async def test_who_is_paged_again_is_told_again(duty: Duty) -> None:
    """It went to Bob and came back: the message stands anew in the place of the old one, and notifies."""
    await duty.asks("Alice", ALICE.id)
    await duty.told(paged(ALICE))
    (first,) = duty.cards("Alice")
    await duty.told(paged(BOB))
    assert "Assigned to" in duty.says("Alice")

    await duty.told(paged(ALICE))
    (second,) = duty.cards("Alice")
    assert first.ts < second.ts


async def test_off_means_that_nothing_is_read_and_what_is_there_stays_true(duty: Duty) -> None:
    """Switched off in bridge.toml: no one is told, no wish is read; a card that is there is still updated."""
    await duty.asks("Alice", ALICE.id)
    await duty.told(paged(ALICE), IncidentId("Q2OTHER"))
    duty.configure(routing=ROUTED)
    await duty.told(paged(ALICE))
    await duty.told(paged(ALICE, status=Status.RESOLVED), IncidentId("Q2OTHER"))
    assert "Resolved" in duty.says("Alice")


async def test_a_message_that_was_removed_stays_away(duty: Duty) -> None:
    """Alice removes it: the channel keeps its card, nothing is posted again, not even when she is paged again."""
    await duty.asks("Alice", ALICE.id)
    await duty.told(paged(ALICE))
    duty.slack.remove(duty.cards("Alice")[0])
    for known in (paged(BOB), paged(ALICE), paged(ALICE, status=Status.RESOLVED)):
        await duty.told(known)

    assert [] == duty.cards("Alice")
    (card,) = duty.slack.channels["C0INCIDENTS"].messages
    assert "Resolved" in card.plain
    told = [step.fact.name for step in await duty.built.store.journal.read(INCIDENT)]
    assert ["direct.posting", "direct.posted", "direct.gone"] == [name for name in told if name.startswith("direct.")]


async def test_what_became_private_is_withheld_from_who_lost_it(duty: Duty) -> None:
    """Alice is told although her team is not the private one, as it is hers; once it is Bob's it shows her nothing."""
    duty.pagerduty.add_team("Security", id="PSECRET", private=True)
    duty.pagerduty.add_member("PSECRET", BOB.id, "responder")
    await duty.asks("Alice", ALICE.id)
    await duty.asks("Bob", BOB.id)
    secret = (Ref("PSECRET", "Security"),)
    await duty.told(paged(ALICE, teams=secret))
    assert "Checkout is slow" in duty.says("Alice")
    assert [] == duty.slack.channels["C0INCIDENTS"].messages

    await duty.told(paged(BOB, teams=secret))
    assert "Checkout" not in duty.says("Alice")
    assert "private team" in duty.says("Alice")
    assert "Checkout is slow" in duty.says("Bob")


async def test_who_is_somebody_else_by_now_is_not_told(duty: Duty) -> None:
    """The table links Alice's Slack account to Bob: her wish was Alice's, and goes with the link; guests get none."""
    await duty.asks("Alice", ALICE.id)
    await duty.asks("Bob", BOB.id)
    duty.built.identities[0].config = duty.built.config.current.identity.model_copy(
        update={"users": {"U0ALICE": BOB.id}}
    )
    duty.slack.users["U0BOB"].guest = "multi"
    await duty.told(paged(ALICE, BOB))
    assert [] == duty.cards("Alice") + duty.cards("Bob")
    assert {} == await duty.redis.hgetall(keys.notify(UserId(ALICE.id)))


async def test_who_is_no_one_any_more_reads_nothing_new(duty: Duty) -> None:
    """Alice had her card before the file excluded her: it shows nothing of what comes, though it is assigned to her."""
    await duty.asks("Alice", ALICE.id)
    await duty.told(paged(ALICE))
    identity = duty.built.config.current.identity
    duty.built.identities[0].config = identity.model_copy(update={"excluded": ("U0ALICE",)})
    await duty.told(replace(paged(ALICE), title="Break-in"))

    assert "Break-in" not in duty.says("Alice")
    duty.built.identities[0].config = identity
    await duty.told(replace(paged(ALICE), title="Break-in at night"))
    assert "Break-in at night" in duty.says("Alice")


async def test_an_ignored_incident_is_shown_nowhere(duty: Duty) -> None:
    """A route says so; it holds for people as well."""
    await duty.asks("Alice", ALICE.id)
    duty.configure(routing={"routes": [{"ignore": True}]}, notify={"enabled": True})
    await duty.told(paged(ALICE))
    assert [] == duty.cards("Alice")
