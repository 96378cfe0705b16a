"""What people read after `/pd`: their own and the channel's incidents, who is on call, who they are; and `ack mine`."""

from dataclasses import replace

from pagebridge_sandbox.slack import Ephemeral, Fault
from shared.model.ids import ChannelId, IncidentId
from shared.store.channel_index import OpenIncidents
from tests.stories.harness import FAST, Bridge, running, settled
from tests.stories.test_refusals import hire
from tests.stories.test_store_failures import redis_of
from tests.stories.typed_commands import answered, opened, secret_incident


async def preview(bridge: Bridge, name: str, words: str) -> Ephemeral:
    """Let somebody ask what waits for their acknowledge, and return the answer, to be pressed on."""
    await answered(bridge, name, "/pd ack mine", words)
    return bridge.slack.person(bridge.acme.people[name]).private_messages[-1]


async def test_help_lists_every_command(bridge: Bridge) -> None:
    """Without anything after it the command says what can be typed."""
    told = await answered(bridge, "Alice", "/pd", "/pd ack [number]")

    assert "/pd oncall [service or policy]" in told


async def test_the_open_incidents_of_a_channel(bridge: Bridge) -> None:
    """What nobody has acknowledged comes first, then high urgency, then the newest; resolved ones are not open."""
    bridge.trigger("Disk fills up", urgency="low")
    await opened(bridge, "Checkout is slow", "Search is down", "Login fails", "Queue grows")
    bridge.pagerduty.web("PBOB1").resolve(bridge.pagerduty.incident(4).id)
    bridge.pagerduty.web("PBOB1").acknowledge(bridge.pagerduty.incident(5).id)
    await bridge.card("Resolved")
    await bridge.card("Acknowledged")
    await settled(bridge)

    told = await answered(bridge, "Carol", "/pd list", "Open in this channel: 4")

    assert "Login fails" not in told
    urgent = ("Search is down", "Checkout is slow", "Disk fills up", "Queue grows")
    assert sorted(urgent, key=told.index) == list(urgent)
    assert "Alice Ng" in told
    assert "low urgency" in told


async def test_nothing_is_open(bridge: Bridge) -> None:
    """An empty list says so, and what else can be listed."""
    await answered(bridge, "Alice", "/pd list", "No incident is open in this channel")
    await answered(bridge, "Alice", "/pd list mine", "No open incident is assigned to you")
    await answered(bridge, "Alice", "/pd list all", "There are no open incidents that you can see")
    await answered(bridge, "Alice", "/pd ack mine", "You have nothing to acknowledge")


async def test_an_index_that_is_wrong_puts_itself_right(bridge: Bridge) -> None:
    """A worker died before it could note that an incident is resolved: nobody is told that it is open."""
    await opened(bridge, "Checkout is slow")
    resolved = IncidentId(bridge.pagerduty.incident(1).id)
    bridge.pagerduty.web("PBOB1").resolve(resolved)
    await bridge.card("Resolved")
    await settled(bridge)

    async with redis_of(bridge) as redis:
        index = OpenIncidents(redis)
        assert [] == await index.all()
        await index.put(resolved, [ChannelId(bridge.channel.id)], 0)

        await answered(bridge, "Alice", "/pd list", "No incident is open in this channel")

        await settled(bridge)
        assert [] == await index.all() + await index.shown_in(ChannelId(bridge.channel.id))


async def test_ones_own_incidents(bridge: Bridge) -> None:
    """Only what is assigned to Bob, wherever it is shown."""
    await opened(bridge, "Checkout is slow", "Search is down")
    bridge.pagerduty.web("PBOB1").reassign(bridge.pagerduty.incident(2).id, ["PBOB1"])

    told = await answered(bridge, "Bob", "/pd list mine", "Open and assigned to you: 1")

    assert "Search is down" in told


async def test_all_that_one_may_see(bridge: Bridge) -> None:
    """A private team's incident is listed for its member alone, and nobody unlinked sees what the channel does not."""
    secret_incident(bridge)
    await opened(bridge, "Checkout is slow")
    hire(bridge, "Dave")

    assert "Break-in" in await answered(bridge, "Bob", "/pd list all", "Open: 2")
    assert "Break-in" not in await answered(bridge, "Alice", "/pd list all", "Open: 1")
    await answered(bridge, "Dave", "/pd list all", "No PagerDuty user has your Slack e-mail address")
    await answered(bridge, "Dave", "/pd list", "Open in this channel: 1")
    assert "Break-in" in await answered(bridge, "Bob", "/pd show 1", "Break-in")


