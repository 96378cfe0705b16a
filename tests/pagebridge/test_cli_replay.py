"""`pagebridge replay`: recorded webhooks against one's own routes, with nothing sent."""

import io
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from pagebridge.cli import main
from pagebridge.cli.rehearsal import Rehearsal
from pagebridge_sandbox.pagerduty import PagerDutySandbox
from shared.config.bridge_config import BridgeConfig, RoutingConfig
from tests.pagebridge_sandbox.odd_json import DEEP
from tests.stories.harness import Bridge, running

ROUTES = """
[routing]
default_channel = "C0INCIDENTS"
[[routing.routes]]
service = "search-api"
channels = ["C0SEARCH", "C0DUTY"]
verbosity = "state"
broadcast = ["escalated"]
[[routing.routes]]
service = "batch"
ignore = true
"""


@pytest.fixture
async def hour() -> AsyncIterator[list[bytes]]:
    """Record what PagerDuty would have sent: an hour on three services."""
    async with PagerDutySandbox() as pagerduty:
        pagerduty.subscribe("http://127.0.0.1:9/", secrets=["s"])
        pagerduty.webhooks.lose_next(100)
        for name in ("Alice", "Bob"):
            pagerduty.add_user(f"{name} Ng", f"{name}@example.com", role="user", id=f"P{name.upper()}1")
        team = pagerduty.add_team("Payments")
        policy = pagerduty.add_escalation_policy("On call", [["PALICE1"], ["PBOB1"]], teams=[team])
        services = {name: pagerduty.add_service(name, policy.id).id for name in ("checkout-api", "search-api", "batch")}
        checkout = pagerduty.trigger(services["checkout-api"], "Checkout is slow")
        search = pagerduty.trigger(services["search-api"], "Search is slow")
        pagerduty.trigger(services["batch"], "Nobody needs to know")
        pagerduty.web("PALICE1").acknowledge(checkout.id)
        pagerduty.web("PALICE1").add_note(search.id, "Rebuilding the <index> & more")
        pagerduty.web("PALICE1").escalate(search.id, 2)
        pagerduty.web("PBOB1").resolve(checkout.id, "Restarted it")
        yield [delivery.body for delivery in pagerduty.webhooks.log]


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Write the routes where the setting says."""
    path = tmp_path / "bridge.toml"
    path.write_text(ROUTES)
    monkeypatch.setenv("BRIDGE_CONFIG", str(path))
    return path


def recorded(tmp_path: Path, *lines: bytes | str) -> str:
    """Write a recording, and return its path."""
    path = tmp_path / "hour.jsonl"
    path.write_bytes(b"\n".join(line.encode() if isinstance(line, str) else line for line in lines) + b"\n")
    return str(path)


@pytest.mark.usefixtures("config")
def test_what_would_have_been_posted_where(
    hour: list[bytes], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each delivery with what it was, its cards and lines in the channels of its route, and what it all came to."""
    assert 0 == main(["replay", recorded(tmp_path, *hour)])

    printed = capsys.readouterr().out
    for words in (
        "#1  incident.triggered: new\n    C0INCIDENTS  card: Triggered: #1 Checkout is slow",
        "    C0INCIDENTS  line: :eyes: *Alice Ng acknowledged it*",
        "    C0SEARCH  card: Triggered: #2 Search is slow",
        "    C0DUTY  card: Triggered: #2 Search is slow",
        "    C0SEARCH  line (shown to the whole channel as well): :rotating_light: *Alice Ng escalated it* to Bob Ng",
        "#3  incident.triggered: new\n    shown nowhere: a route ignores it",
        "    C0INCIDENTS  card update: Resolved by Bob Ng in PagerDuty: #1",
        "C0DUTY: 1 card, ",
        "1 incident in the default channel, because no route matches.",
    ):
        assert words in printed
    # This route tells of states alone, so that the note has no line.
    assert "Rebuilding" not in printed
    assert "C0SEARCH: 1 card, 1 card update, 1 line\n" in printed
    assert "#2  incident.annotated: new\n    nothing to post\n" in printed


def test_it_is_what_the_bridge_posts(hour: list[bytes], tmp_path: Path, config: Path) -> None:
    """`--config` names another file; a line may hold headers beside the body, which may be a text or an object."""
    other = tmp_path / "other.toml"
    other.write_text('[routing]\ndefault_channel = "C0OTHER"\n')
    config.write_text("[routing]\n")
    wrapped = [json.dumps({"headers": {"X-Webhook-Id": "1"}, "body": body.decode()}) for body in hour]
    objects = [json.dumps({"headers": {}, "body": json.loads(body)}) for body in hour]
    plain = as_json(tmp_path, *hour, config=other)
    assert plain == as_json(tmp_path, *wrapped, config=other) == as_json(tmp_path, *objects, config=other)
    assert {"C0OTHER"} == {posted["channel"] for outcome in plain for posted in outcome["posted"]}
    assert [] == [posted for outcome in as_json(tmp_path, *hour, config=config) for posted in outcome["posted"]]


