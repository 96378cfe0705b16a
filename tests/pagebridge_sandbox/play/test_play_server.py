"""What the page can see and do over HTTP, and what it may not."""

import asyncio
import json
import re
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest
import pytest_asyncio

from pagebridge.cli import main
from pagebridge_sandbox.play import game
from tests.pagebridge_sandbox.odd_json import DEEP
from tests.pagebridge_sandbox.play.conftest import (
    ALICE,
    CHANNEL,
    Json,
    Page,
    action_row,
    card,
    cards,
    incident,
    looking,
    opened,
    private,
)

pytestmark = pytest.mark.asyncio(loop_scope="module")

CAROL, GINA = "U0CAROL", "U0GINA"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def page(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Page]:
    """Look at one play for all of these tests, because each takes seconds to start."""
    async with looking(tmp_path_factory.mktemp("play")) as page:
        yield page


async def test_an_incident_is_driven_from_both_sides(page: Page) -> None:
    """An alert brings a card, a press a write in the presser's name; what PagerDuty's people do comes as well."""
    before = (await page.state())["counters"]
    number = await opened(page)
    state = await page.until(lambda it: card(it, number)["text"].startswith("Triggered"))
    row = action_row(card(state, number))
    place = {"user": ALICE, "channel": CHANNEL, "ts": card(state, number)["ts"], "block_id": row["block_id"]}

    button = row["elements"][0]["value"]
    answer = await page.post("slack/click", **place, action_id="pagebridge:acknowledge", value=button)

    assert {"acked": True, "failure": None, "confirm": None} == answer
    state = await page.until(lambda it: card(it, number)["text"].startswith("Acknowledged by Alice Ng in Slack"))
    assert "acknowledged" == incident(state, number)["status"]
    state = await page.until(lambda it: it["counters"]["echoes"] > before["echoes"])
    assert before["writes"] + 1 == state["counters"]["writes"]
    wanted = {"alice slack click", "slack worker envelope", "worker pagerduty call", "pagerduty receiver delivery"}
    seen = {f"{hop['from']} {hop['to']} {hop['kind']}" for hop in state["hops"]}
    assert wanted | {"receiver store store", "store worker echo", "pagerduty worker store", "worker slack call"} <= seen
    about = [hop for hop in state["hops"] if hop["incident"] == number]
    assert {"click", "envelope", "call", "delivery", "echo"} <= {hop["kind"] for hop in about}
    assert any("chat.update" in hop["label"] for hop in about)
    reads = {hop["label"] for hop in state["hops"] if hop["read"]}
    assert {"users.info", "GET /users  200"} <= reads
    assert not [label for label in reads if label.startswith(("PUT", "chat."))]

    await page.post("pagerduty/act", **{"as": "PBOB1"}, incident=number, action="resolve", text="Restarted it")
    state = await page.until(lambda it: card(it, number)["text"].startswith("Resolved by Bob Ray in PagerDuty"))
    assert ["Bob Ray"] == [note["by"] for note in incident(state, number)["notes"]]


async def test_a_press_on_what_was_just_updated(page: Page) -> None:
    """As in Slack it is sent all the same: what does the same on the card as it is now is pressed."""
    number = await opened(page)
    ts = card(await page.state(), number)["ts"]
    place = {"user": ALICE, "channel": CHANNEL, "ts": ts, "block_id": "gone", "action_id": "pagebridge:menu"}

    answer = await page.post("slack/select", **place, value="details as it was before")
    assert answer["acked"]
    status, answer = await page.try_post("slack/select", **place, value="celebrate")
    assert (400, "This button is not on the message any more.") == (status, answer["error"])