async def test_one_incident(bridge: Bridge) -> None:
    """Facts, what comes next, notes and log: enough to take it over."""
    await opened(bridge, "Checkout is slow")
    bridge.pagerduty.web("PBOB1").add_note(bridge.pagerduty.incident(1).id, "Rolled back <b>")
    await settled(bridge)

    told = await answered(bridge, "Carol", "/pd show", "Checkout is slow")

    assert "Assigned to Alice Ng" in told
    assert "Rolled back <b>" in told
    assert "Latest activity" in told


async def test_the_timeline_of_an_incident(bridge: Bridge) -> None:
    """Both sides in one document, for who may see the incident; of one in a private team others learn nothing."""
    await opened(bridge, "Checkout is slow")
    await bridge.click("Alice", "Acknowledge")
    await bridge.lines(1)
    bridge.pagerduty.web("PBOB1").add_note(bridge.pagerduty.incident(1).id, "The pool is full")
    await bridge.lines(2)
    number = secret_incident(bridge)
    await settled(bridge)

    told = await answered(bridge, "Carol", "/pd timeline 1", "# #1 Checkout is slow")
    assert told.index("Alice Ng acknowledged it") < told.index("Bob Ng added a note")
    assert "The pool is full" in told
    assert "Break-in" not in await answered(bridge, "Carol", f"/pd timeline {number}", "I can't find incident")


async def test_a_timeline_without_its_canvas(bridge: Bridge) -> None:
    """Slack takes no canvas in time: the Markdown comes all the same, and says so."""
    bridge.slack.bot_scopes |= {"canvases:write"}
    bridge.configure(timeline_canvas=True)
    await opened(bridge, "Checkout is slow")
    bridge.slack.add_fault(Fault("canvases.create", hang=True))

    told = await answered(bridge, "Carol", "/pd timeline 1", "# #1 Checkout is slow")

    assert ":warning: No canvas" in told


async def test_who_is_on_call(bridge: Bridge) -> None:
    """A service is found by part of its name, and its policy shown level by level; without a name the channel's."""
    told = await answered(bridge, "Carol", "/pd oncall checkout", "Payments on-call")
    assert "Level 1: Alice Ng" in told
    assert "Level 2: Bob Ng" in told

    await answered(bridge, "Carol", "/pd oncall", "Name a service or an escalation policy")
    await opened(bridge, "Checkout is slow")
    await answered(bridge, "Carol", "/pd oncall", "Payments on-call")


async def test_who_is_on_call_for_people_without_an_account(bridge: Bridge) -> None:
    """Dave, who has none, reads it, but for private teams; guests do not; the second to ask costs nothing."""
    hire(bridge, "Dave")
    hire(bridge, "Gus", guest="multi")
    secret = bridge.pagerduty.add_team("Secret", private=True)
    policy = bridge.pagerduty.add_escalation_policy("Secret on-call", [["PALICE1"]], teams=[secret])
    bridge.pagerduty.add_service("vault", policy.id, teams=[secret])

    told = await answered(bridge, "Dave", "/pd oncall checkout", "Payments on-call")
    assert "Level 1: Alice Ng" in told
    told = await answered(bridge, "Dave", "/pd oncall vault", "I can't find")
    assert "Secret" not in told
    await answered(bridge, "Gus", "/pd oncall checkout", "Guests of this Slack workspace")

    before = len(bridge.pagerduty.calls_to("GET", "/oncalls"))
    await answered(bridge, "Bob", "/pd oncall checkout", "Level 1: Alice Ng")
    assert before == len(bridge.pagerduty.calls_to("GET", "/oncalls"))


async def test_which_service_is_meant(bridge: Bridge) -> None:
    """Several fit: they are offered. A slip of the pen finds what was meant. What fits nothing is said to."""
    policy = bridge.pagerduty.add_escalation_policy("Search on-call", [["PCAROL1"]])
    bridge.pagerduty.add_service("search-api", policy.id)

    told = await answered(bridge, "Carol", "/pd oncall api", "matches several")
    assert "/pd oncall checkout-api" in told
    assert "/pd oncall search-api" in told
    await answered(bridge, "Carol", "/pd oncall search-api", "Level 1: Carol Ng")
    await answered(bridge, "Carol", "/pd oncall chekcout-api", "Payments on-call")
    await answered(bridge, "Carol", "/pd oncall zzz", "find a service or escalation policy like")


async def test_who_one_is(bridge: Bridge) -> None:
    """Linked by e-mail, by the table, or not at all, and then what to do."""
    hire(bridge, "Dave")
    bridge.identify({"U0BOB": "PCAROL1"})

    told = await answered(bridge, "Alice", "/pd whoami", "You are Alice Ng (alice@example.com) in PagerDuty")
    assert "matched by your Slack e-mail address" in told
    assert "Responder" in told
    await answered(bridge, "Bob", "/pd whoami", "by an entry in")
    told = await answered(bridge, "Dave", "/pd whoami", "isn't linked to PagerDuty")
    assert "link you" in told