def as_json(tmp_path: Path, *lines: bytes | str, config: Path) -> list[dict[str, Any]]:
    """Replay with `--json`, and return what is printed."""
    with pytest.MonkeyPatch.context() as patch:
        out = io.StringIO()
        patch.setattr("sys.stdout", out)
        assert 0 == main(["replay", "--json", "--config", str(config), recorded(tmp_path, *lines)])
    return [json.loads(line) for line in out.getvalue().splitlines()]


@pytest.mark.usefixtures("config")
def test_what_cannot_be_read_is_named(hour: list[bytes], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """With its line, and the exit code says so; a duplicate, a ping and an empty line are no mistakes."""
    ping = {"event": {"id": "1", "event_type": "pagey.ping", "occurred_at": "2026-11-14T22:13:20Z", "data": {}}}

    assert 1 == main(["replay", recorded(tmp_path, hour[0], hour[0], json.dumps(ping), "", "not JSON", '{"body": 1}')])

    printed = capsys.readouterr().out
    assert "#1  incident.triggered: a duplicate, ignored\n" in printed
    assert "line 3  ignored: pagey.ping concerns no incident" in printed
    assert "line 5  can't be read: " in printed
    assert "line 6  can't be read: " in printed
    assert "5 deliveries: 1 news, 1 duplicate, 1 ignored, 2 unreadable" in printed
    assert 1 == main(["replay", str(tmp_path / "none")])
    assert f"Can't read {tmp_path / 'none'}: No such file" in capsys.readouterr().err


@pytest.mark.usefixtures("config")
@pytest.mark.parametrize(
    "line",
    [
        DEEP.decode(),
        f'{{"body": {DEEP.decode()}}}',
        '{"body": "\\ud83d"}',
        '{"body": {"\\ud83d": 1}}',
    ],
)
def test_an_odd_line_does_not_end_the_report(
    hour: list[bytes], line: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What is nested too deeply, or has half a character, is one more line that can't be read."""
    assert 1 == main(["replay", recorded(tmp_path, line, hour[0])])

    printed = capsys.readouterr().out
    assert "line 1  can't be read: " in printed
    assert "2 deliveries: 1 unreadable, 1 news" in printed


@pytest.mark.usefixtures("config")
def test_a_recording_comes_through_a_pipe(
    hour: list[bytes], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """As `-`, also with the byte-order mark that some programs write first."""
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"\xef\xbb\xbf" + hour[0])))
    assert 0 == main(["replay", "-"])
    assert "1 delivery: 1 news" in capsys.readouterr().out


async def test_the_bridge_posts_the_same() -> None:
    """Card for card and line for line it is what a real bridge posts for the same deliveries."""
    async with running() as bridge:
        incident = bridge.trigger()
        await bridge.card("Triggered")
        await played(bridge, incident.id)
        posted = [reply.text for reply in bridge.channel.messages[0].replies]
        bodies = [delivery.body for delivery in bridge.pagerduty.webhooks.log]
    rehearsal = Rehearsal(RoutingConfig(default_channel="C0INCIDENTS", verbosity=BridgeConfig().routing.verbosity))

    postings = [posting for body in bodies for posting in rehearsal.deliver(body).postings]

    lines: dict[str, str] = {}
    for posting in postings:
        if posting.what.startswith("line"):
            lines[posting.message.key] = posting.message.text
    assert posted == list(lines.values())
    assert ["Triggered", "Acknowledged by Bob Ng in PagerDuty", "Resolved by Alice Ng in PagerDuty"] == list(
        dict.fromkeys(each.message.text.partition(":")[0] for each in postings if each.what.startswith("card"))
    )


async def played(bridge: Bridge, incident: str) -> None:
    """Let people in PagerDuty do this and that, one after the other, until all of it stands in the thread."""
    alice, bob = bridge.pagerduty.web("PALICE1"), bridge.pagerduty.web("PBOB1")
    bob.acknowledge(incident)
    await bridge.lines(1)
    alice.add_note(incident, "Looks like *the* <index>")
    await bridge.lines(2)
    alice.set_priority(incident, "P2")
    await bridge.lines(3)
    alice.resolve(incident, "Restarted it")
    await bridge.card("Resolved")
    await bridge.lines(4)
    await bridge.channel.wait(lambda channel: "Restarted it" in channel.messages[0].replies[-1].text)
