"""The checks of settings and files, against something broken."""

from pathlib import Path

import pytest

from pagebridge.cli.checks import offline
from pagebridge.cli.checks.findings import Finding, Status, look_at_all
from shared.config.bridge_config import BridgeConfig
from shared.config.settings import Settings
from tests.pagebridge.cli_session import says


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
