"""How a worker process starts, reads its configuration again, and ends: in order, with an exit code that tells."""

import os
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from pagebridge_sandbox.pagerduty import Fault
from tests.servers import CONFIRMING
from tests.stories.processes import QUICK, Deployment, acknowledged_once, deployed_with_receiver, incidents, struck


@pytest.fixture
async def bridge(tmp_path: Path) -> AsyncIterator[Deployment]:
    """Prepare Acme's deployment, with a receiver and no worker yet."""
    async with deployed_with_receiver(tmp_path) as deployment:
        yield deployment


@CONFIRMING
async def test_a_worker_told_to_stop_finishes_and_loses_no_click(bridge: Deployment) -> None:
    """SIGTERM during a slow write: it is finished, a click meanwhile is kept for the next, and the code is 0."""
    worker = await bridge.worker()
    cards = await incidents(bridge, "in hand", "clicked meanwhile")
    write = bridge.pagerduty.add_fault(Fault("PUT", "/incidents/*", delay=1.5, times=1))
    assert (await bridge.click("Alice", "Acknowledge", cards[0])).acked
    await struck(write)

    worker.send(signal.SIGTERM)
    assert (await bridge.click("Alice", "Acknowledge", cards[1])).acked
    assert 0 == await worker.ended()
    with pytest.raises(ProcessLookupError):
        os.killpg(worker.child.pid, 0)
    assert ["done"] == [entry["outcome"] for entry in worker.logged("command.ended")]
    assert [1, 1] == [len(worker.logged(said)) for said in ("worker.draining", "worker.stopped")]
    assert [] == worker.failures
    await bridge.worker()

    await acknowledged_once(bridge, cards)


async def test_bridge_toml_is_read_again_on_sighup(bridge: Deployment) -> None:
    """A good file counts from then on, and its routes are checked; a bad or a missing one changes nothing."""
    duty = bridge.slack.add_channel("duty", id="C0DUTY", members=list(bridge.acme.people.values()))
    worker = await bridge.worker()

    route = '[[routing.routes]]\nservice = "serach-api"\nchannel = "C0DUTY"\n'
    bridge.config.write_text(f'[routing]\ndefault_channel = "C0DUTY"\n{route}', encoding="utf-8")
    worker.send(signal.SIGHUP)
    await worker.until_logged("config.loaded")
    assert "PagerDuty has no service 'serach-api'" in (await worker.until_logged("route.wrong"))["why"]
    bridge.trigger("good file")
    await duty.wait(lambda channel: "good file" in channel.messages[0].plain)

    bridge.config.write_text('[routing]\ndefault_chanel = "C0INCIDENTS"\n', encoding="utf-8")
    worker.send(signal.SIGHUP)
    assert "routing.default_chanel is not a known key" in (await worker.until_logged("config.kept"))["why"]
    bridge.config.unlink()
    worker.send(signal.SIGHUP)
    assert "is not there any more" in (await worker.until_logged("config.kept", 2))["why"]
    bridge.trigger("still the good file")
    await duty.wait(lambda channel: "still the good file" in channel.messages[1].plain)
    assert [] == bridge.channel.messages


async def test_every_wrong_setting_is_named_at_once(bridge: Deployment) -> None:
    """Wrong settings end the worker with code 2, and each of them is named with what it is for."""
    wrong = {
        "SLACK_BOT_TOKEN": "xoxp-of-a-person",
        "SLACK_APP_TOKEN": "none",
        "PAGERDUTY_API_URL": "http://pagerduty.example",
        "REDIS_URL": "localhost",
        "WORKER_PORT": "eighty",
    }

    worker = bridge.start("bolt_app", **wrong)

    assert 2 == await worker.ended()
    assert [] == [name for name in wrong if f"- {name} " not in worker.said]
    assert "Traceback" not in worker.said


async def test_a_wrong_bridge_toml_is_named(bridge: Deployment) -> None:
    """A worker whose `bridge.toml` cannot be understood does not start with half of it."""
    bridge.config.write_text('durability = "paper"\n[routing]\ndefault_channel = "incidents"\n', encoding="utf-8")

    worker = bridge.start("bolt_app")

    assert 2 == await worker.ended()
    assert "bridge.toml" in worker.said
    assert "durability" in worker.said
    assert "routing.default_channel" in worker.said
    assert "Traceback" not in worker.said


async def test_every_credential_that_is_not_accepted_is_named(bridge: Deployment) -> None:
    """Tokens that Slack or PagerDuty do not take end the worker with code 2; the log names each and what to do."""
    worker = bridge.start(
        "bolt_app", SLACK_BOT_TOKEN="xoxb-wrong", SLACK_APP_TOKEN="xapp-wrong", PAGERDUTY_API_TOKEN="wrong-token"
    )

    assert 2 == await worker.ended()
    why = " ".join(worker.logged("worker.not_ready")[0]["why"])
    assert [] == [name for name in ("SLACK_BOT_TOKEN", "SLACK_APP_TOKEN", "PAGERDUTY_API_TOKEN") if name not in why]
    assert not [secret for secret in ("xoxb-wrong", "xapp-wrong", "wrong-token") if secret in worker.said]
    assert "Traceback" not in worker.said


async def test_a_missing_scope_is_named(bridge: Deployment) -> None:
    """Without a scope that it will need at night the worker does not start by day."""
    bridge.slack.bot_scopes -= {"channels:history", "users:read.email"}

    worker = bridge.start("bolt_app")

    assert 2 == await worker.ended()
    assert "channels:history, users:read.email" in worker.logged("worker.not_ready")[0]["why"][0]


async def test_without_redis_a_worker_does_not_start(bridge: Deployment) -> None:
    """It ends with code 1, so that its supervisor starts it again, and says what it could not reach."""
    await bridge.valkey.kill()

    worker = bridge.start("bolt_app")

    assert 1 == await worker.ended()
    assert "Redis" in worker.logged("worker.ended")[0]["why"][0]


async def test_when_slack_is_gone_for_good_the_worker_gives_up(bridge: Deployment) -> None:
    """No connection for too long: code 1, because a new process has better chances."""
    worker = await bridge.worker(QUICK)

    bridge.slack.socket.refuse_handshakes(10_000)
    bridge.slack.socket.cut()

    assert 1 == await worker.ended()
    assert ["no connection to Slack for 3 s"] == worker.logged("worker.ended")[0]["why"]
