"""`pagebridge webhook`: the whole life of a subscription, with a PagerDuty, a receiver and a Valkey that really run."""

import asyncio
import io
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from pagebridge.cli import FAILED, MISCONFIGURED, env_file, main
from pagebridge_sandbox.pagerduty import Fault, Subscription
from shared.config.bridge_config import BridgeConfig
from shared.pagerduty.models.webhook_subscription import NEEDED
from tests.pagebridge.cli_session import Office, opened
from tests.webhook_receiver.running import PATH, SECRET

SECRETS = "PAGERDUTY_WEBHOOK_SECRETS"


@pytest.fixture
async def office(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Office]:
    """Open an office whose webhook secrets are in `.env`, where they can be changed."""
    async with opened(tmp_path, monkeypatch) as office:
        monkeypatch.delenv(SECRETS)
        yield office


class Desk:
    """Somebody who runs `pagebridge webhook`, and what they read."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        self._monkeypatch = monkeypatch
        self._capsys = capsys
        self.read = ""

    async def run(self, *arguments: str, answers: str = "") -> int:
        """Run one command, with these lines as answers, and return its exit code."""
        self._monkeypatch.setattr("sys.stdin", io.StringIO(answers))
        code = await asyncio.to_thread(main, ["webhook", *arguments])
        said = self._capsys.readouterr()
        self.read = said.out + said.err
        return code


@pytest.fixture
def desk(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Desk:
    """Sit down at a terminal."""
    return Desk(monkeypatch, capsys)


def only(office: Office) -> Subscription:
    """Find the account's only subscription."""
    (subscription,) = office.pagerduty.webhooks.subscriptions.values()
    return subscription


async def test_create_writes_the_secret_unseen(office: Office, desk: Desk) -> None:
    """It is in `.env`, for its owner alone; the subscription was made inactive, and is active now and complete."""
    assert 0 == await desk.run("create", "--url", office.url, "--write-env")

    made = only(office)
    assert (True, "account", office.url, NEEDED) == (made.active, made.scope.kind, made.url, made.events)
    assert made.secrets[0] == env_file.value(SECRETS)
    assert 0o600 == (office.directory / ".env").stat().st_mode & 0o777
    assert made.secrets[0] not in desk.read
    writes: list[Any] = [call.body for call in office.pagerduty.calls if call.method in {"POST", "PUT"}]
    said = [body["webhook_subscription"].get("active") for body in writes]
    assert [False, True] == [active for active in said if active is not None]


async def test_create_shows_the_exact_line(office: Office, desk: Desk) -> None:
    """Whoever keeps secrets elsewhere gets the line once; it is switched on only when they say that it is in place."""
    assert FAILED == await desk.run("create", "--url", office.url, answers="n\n")

    made = only(office)
    assert f"\n{SECRETS}={made.secrets[0]}\n" in desk.read
    assert not made.active
    assert f"pagebridge webhook activate {made.id}" in desk.read
    assert 0 == await desk.run("activate", made.id)
    assert made.active


async def test_create_keeps_what_is_in_the_file(office: Office, desk: Desk) -> None:
    """Other settings, comments, and a secret that is in force already stay."""
    office.write(".env", f"# mine\nLOG_LEVEL=debug\n{SECRETS}=older\n")
    assert 0 == await desk.run("create", "--url", office.url, "--write-env")

    text = (office.directory / ".env").read_text()
    assert f"# mine\nLOG_LEVEL=debug\n{SECRETS}=older,{only(office).secrets[0]}\n" == text