async def test_confirmations_dialogs_and_private_answers(page: Page) -> None:
    """A confirmation comes back first; a dialog is filled in, refused at a field, and sent; answers are private."""
    number = await opened(page)
    press = {"channel": CHANNEL, "card": number}

    answer = await page.post("slack/click", **press, user=CAROL, label="Acknowledge")
    assert answer["acked"]
    await page.until(lambda it: "you are not on that team" in private(it, CAROL))
    answer = await page.post("slack/click", **press, user=ALICE, label="Escalate")
    assert ("Escalate", False) == (answer["confirm"]["confirm"], answer["acked"])

    await page.post("slack/click", **press, user=ALICE, label="Reassign")
    state = await page.until(lambda it: it["slack"]["modals"][ALICE][-1]["submit"] == "Reassign")
    view = state["slack"]["modals"][ALICE][-1]
    place = {"user": ALICE, "view_id": view["view_id"]}
    await page.post("slack/modal/fill", **place, block_id="person", action_id="value", value="U0DAVE")
    answer = await page.post("slack/modal/submit", **place)
    assert ["person"] == list(answer["errors"])
    await page.post("slack/modal/fill", **place, block_id="person", action_id="value", value="U0BOB")
    answer = await page.post("slack/modal/submit", **place)
    assert {} == answer["errors"]
    state = await page.until(lambda it: incident(it, number)["assignees"] == ["Bob Ray"])
    assert ALICE not in state["slack"]["modals"]

    await page.post("slack/type", user=ALICE, channel=CHANNEL, text="/pd list")
    await page.until(lambda it: "Checkout latency" in private(it, ALICE))
    await page.post("slack/reload", user=ALICE)
    await page.until(lambda it: not private(it, ALICE))


async def test_wrong_requests_are_answered_in_words(page: Page) -> None:
    """What is missing, unknown, or not for this person is 400 with the reason."""
    for path, body, words in (
        ("pagerduty/trigger", {"alert": "none"}, "The alerts are checkout"),
        ("pagerduty/act", {"as": "PBOB1", "incident": 9999, "action": "resolve"}, "Not Found"),
        ("slack/type", {"user": ALICE, "channel": CHANNEL, "text": "/none"}, "/none is not a valid command"),
        ("slack/type", {"user": GINA, "channel": "C0SECURITY", "text": "x"}, "is not in #security-incidents"),
        ("slack/click", {"user": ALICE, "channel": CHANNEL, "ts": "1.1"}, "not there any more"),
        ("slack/modal/submit", {"user": ALICE, "view_id": "V1"}, "This dialog is closed."),
        ("slack/click", {"user": ALICE}, "'channel' is missing"),
        ("why", {"incident": "1" * 200_000}, "Argument list too long"),
    ):
        status, answer = await page.try_post(path, **body)
        assert (400, True) == (status, words in answer["error"]), answer


async def test_only_its_own_page_is_answered(page: Page) -> None:
    """Another host's name, another page's origin, and a form that any page could send are refused, on every path."""
    port = page.url.rsplit(":", 1)[1].strip("/")
    for path in ("", "api/state", "api/stream", "page/index.html"):
        for headers in ({"Host": "evil.example"}, {"Host": f"evil.example:{port}"}, {"Origin": "https://evil.example"}):
            status, _ = await page.get(path, **headers)
            assert 403 == status
    for host in (f"127.0.0.1:{port}", f"localhost:{port}", "localhost:9000"):
        assert 200 == (await page.get("api/state", Host=host, Origin=f"http://{host}"))[0]
        assert 403 == (await page.get("api/state", Host=host, Origin="http://localhost:1"))[0]
    async with page.session.post(page.url + "api/slack/reload", data='{"user": "U0ALICE"}') as answer:
        assert 415 == answer.status
    async with page.session.get(page.url) as answer:
        assert "script-src 'self'" in answer.headers["Content-Security-Policy"]
        text = await answer.text()
        assert "<title>" in text
    [files] = set(re.findall(r"/(page/\w+/)", text))
    for path in (f"{files}%00", f"{files}{'x' * 5000}", "page/../web.py", "page/%2e%2e/web.py", "page/..%2fweb.py"):
        async with page.session.get(page.url + path) as answer:
            assert 404 == answer.status


async def test_nothing_secret_is_shown(page: Page) -> None:
    """Neither the state nor the payload of any hop holds a token, a secret, or what lets another act for a person."""
    await opened(page, "hostile")
    await page.post("slack/type", user=ALICE, channel=CHANNEL, text="/pd list")
    state = await page.until(lambda it: private(it, ALICE))

    shown = json.dumps(state) + "".join([json.dumps(await page.get(f"api/hop/{hop['id']}")) for hop in state["hops"]])

    slack = page.playground.slack
    urls = [call.arguments for call in slack.calls_to("response_url")]
    for secret in (*page.playground.secrets(), "xoxb-", "xapp-", f"{slack.base_url}/commands", "v1="):
        assert secret not in shown, secret
    assert urls
    assert (404, "This hop is not kept any more.") == (await _missing_hop(page))


