"""An acknowledgement that was forgotten: its thread is asked, and people answer there."""

from tests.stories.harness import Bridge, running


async def asked(bridge: Bridge) -> None:
    """Let Alice acknowledge an incident, and wait until its thread asks."""
    incident = bridge.trigger()
    await bridge.card("Triggered")
    bridge.pagerduty.web("PALICE1").acknowledge(incident.id)
    lines = await bridge.lines(2)
    assert "Still being worked on?" in lines[1]


async def test_a_forgotten_acknowledgement_is_asked_about_and_answered() -> None:
    """Alice says in its thread that she is still on it: one line says so, and PagerDuty is sent nothing."""
    async with running(reminders=[{"urgency": "high", "after": "2s"}]) as bridge:
        await asked(bridge)
        question = bridge.channel.messages[0].replies[1]
        assert (await bridge.click("Alice", "Still on it", question)).acked

        await bridge.channel.wait(lambda _: "Alice Ng is still on it" in question.plain)
        assert [] == question.buttons
        assert [] == bridge.writes()
        assert 2 == len(bridge.channel.messages[0].replies)


async def test_a_question_is_answered_by_resolving() -> None:
    """Bob resolves by the button of the question, which then asks nothing any more; Carol, of another team, may not."""
    async with running(reminders=[{"after": "1s"}]) as bridge:
        await asked(bridge)
        question = bridge.channel.messages[0].replies[1]
        assert (await bridge.click("Carol", "Still on it", question)).acked
        await bridge.told("Carol", "You can't say that you are still on incident #1")
        await bridge.resolve("Bob", question)

        await bridge.card("Resolved")
        await bridge.channel.wait(lambda _: "It has changed since this was asked" in question.plain)
        assert [] == question.buttons
        assert 1 == len(bridge.effects())


async def test_an_acknowledgement_that_nobody_answers_for_is_taken_back() -> None:
    """In Bob's name, as configured: PagerDuty is told once, the thread says why, and Bob reads nothing privately."""
    rule = {"after": "1s", "unacknowledge_after": "1s", "in_name_of": "U0BOB"}
    async with running(reminders=[rule]) as bridge:
        await asked(bridge)
        lines = await bridge.lines(3)

        assert "Bob Ng unacknowledged it automatically, because no one answered" in lines[2]
        await bridge.card("Triggered")
        [write] = bridge.effects()
        assert "bob@example.com" == write.from_email
        assert [] == bridge.private("Bob")


async def test_it_is_not_taken_back_in_the_name_of_who_may_not() -> None:
    """Carol is of another team: nothing is sent, and she is told."""
    rule = {"after": "1s", "unacknowledge_after": "1s", "in_name_of": "U0CAROL"}
    async with running(reminders=[rule]) as bridge:
        await asked(bridge)

        await bridge.told("Carol", "You can't unacknowledge incident #1")
        assert [] == bridge.writes()