async def test_create_where_the_environment_wins(office: Office, desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Writing `.env` would be in vain, so the secret is shown for where it belongs."""
    monkeypatch.setenv(SECRETS, SECRET)
    assert 0 == await desk.run("create", "--url", office.url, "--write-env", answers="y\n")

    assert f"\n,{only(office).secrets[0]}\n" in desk.read
    assert not (office.directory / ".env").exists()
    assert only(office).active


async def test_create_where_nothing_can_be_written(office: Office, desk: Desk) -> None:
    """The only copy of the secret is shown instead of lost."""
    (office.directory / ".env").mkdir()
    assert FAILED == await desk.run("create", "--url", office.url, "--write-env", answers="n\n")

    assert "Can't write" in desk.read
    assert only(office).secrets[0] in desk.read
    assert not only(office).active


async def test_create_for_one_service(office: Office, desk: Desk) -> None:
    """The address may be given without its path."""
    base = office.url.removesuffix(PATH)
    assert 0 == await desk.run("create", "--url", f"{base}/", "--service", "PCHECKOUT", "--write-env")
    assert (office.url, "PCHECKOUT") == (only(office).url, only(office).scope.id)


async def test_create_twice_is_refused(office: Office, desk: Desk) -> None:
    """Two for the same would send everything twice; another secret is had by rotating."""
    office.subscribe()
    assert FAILED == await desk.run("create", "--url", office.url, "--write-env")
    assert "pagebridge webhook rotate" in desk.read
    assert not (office.directory / ".env").exists()


async def test_create_beside_one_that_cannot_be_read_is_refused(office: Office, desk: Desk) -> None:
    """It may be for the same; so is a rotation, which looks for the one that is to be replaced."""
    office.subscribe()
    office.pagerduty.add_fault(Fault("GET", "/webhook_subscriptions", odd={"webhook_subscriptions.0.events": 7}))
    for arguments in (("create", "--url", office.url), ("rotate",)):
        assert FAILED == await desk.run(*arguments, "--write-env")
        assert "cannot be read" in desk.read
    assert [] == office.pagerduty.calls_to("POST", "/webhook_subscriptions")


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("bridge.example.com", "must begin with https://"),
        ("http://bridge.example.com", "public https address"),
        ("https://10.0.0.7", "public https address"),
        ("https://bridge.example.com/hooks", "listens at /webhooks/pagerduty: behind that prefix at"),
    ],
)
async def test_an_address_that_cannot_work(
    office: Office, desk: Desk, monkeypatch: pytest.MonkeyPatch, url: str, said: str
) -> None:
    """It is refused before PagerDuty is asked."""
    monkeypatch.setenv("PAGERDUTY_API_URL", "https://api.pagerduty.com")
    assert MISCONFIGURED == await desk.run("create", "--url", url)
    assert said in " ".join(desk.read.replace("│", " ").split())
    assert {} == office.pagerduty.webhooks.subscriptions


async def test_status(office: Office, desk: Desk) -> None:
    """Each with its state, filter, events and address; the code tells whether all is well with ours."""
    office.subscribe()
    assert 0 == await desk.run("status")
    title, line = desk.read.splitlines()
    assert ["ID", "STATE", "FILTER", "EVENTS", "ADDRESS", "DESCRIPTION"] == title.split()
    assert f"{only(office).id} active account all required events {office.url} -" == " ".join(line.split())

    only(office).events = frozenset({"incident.triggered"})
    assert FAILED == await desk.run("status", "--json")
    shown = json.loads(desk.read)
    assert ("active", True) == (shown["state"], shown["delivers_here"])
    assert "incident.resolved" in shown["missing_events"]


async def test_status_of_one_that_is_switched_off(office: Office, desk: Desk) -> None:
    """PagerDuty does that after three deliveries that were turned away."""
    subscription = office.subscribe()
    for _ in range(3):
        subscription.count_drop(office.pagerduty.clock.now())
    assert FAILED == await desk.run("status")
    assert "disabled" in desk.read


async def test_status_without_any(office: Office, desk: Desk) -> None:
    """It says how to make one."""
    assert FAILED == await desk.run("status")
    assert "`pagebridge webhook create`" in desk.read
    assert {} == office.pagerduty.webhooks.subscriptions


async def test_ping(office: Office, desk: Desk) -> None:
    """It comes through the receiver to the store; with another secret it is turned away, and that is told."""
    subscription = office.subscribe()
    assert 0 == await desk.run("ping")
    assert "arrived, was verified and stored" in desk.read

    subscription.secrets[:] = ["another"]
    assert FAILED == await desk.run("ping", subscription.id)
    assert "rejected the ping" in desk.read
    assert FAILED == await desk.run("ping", "PNOBODY")
    assert "No subscription PNOBODY" in desk.read


async def test_rotate_loses_nothing(office: Office, desk: Desk) -> None:
    """Both deliver while the receiver knows both secrets; the old one ends once a ping has come by the new one."""
    office.write(".env", f"{SECRETS}={SECRET}\n")
    old = office.subscribe()
    assert FAILED == await desk.run("rotate", "--write-env", answers="n\n")
    assert f"pagebridge webhook rotate {old.id} --write-env" in desk.read
    new = next(each for each in office.pagerduty.webhooks.subscriptions.values() if each is not old)
    assert (True, False) == (old.active, new.active)
    assert f"{SECRET},{new.secrets[0]}" == env_file.value(SECRETS)

    office.receiver.receiver.apply_config([SecretStr(SECRET), SecretStr(new.secrets[0])], BridgeConfig())
    incident = office.pagerduty.trigger("PCHECKOUT", "meanwhile")
    assert 0 == await desk.run("rotate", "--write-env", answers="y\n")

    assert new is only(office)
    assert (True, new.secrets[0]) == (new.active, env_file.value(SECRETS))
    assert "replaces" not in new.description
    office.pagerduty.web("PALICE1").acknowledge(incident.id)
    await office.pagerduty.webhooks.wait_until_idle()
    assert {"delivered"} == {delivery.outcome for delivery in office.pagerduty.webhooks.log}
    assert SECRET not in desk.read
    assert new.secrets[0] not in desk.read


async def test_rotate_where_the_receiver_has_the_secrets(office: Office, desk: Desk) -> None:
    """The new secret is to be appended, not written over the old one, also where no secret is known, as in a worker."""
    office.subscribe()
    assert FAILED == await desk.run("rotate", answers="n\n")
    new = list(office.pagerduty.webhooks.subscriptions.values())[-1]
    assert f"append to {SECRETS}:\n,{new.secrets[0]}\n" in desk.read
    assert f"{SECRETS}=" not in desk.read


async def test_rotate_with_a_receiver_that_has_not_read_the_secret(office: Office, desk: Desk) -> None:
    """The ping is turned away, so the new one is switched off again, and the old one goes on."""
    office.write(".env", f"{SECRETS}={SECRET}\n")
    old = office.subscribe()
    assert FAILED == await desk.run("rotate", "--write-env", answers="y\n")

    assert f"{old.id} is unchanged" in desk.read
    active = {each.id for each in office.pagerduty.webhooks.subscriptions.values() if each.active}
    assert {old.id} == active
    assert 2 == len(office.pagerduty.webhooks.subscriptions)


async def test_rotate_one_of_two(office: Office, desk: Desk) -> None:
    """Which one is asked, not guessed."""
    first, second = office.subscribe(), office.pagerduty.subscribe(office.url, [SECRET], service_id="PCHECKOUT")
    assert FAILED == await desk.run("rotate")
    assert first.id in desk.read
    assert second.id in desk.read
    assert 2 == len(office.pagerduty.webhooks.subscriptions)
    assert FAILED == await desk.run("rotate", second.id)
    assert 3 == len(office.pagerduty.webhooks.subscriptions)


async def test_what_is_not_there_is_said(office: Office, desk: Desk) -> None:
    """An unknown id is named by every command, and nothing is changed."""
    office.subscribe()
    for arguments in (
        ["ping", "PNOBODY"],
        ["rotate", "PNOBODY"],
        ["activate", "PNOBODY"],
        ["delete", "PNOBODY", "--yes"],
    ):
        assert FAILED == await desk.run(*arguments)
        assert "No subscription PNOBODY" in desk.read
    assert 1 == len(office.pagerduty.webhooks.subscriptions)


async def test_where_there_is_no_subscription_the_next_step_is_said(office: Office, desk: Desk) -> None:
    """Without an id there is none to name: a person reads how one is made."""
    for command in ("ping", "rotate"):
        assert FAILED == await desk.run(command)
        assert "No active subscription delivers to /webhooks/pagerduty" in desk.read
        assert "`pagebridge webhook create` makes one" in desk.read
    assert {} == office.pagerduty.webhooks.subscriptions


async def test_delete_asks_first(office: Office, desk: Desk) -> None:
    """Nothing ends by mistake, or when nobody answers."""
    subscription = office.subscribe()
    for answers in ("n\n", ""):
        assert FAILED == await desk.run("delete", subscription.id, answers=answers)
    assert subscription is only(office)
    assert 0 == await desk.run("delete", subscription.id, answers="y\n")
    assert {} == office.pagerduty.webhooks.subscriptions


async def test_what_pagerduty_refuses_is_said_in_words(office: Office, desk: Desk) -> None:
    """No traceback: what PagerDuty said, and a code that is not 0."""
    office.pagerduty.add_fault(Fault("POST", "/webhook_subscriptions", status=402, code=2019, message="Product Limit"))
    assert FAILED == await desk.run("create", "--url", office.url, "--write-env")
    assert "PagerDuty answered: Product Limit" in desk.read
    assert "Traceback" not in desk.read


async def test_without_a_key(office: Office, desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """The one setting that is missing is named, and no other."""
    monkeypatch.delenv("PAGERDUTY_API_TOKEN")
    assert MISCONFIGURED == await desk.run("status")
    assert "PAGERDUTY_API_TOKEN is not set" in desk.read
    assert "SLACK" not in desk.read
    assert [] == office.pagerduty.calls