async def _missing_hop(page: Page) -> tuple[int, str]:
    status, answer = await page.get("api/hop/none")
    return status, answer["error"]


async def test_the_stream_sends_what_has_changed(page: Page) -> None:
    """All of the state comes at once, then each field that is another one, when something has happened."""
    async with page.session.get(page.url + "api/stream") as stream:
        assert "text/event-stream" == stream.content_type
        first = await _event(stream.content)
        assert {path.partition(".")[0] for path in first} == (await page.state()).keys()
        await page.post("pagerduty/trigger", alert="low")
        changes = await _next_with_incidents(stream.content)
        assert len(first["pagerduty.incidents"]) + 1 == len(changes["pagerduty.incidents"])
        assert "low" == changes["pagerduty.incidents"][-1]["urgency"]
        assert not changes.keys() & {"slack.people", "pagerduty.people", "breaks"}


async def _next_with_incidents(content: aiohttp.StreamReader) -> Json:
    while "pagerduty.incidents" not in (changes := await _event(content)):
        pass
    return changes


async def test_whatever_happens_is_seen_without_looking_at_all_of_it(page: Page) -> None:
    """The pulse of a playground is the same as long as nothing happens, and another one after each thing that does."""
    playground = page.playground
    quiet = playground.pulse()
    assert quiet == playground.pulse()
    seen = {quiet}
    await opened(page)
    assert playground.pulse() not in seen
    seen.add(playground.pulse())
    playground.figures.open_commands = 7
    assert playground.pulse() not in seen


async def test_what_the_bridge_only_reads_makes_no_new_state(page: Page) -> None:
    """A call that only reads PagerDuty leaves the pulse; it is shown with the next change, or a second later."""
    assert any([await _is_same_after_a_read(page) for _ in range(20)])


async def _is_same_after_a_read(page: Page) -> bool:
    """Read something, and return whether the pulse is as before. It is not where something else has happened."""
    playground = page.playground
    before, pagerduty = playground.pulse(), playground.pagerduty
    headers = {"Authorization": f"Token token={pagerduty.token}"}
    async with page.session.get(f"{pagerduty.url}/users", headers=headers) as answer:
        assert 200 == answer.status
    assert "/users" in {call.path for call in pagerduty.calls}
    return before == playground.pulse()


async def test_a_browser_that_goes_is_no_error(page: Page, caplog: pytest.LogCaptureFixture) -> None:
    """The stream of a page that was closed ends with the next change, and nothing is logged."""
    async with page.session.get(page.url + "api/stream") as stream:
        await _event(stream.content)
        transport = stream.connection and stream.connection.transport
        assert transport is not None
        transport.abort()
    async with page.session.get(page.url + "api/stream") as another:
        await _event(another.content)
        for _ in range(2):  # what is sent first into a closed connection is not refused yet
            await page.post("pagerduty/trigger", alert="low")
            await _next_with_incidents(another.content)
    assert [] == [record.getMessage() for record in caplog.records if record.name.startswith("aiohttp")]


async def _event(content: aiohttp.StreamReader) -> Json:
    lines = (await content.readuntil(b"\n\n")).decode().splitlines()
    assert "event: changes" == lines[0]
    return dict(json.loads(lines[1].removeprefix("data: ")))


async def test_a_hostile_alert_gets_its_card(page: Page) -> None:
    """Whatever it holds."""
    await opened(page, "hostile")


async def test_a_flapping_alert_gets_its_cards(page: Page) -> None:
    """One for each time that it came."""
    before = len(cards(await page.state()))
    assert {} == await page.post("pagerduty/trigger", alert="flapping")
    await page.until(lambda it: len(cards(it)) == before + 3)


async def test_a_private_teams_incident_stands_in_its_channel_alone(page: Page) -> None:
    """Where a route names it."""
    number = int((await page.post("pagerduty/trigger", alert="private"))["incident"])
    state = await page.until(lambda it: card(it, number, "security-incidents"))
    assert not [each for each in cards(state) if "vault" in each["text"]]