async def test_pagerduty_is_down(bridge: Bridge) -> None:
    """The channel's list needs no PagerDuty; what does says that it cannot be read."""
    await opened(bridge, "Checkout is slow")
    bridge.pagerduty.stop_answering()

    await answered(bridge, "Alice", "/pd list", "Open in this channel: 1")
    for line in ("/pd list mine", "/pd show 1", "/pd oncall checkout", "/pd whoami", "/pd ack mine"):
        told = await answered(bridge, "Alice", line, "Couldn't look that up")
        assert "reference" in told


async def test_redis_is_down(bridge: Bridge) -> None:
    """What the bridge keeps cannot be listed, and the answer says so."""
    await bridge.valkey.kill()

    await answered(bridge, "Alice", "/pd list", "Couldn't look that up")

    await bridge.valkey.start()


async def test_everything_of_ones_own_is_acknowledged(bridge: Bridge) -> None:
    """Alice sees what would be acknowledged, presses, and reads one summary, also of what Bob was quicker with."""
    await opened(bridge, "Checkout is slow", "Search is down", "Login fails")
    shown = await preview(bridge, "Alice", "3 incidents are waiting")
    assert ["Acknowledge 3 incidents"] == shown.buttons
    assert [] == bridge.writes()
    bridge.pagerduty.web("PBOB1").acknowledge(bridge.pagerduty.incident(2).id)
    await settled(bridge)

    press = await bridge.slack.person("U0ALICE").click("Acknowledge 3 incidents", shown)

    assert press.acked
    told = await bridge.told("Alice", "You acknowledged 2 of 3 incidents")
    assert "Bob Ng already acknowledged incident #2" in told
    assert any("Acknowledging 3 incidents: #1, #2, #3" in words for words in shown.history)
    assert told == shown.plain
    assert 2 == len(bridge.effects())
    assert [] == shown.buttons
    await bridge.slack.redeliver(press)
    await settled(bridge)
    assert 2 == len(bridge.effects())
    assert 1 == len(bridge.private("Alice"))


async def test_what_could_not_be_stored_is_not_sent(bridge: Bridge) -> None:
    """Redis goes down between preview and press: nothing is sent, and Alice is told what to do."""
    await opened(bridge, "Checkout is slow", "Search is down")
    shown = await preview(bridge, "Alice", "2 incidents are waiting")
    await bridge.valkey.kill()

    press = await bridge.slack.person("U0ALICE").click("Acknowledge 2 incidents", shown)

    assert press.acked
    told = await bridge.told("Alice", "Not stored, so nothing was sent: #1, #2")
    assert "/pd ack 1" in told
    assert [] == bridge.writes()
    await bridge.valkey.start()


async def test_what_could_not_be_stored_is_told_another_way(bridge: Bridge) -> None:
    """The preview cannot be replaced either: Alice is told privately, and only then is her press acked."""
    await opened(bridge, "Checkout is slow")
    shown = await preview(bridge, "Alice", "1 incident is waiting")
    await bridge.valkey.kill()
    bridge.slack.add_fault(Fault("response_url", http_status=500))
    bridge.slack.add_fault(Fault("chat.postEphemeral", delay=0.3))

    press = await bridge.slack.person("U0ALICE").click("Acknowledge 1 incident", shown)

    await bridge.told("Alice", "Not stored, so nothing was sent: #1")
    assert press.envelope is not None
    assert (press.envelope.acked_after_ms or 0) > 300
    await bridge.valkey.start()


async def test_what_came_too_late_is_told_as_such() -> None:
    """PagerDuty is gone for as long as they may wait: one summary names each, and its button tries those again."""
    async with running(workers=0) as bridge:
        await bridge.start_worker(replace(FAST, command_lifetime=1.0))
        await opened(bridge, "Checkout is slow", "Search is down")
        shown = await preview(bridge, "Alice", "2 incidents are waiting")
        bridge.pagerduty.stop_answering()

        await bridge.slack.person("U0ALICE").click("Acknowledge 2 incidents", shown)

        told = await bridge.told("Alice", "You acknowledged 0 of 2 incidents")
        assert "Incident #1 was NOT acknowledged" in told
        assert "Incident #2 was NOT acknowledged" in told
        bridge.pagerduty.answer_again()
        await settled(bridge)
        assert [] == bridge.effects()
        assert 1 == len(bridge.private("Alice"))

        await bridge.click("Alice", "Try again: 2 incidents", shown)

        await bridge.told("Alice", "You acknowledged 2 of 2 incidents")
        assert 1 == len(bridge.private("Alice"))
