"""The checks of settings and files, against something broken, and what a file switches on."""

import re
from pathlib import Path

import pytest

from pagebridge.cli.checks import offline
from pagebridge.cli.checks.findings import Finding, Status, look_at_all
from pagebridge.cli.checks.switched_on import switched_on
from shared.config.bridge_config import BridgeConfig
from shared.config.settings import Settings
from tests.pagebridge.cli_session import says

ROOT = Path(__file__).parents[3]


def test_a_secret_that_others_can_read(tmp_path: Path) -> None:
    """`.env` is for its owner alone."""
    env = tmp_path / ".env"
    assert Status.PASS is offline.private(env).status
    env.touch(0o600)
    assert Status.PASS is offline.private(env).status
    env.chmod(0o640)
    says(Finding(**vars(offline.private(env))), Status.WARNING, "mode 640", f"chmod 600 {env}")


def test_a_name_that_is_almost_a_setting(tmp_path: Path) -> None:
    """A mistyped name in `.env` is named with what was meant; names of other programs are no concern of ours."""
    env = tmp_path / ".env"
    assert offline.mistyped(env) is None
    env.write_text(
        "SLACK_BOT_TOKEN=a\nslack_app_token=b\nPORT=1\nHTTPS_PROXY=x\nSECRETS_DIR=x\nCOMPOSE_PROJECT_NAME=y\n"
    )
    assert offline.mistyped(env) is None
    env.write_text("SLACK_BOT_TOKN=canary\nPAGERDUTY_API_KEY=canary\nREDIS=canary\n")
    found = offline.mistyped(env)
    assert found is not None
    finding = Finding(**vars(found))
    says(
        finding, Status.WARNING, "SLACK_BOT_TOKN", "did you mean SLACK_BOT_TOKEN?", "did you mean PAGERDUTY_API_TOKEN?"
    )
    assert "canary" not in finding.what + finding.fix


@pytest.mark.parametrize(
    ("text", "status", "words"),
    [
        (None, Status.FAIL, ["is missing", "`pagebridge init`"]),
        ("[routing]\n", Status.FAIL, ["names no channel", "routing.default_channel"]),
        ("routing = 3", Status.FAIL, ["routing"]),
        ("[[routing.routes]]\nteam = 'X'\nchannel = 'C0DUTY'", Status.WARNING, ["not shown", "default_channel"]),
        ("[[routing.routes]]\nchannel = 'C0DUTY'", Status.PASS, ["1 routes"]),
    ],
)
async def test_bridge_toml(tmp_path: Path, text: str | None, status: Status, words: list[str]) -> None:
    """It is there, it can be understood, and by it every incident goes somewhere."""
    path = tmp_path / "bridge.toml"
    if text is not None:
        path.write_text(text)
    (finding,) = await look_at_all(offline.bridge_toml(path))
    says(finding, status, *words)


async def test_a_route_that_takes_nothing(tmp_path: Path) -> None:
    """A route behind one that takes everything is named."""
    path = tmp_path / "bridge.toml"
    path.write_text("[[routing.routes]]\nchannel = 'C0DUTY'\n[[routing.routes]]\nteam = 'X'\nignore = true\n")
    says((await look_at_all(offline.bridge_toml(path)))[1], Status.WARNING, "routing.routes[1] matches every incident")


@pytest.mark.parametrize(
    ("app", "is_there"), [("", False), ("PAGERDUTY_LINK_CLIENT", True), ("PAGERDUTY_CLIENT", True)]
)
def test_people_who_sign_in_need_an_app(monkeypatch: pytest.MonkeyPatch, app: str, *, is_there: bool) -> None:
    """The one for linking, or else that of the bridge; without linking neither is missed."""
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    if app:
        monkeypatch.setenv(f"{app}_ID", "an-app")
        monkeypatch.setenv(f"{app}_SECRET", "canary")
    if app == "PAGERDUTY_CLIENT":
        monkeypatch.setenv("PAGERDUTY_SUBDOMAIN", "acme")
    else:
        monkeypatch.setenv("PAGERDUTY_API_TOKEN", "a-key")
    address = "https://bridge.example.com/oauth/pagerduty/callback"
    config = BridgeConfig.model_validate({"identity": {"linking": "oauth", "callback_url": address}})

    assert offline.sign_in(BridgeConfig()) is None
    found = offline.sign_in(config)
    assert is_there is (found is None)
    if found is not None:
        says(Finding(**vars(found)), Status.FAIL, "no app for that is set", "PAGERDUTY_LINK_CLIENT_ID")


EVERYTHING = """
timeline_canvas = true
[routing]
default_channel = "C0INCIDENTS"
digest_above = 10
digest_priorities = ["P4", "P5"]
card_fields = ["details.region"]
card_links = [{ label = "Runbook", url = "https://runbooks.example.com/{service}" }]
[[routing.routes]]
service = "checkout-api"
channel = "C0PAYMENTS"
card_fields = ["details.region", "severity"]
card_images = true
show_changes = true
[[reminders]]
urgency = "low"
after = "never"
[[reminders]]
after = "1h"
[[handovers]]
channel = "C0PAYMENTS"
policy = "PPAYMENTS"
[[oncall_groups]]
group = "@payments-oncall"
channel = "C0PAYMENTS"
policies = ["PPAYMENTS"]
tell = "C0DUTY"
[notify]
enabled = true
[[incident_channels.automatic]]
priority = "P1"
[identity]
linking = "admin"
admins = ["U0BOB"]
"""
IN_WORDS = {
    "digest_above": "on: in a storm less important incidents share one card, in 2 channels; less important: P4, P5",
    "[notify]": "on: people can ask for direct messages",
    "[incident_channels]": "on: an incident gets a channel on demand, and by itself for 1 kind of incident",
    "[[oncall_groups]]": "on: 1 user group and 1 channel topic name who is on call",
    "[[handovers]]": "on: each shift is handed over in 1 channel",
    "[[reminders]]": "on: forgotten acknowledgements are asked about, by 1 entry",
    "linking": "on: people ask to be linked, and an admin approves it",
    "card_fields": "on: cards show 2 fields of the first alert",
    "card_links": "on: cards have 1 link button",
    "card_images": "on: cards link to the first alert's images",
    "show_changes": "on: cards show what has changed as it was before, for ten minutes",
    "timeline_canvas": "on: the command `timeline` also makes a canvas",
}


async def test_what_a_file_switches_on(tmp_path: Path) -> None:
    """Each optional part has one line in words, under its key in the table of docs/setup.md; what is off has none."""
    path = tmp_path / "bridge.toml"
    path.write_text(EVERYTHING)
    found = await look_at_all(offline.optional_parts(path))
    assert IN_WORDS == {finding.check: finding.what for finding in found}
    assert {Status.PASS} == {finding.status for finding in found}
    table = (ROOT / "docs/setup.md").read_text(encoding="utf-8").partition("| | key | |")[2].partition("\n\n")[0]
    keys = [key for row in table.splitlines()[2:] for key in re.findall(r"`([^`]+)`", row.split(" | ")[1])]
    assert keys == list(IN_WORDS)


async def test_a_file_that_switches_nothing_on(tmp_path: Path) -> None:
    """It says so; of a file that can't be understood nothing is said twice."""
    (finding,) = await look_at_all(switched_on(BridgeConfig()))
    says(finding, Status.PASS, "none is switched on")
    path = tmp_path / "bridge.toml"
    assert [] == offline.optional_parts(path)
    path.write_text("[routing")
    assert [] == offline.optional_parts(path)