async def test_the_webhooks_are_a_recording(page: Page, tmp_path: Path) -> None:
    """One a line, as `pagebridge replay` reads them."""
    await opened(page, "hostile")
    async with page.session.get(page.url + "api/deliveries") as answer:
        recording = await answer.text()
    (tmp_path / "hour.jsonl").write_text(recording)
    (tmp_path / "bridge.toml").write_text('[routing]\ndefault_channel = "C0INCIDENTS"\n')
    arguments = ["replay", "--config", str(tmp_path / "bridge.toml"), str(tmp_path / "hour.jsonl")]
    assert 0 == await asyncio.to_thread(main, arguments)


@pytest.mark.parametrize("path", ["slack/type", "pagerduty/trigger", "scenario", "breaks"])
@pytest.mark.parametrize("data", [b"{", DEEP, b'{"text": NaN}'])
async def test_what_cannot_be_read_is_refused(page: Page, path: str, data: bytes) -> None:
    """It is refused in words, whatever is asked for."""
    headers = {"Content-Type": "application/json"}
    async with page.session.post(f"{page.url}api/{path}", data=data, headers=headers) as answer:
        assert 400 == answer.status
        assert (await answer.json())["error"]


async def test_half_a_character_does_no_harm(page: Page) -> None:
    """Nobody could be sent what it is in: it is refused, nothing has happened, and the state can be read as before."""
    before = await page.state()
    half, place = "half a pair \ud83d", {"user": ALICE, "channel": CHANNEL}
    for path, body in (
        ("slack/type", {**place, "text": half}),
        ("slack/type", {**place, "text": f"/pd trigger {half}"}),
        ("pagerduty/trigger", {"alert": "checkout", "title": half}),
        ("scenario", {"acts": [{"path": "slack/type", "body": {**place, "text": half}, "after_ms": 0}]}),
    ):
        status, answer = await page.try_post(path, **body)
        assert (400, True) == (status, "half a character" in answer["error"]), answer

    after = await page.state()
    assert "half a pair" not in json.dumps(after)
    assert len(before["pagerduty"]["incidents"]) == len(after["pagerduty"]["incidents"])


async def test_numbers_beyond_any_use_are_refused(page: Page) -> None:
    """A time that no calendar has is an answer in words as well."""
    number = await opened(page)
    for seconds in (10**40, -1, 1e300, "soon"):
        act = {"as": "PALICE1", "incident": number, "action": "snooze", "seconds": seconds}
        status, answer = await page.try_post("pagerduty/act", **act)
        assert 400 == status
        assert answer["error"]


async def test_what_is_no_scenario_is_refused(page: Page) -> None:
    """Before anything is begun anew."""
    for acts in ([{"path": "reset", "body": {}, "after_ms": 0}], [{"path": "breaks"}], "none", [1]):
        status, answer = await page.try_post("scenario", acts=acts)
        assert 400 == status
        assert "scenario" in answer["error"]


async def test_a_scenario_that_fails_ends_only_itself(page: Page, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever it asks for, and however long it would wait: its error is said, and the play goes on."""
    monkeypatch.setattr(game, "LONGEST_PAUSE", 0.1)
    monkeypatch.setattr(game, "PATIENCE", 0.5)
    stopped = {"path": "breaks", "body": {"id": "store_stopped", "on": True}, "after_ms": 10**400}
    emptied = {"path": "breaks", "body": {"id": "store_emptied", "on": True}, "after_ms": -1}

    await page.post("scenario", acts=[stopped, emptied])

    state = await page.until(lambda it: it["scenario"]["error"])
    assert "Redis is stopped" in state["scenario"]["error"]
    await page.post("breaks", id="store_stopped", on=False)


async def test_a_browser_may_keep_the_files_and_nothing_else(page: Page) -> None:
    """They are under a name of their contents; what they are called now stands in the page, which is read anew."""
    async with page.session.get(page.url) as answer:
        text = await answer.text()
        assert "no-store" == answer.headers["Cache-Control"]
    files = re.findall(r'(?:src|href)="/([^"]+)"', text)
    assert len(files) > 5
    for file in files:
        async with page.session.get(page.url + file) as answer:
            assert "immutable" in answer.headers["Cache-Control"]
            assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"]
    assert 404 == (await page.get("page/js/main.js"))[0]
    assert 404 == (await page.get(files[0].replace("icon.svg", "../web.py")))[0]
