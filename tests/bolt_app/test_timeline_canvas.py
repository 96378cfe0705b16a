"""The timeline as a canvas: for one reader, where there are canvases, and never in the place of the Markdown."""

from collections.abc import AsyncIterator

import pytest

from bolt_app.queries.router import QUERY_TIMEOUT
from bolt_app.queries.timeline import CANVAS_TIMEOUT, Timeline, canvas_timeout, timeline_reply
from pagebridge_sandbox.slack import Fault, SlackSandbox
from shared.config.bridge_config import BridgeConfig, LiveConfig
from shared.model.ids import SlackUserId
from shared.slack.api.client import Slack
from tests.bolt_app.built_services import CLOSED

DOCUMENT = "# #37 Checkout is slow\n\n## What happened (UTC)\n\n- 2026-11-30 Bob added a note\n  > The pool is full\n"
ALICE = SlackUserId("U0ALICE")


@pytest.fixture
async def slack() -> AsyncIterator[SlackSandbox]:
    """Run a Slack in which the app may make canvases."""
    async with SlackSandbox(enforce_rate_limits=False) as sandbox:
        sandbox.bot_scopes |= {"canvases:write"}
        sandbox.add_user("Alice Ng", id=ALICE)
        yield sandbox


@pytest.fixture
async def timeline(slack: SlackSandbox) -> AsyncIterator[Timeline]:
    """Make the query, of which only the canvas is used."""
    door = Slack(slack.bot_token, slack.api_url, timeout=20)
    yield Timeline(CLOSED, CLOSED, CLOSED, CLOSED, door, LiveConfig(BridgeConfig(timeline_canvas=True)))
    await door.aclose()


async def test_only_who_asked_can_open_it(slack: SlackSandbox, timeline: Timeline) -> None:
    """It holds what the Markdown holds, in the form that a canvas takes, and the reply leads to it."""
    told = await timeline.canvas(DOCUMENT, "#37", ALICE, CANVAS_TIMEOUT)

    [canvas] = slack.canvases.values()
    assert ("Timeline of #37", {ALICE: "read"}) == (canvas.title, canvas.access)
    assert "- 2026-11-30 Bob added a note\n  - The pool is full\n" in canvas.markdown
    assert f"<https://acme.slack.com/docs/T0ACME/{canvas.id}|Timeline of #37>" in told
    reply = timeline_reply(DOCUMENT, "#37", told).text
    assert reply.index("As a canvas that only you can open") < reply.index("The timeline as Markdown:")


@pytest.mark.parametrize("lacking", ["canvases_enabled", "free_plan"])
async def test_a_workspace_without_canvases(slack: SlackSandbox, timeline: Timeline, lacking: str) -> None:
    """There the reply is as without the setting, and speaks of none."""
    setattr(slack, lacking, lacking == "free_plan")

    assert "" == await timeline.canvas(DOCUMENT, "#37", ALICE, CANVAS_TIMEOUT)
    assert timeline_reply(DOCUMENT, "#37") == timeline_reply(DOCUMENT, "#37", "")


@pytest.mark.parametrize(
    ("fault", "why"),
    [
        (Fault("canvases.create", error="missing_scope"), "the Slack app lacks the scope `canvases:write`"),
        (Fault("canvases.create", drop=True, after_effect=True), "the connection to Slack broke"),
        (Fault("canvases.access.set", error="restricted_action"), "restricted_action"),
        (Fault("canvases.create", retry_after=5), "Slack limits canvases.create"),
    ],
    ids=["scope", "lost", "not shared", "limit"],
)
async def test_what_fails_is_told(slack: SlackSandbox, timeline: Timeline, fault: Fault, why: str) -> None:
    """With a reference; the Markdown comes all the same, and nobody reads a canvas that was not shared."""
    slack.add_fault(fault)

    told = await timeline.canvas(DOCUMENT, "#37", ALICE, CANVAS_TIMEOUT)
    assert ":warning: No canvas" in told
    assert why in told
    assert "Reference: " in told
    assert [] == [canvas for canvas in slack.canvases.values() if canvas.access]


@pytest.mark.parametrize("method", ["canvases.create", "canvases.access.set"])
@pytest.mark.parametrize("seconds", [0.3, 0.0, -2.0])
async def test_a_slow_slack_is_told(slack: SlackSandbox, timeline: Timeline, method: str, seconds: float) -> None:
    """A canvas without time left is given up: the reply has a reference, and no unlinked canvas is shared."""
    slack.add_fault(Fault(method, hang=True))

    told = await timeline.canvas(DOCUMENT, "#37", ALICE, seconds)

    assert ":warning: No canvas: Slack took too long. Type the command again to try again. Reference: " in told
    assert [] == [canvas for canvas in slack.canvases.values() if canvas.access]


def test_the_canvas_leaves_time_for_the_markdown() -> None:
    """It has a few seconds, and less where the reading took long: the answer always comes within its own time."""
    assert CANVAS_TIMEOUT == canvas_timeout(0.0) == canvas_timeout(2.0)
    assert 0 < canvas_timeout(QUERY_TIMEOUT - 2) < 2
    assert canvas_timeout(QUERY_TIMEOUT) <= 0
