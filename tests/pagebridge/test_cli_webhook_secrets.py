"""The secrets of webhook subscriptions in `.env`: which stay and which go when one is replaced or deleted."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from pydantic import SecretStr

from pagebridge.cli import FAILED, env_file
from shared.config.bridge_config import BridgeConfig
from tests.pagebridge.cli_session import Office, opened
from tests.pagebridge.test_cli_webhook import SECRETS, Desk, only
from tests.webhook_receiver.running import SECRET


@pytest.fixture
async def office(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Office]:
    """Open an office whose webhook secrets are in `.env`."""
    async with opened(tmp_path, monkeypatch) as office:
        monkeypatch.delenv(SECRETS)
        yield office


@pytest.fixture
def desk(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Desk:
    """Sit down at a terminal."""
    return Desk(monkeypatch, capsys)


def secrets_of(office: Office) -> list[SecretStr]:
    """List the secrets of all subscriptions."""
    every = office.pagerduty.webhooks.subscriptions.values()
    return [SecretStr(secret) for each in every for secret in each.secrets]


@pytest.mark.parametrize("held", [f"{SECRET}", f"ancient,{SECRET}", f" {SECRET} ,,stale, {SECRET}"])
async def test_rotating_leaves_one_secret_whatever_was_there(office: Office, desk: Desk, held: str) -> None:
    """However many the file had, in whatever form, only that of the new subscription is in force afterwards."""
    office.write(".env", f"# mine\n{SECRETS}='{held}'\nLOG_LEVEL=info\n")
    office.subscribe()
    assert FAILED == await desk.run("rotate", "--write-env", answers="n\n")
    office.receiver.receiver.apply_config(secrets_of(office), BridgeConfig())
    assert 0 == await desk.run("rotate", "--write-env", answers="y\n")

    assert only(office).secrets[0] == env_file.value(SECRETS)
    assert "LOG_LEVEL" in (office.directory / ".env").read_text()
    assert "from .env" in desk.read


async def test_secrets_of_others_at_the_same_address_stay(office: Office, desk: Desk) -> None:
    """One that this program did not make has no mark, so that nothing is thrown away, and that is told."""
    office.write(".env", f"{SECRETS}=others,{SECRET}\n")
    old = office.subscribe()
    office.pagerduty.subscribe(office.url, ["others"], service_id="PCHECKOUT")
    assert FAILED == await desk.run("rotate", old.id, "--write-env", answers="n\n")
    office.receiver.receiver.apply_config(secrets_of(office), BridgeConfig())
    assert 0 == await desk.run("rotate", old.id, "--write-env", answers="y\n")

    assert 3 == len(env_file.value(SECRETS).split(","))
    assert f"still has 3 secrets, and nothing tells which one {old.id} had" in desk.read


async def test_an_interrupted_rotation_whose_secret_is_lost_begins_again(office: Office, desk: Desk) -> None:
    """A secret that is in no file can never be had again, so another subscription takes its place."""
    office.write(".env", f"{SECRETS}={SECRET}\n")
    old = office.subscribe()
    assert FAILED == await desk.run("rotate", "--write-env", answers="n\n")
    (lost,) = [each for each in office.pagerduty.webhooks.subscriptions.values() if each is not old]
    env_file.put(SECRETS, SECRET)

    assert FAILED == await desk.run("rotate", "--write-env", answers="n\n")

    assert f"Deleted {lost.id}, which an earlier rotation left" in desk.read
    (new,) = [each for each in office.pagerduty.webhooks.subscriptions.values() if each is not old]
    assert f"{SECRET},{new.secrets[0]}" == env_file.value(SECRETS)


async def test_delete_takes_its_secret_along(office: Office, desk: Desk) -> None:
    """With the subscription its secret leaves the file; one of another subscription stays."""
    assert 0 == await desk.run("create", "--url", office.url, "--write-env")
    first = only(office)
    assert 0 == await desk.run("create", "--url", office.url, "--service", "PCHECKOUT", "--write-env")
    (second,) = [each for each in office.pagerduty.webhooks.subscriptions.values() if each is not first]

    assert 0 == await desk.run("delete", first.id, "--yes")
    assert second.secrets[0] == env_file.value(SECRETS)
    assert 0 == await desk.run("delete", second.id, "--yes")
    assert SECRETS not in (office.directory / ".env").read_text()
