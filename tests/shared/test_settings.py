"""The settings: what each process reads, and how everything wrong is said at once."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from shared.config.errors import Misconfigured
from shared.config.settings import ReceiverSettings, Settings, WorkerSettings, load
from shared.http.proxy import VARIABLES
from shared.pagerduty.api.auth import OAuthApp
from shared.pagerduty.api.client import credentials

GOOD = {
    "SLACK_BOT_TOKEN": "xoxb-canary-bot",
    "SLACK_APP_TOKEN": "xapp-canary-app",
    "PAGERDUTY_API_TOKEN": "u+canarypagerduty",
    "PAGERDUTY_WEBHOOK_SECRETS": "canary-one, canary-two",
    "REDIS_URL": "redis://user:canary%2Fredis@127.0.0.1:6379/0",
}
OTHERS = [name.upper() for name in (*Settings.model_fields, *VARIABLES, "port")] + list(VARIABLES)

Environ = Callable[..., None]


@pytest.fixture
def environ(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Environ:
    """Give a working directory without `.env`, and a way to set what the environment says; None leaves out."""
    monkeypatch.chdir(tmp_path)
    for name in OTHERS:
        monkeypatch.delenv(name, raising=False)

    def set_to(**changes: str | None) -> None:
        for name, value in {**GOOD, **changes}.items():
            if value is not None:
                monkeypatch.setenv(name, value)

    return set_to


def problems(kind: type[Settings | ReceiverSettings | WorkerSettings]) -> list[str]:
    """Load, and list what is wrong."""
    with pytest.raises(Misconfigured) as caught:
        load(kind)
    return list(caught.value.problems)


def test_good_settings_load_with_the_documented_defaults(environ: Environ) -> None:
    """With only the required settings everything else has the default of the contract."""
    environ()
    settings = load(Settings)
    assert settings.slack_api_url == "https://slack.com/api/"
    assert settings.slack_command == "/pd"
    assert settings.pagerduty_api_url == "https://api.pagerduty.com"
    assert settings.bridge_config == Path("bridge.toml")
    assert (settings.receiver_port, settings.receiver_admin_port, settings.worker_port) == (8080, 8082, 8081)
    assert (settings.log_level, settings.log_format) == ("info", "json")


def test_each_process_needs_only_its_own_secrets(environ: Environ) -> None:
    """The receiver starts without any Slack or PagerDuty token, the worker without the webhook secrets."""
    environ(SLACK_BOT_TOKEN=None, SLACK_APP_TOKEN=None, PAGERDUTY_API_TOKEN=None)
    secrets = load(ReceiverSettings).pagerduty_webhook_secrets
    assert [secret.get_secret_value() for secret in secrets] == ["canary-one", "canary-two"]


def test_the_worker_needs_no_webhook_secret(environ: Environ) -> None:
    """The worker starts without the webhook secrets."""
    environ(PAGERDUTY_WEBHOOK_SECRETS=None)
    assert load(WorkerSettings).slack_bot_token.get_secret_value() == "xoxb-canary-bot"


def test_slack_over_http_needs_its_signing_secret(environ: Environ) -> None:
    """With `SLACK_TRANSPORT=http` the app-level token may be missing, and the signing secret may not."""
    environ(SLACK_TRANSPORT="http", SLACK_APP_TOKEN=None)
    assert problems(WorkerSettings)[0].startswith("SLACK_SIGNING_SECRET is not set. Signing secret from")
    environ(SLACK_TRANSPORT="HTTP", SLACK_APP_TOKEN=None, SLACK_SIGNING_SECRET="canary")
    settings = load(WorkerSettings)
    assert ("http", 3000, None) == (settings.slack_transport, settings.slack_http_port, settings.slack_app_token)


def test_socket_mode_needs_its_token(environ: Environ) -> None:
    """Socket Mode is the default, and a signing secret does not stand in for its token."""
    environ(SLACK_APP_TOKEN=None, SLACK_SIGNING_SECRET="canary")
    assert problems(WorkerSettings)[0].startswith("SLACK_APP_TOKEN is not set. App-level token")


def test_a_pagerduty_app_instead_of_an_api_key(environ: Environ) -> None:
    """The three settings of an app stand in for the key; the region of the account follows from the API's address."""
    app = {"PAGERDUTY_API_TOKEN": None, "PAGERDUTY_CLIENT_ID": "an-app", "PAGERDUTY_SUBDOMAIN": "Acme"}
    environ(**app, PAGERDUTY_CLIENT_SECRET="canary")
    us = OAuthApp("an-app", "canary", "us.acme", "https://identity.pagerduty.com")
    assert credentials(load(WorkerSettings)) == us
    environ(**app, PAGERDUTY_CLIENT_SECRET="canary", PAGERDUTY_API_URL="https://api.eu.pagerduty.com")
    assert credentials(load(WorkerSettings)) == replace(us, account="eu.acme")
    assert "canary" not in repr(us)
    assert "canary" in set(load(WorkerSettings).secrets())


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"PAGERDUTY_API_TOKEN": None}, ["PAGERDUTY_API_TOKEN is not set"]),
        ({"PAGERDUTY_CLIENT_ID": "an-app", "PAGERDUTY_CLIENT_SECRET": "canary", "PAGERDUTY_SUBDOMAIN": "acme"},
         ["PAGERDUTY_API_TOKEN is set as well as PAGERDUTY_CLIENT_ID"]),
        ({"PAGERDUTY_API_TOKEN": None, "PAGERDUTY_CLIENT_ID": "an-app"},
         ["PAGERDUTY_CLIENT_SECRET is not set", "PAGERDUTY_SUBDOMAIN is not set"]),
        ({"PAGERDUTY_CLIENT_SECRET": "canary"}, ["PAGERDUTY_CLIENT_SECRET is set, but PAGERDUTY_CLIENT_ID is not"]),
        ({"PAGERDUTY_CLIENT_ID": "an-app", "PAGERDUTY_CLIENT_SECRET": "canary", "PAGERDUTY_API_TOKEN": None,
          "PAGERDUTY_SUBDOMAIN": "https://canary.pagerduty.com"}, ["PAGERDUTY_SUBDOMAIN must be a subdomain"]),
    ],
)  # fmt: skip
def test_exactly_one_way_into_pagerduty(environ: Environ, given: dict[str, str | None], said: list[str]) -> None:
    """A key or an app, whole: what is missing or too much is named, without its value."""
    environ(**given)
    found = problems(WorkerSettings)
    assert [line.startswith(words) for line, words in zip(found, said, strict=True)] == [True] * len(said)
    assert "canary" not in "".join(found)


@pytest.mark.parametrize("variable", ["HTTPS_PROXY", "all_proxy"])
def test_a_proxy_that_cannot_be_used_is_one_problem(environ: Environ, variable: str) -> None:
    """The variable that is wrong is named, once, and what works; not each address that is called through it."""
    environ(**{variable: "socks5://user:canary@proxy.example.com"})
    (line,) = problems(Settings)
    assert line.startswith(f"{variable} is not the address of an http:// or https:// proxy. ")
    assert "such as http://proxy.example.com:3128" in line
    assert "canary" not in line


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"RECEIVER_PORT": "8081"}, "RECEIVER_PORT is the same as WORKER_PORT"),
        ({"RECEIVER_PORT": "8082"}, "RECEIVER_ADMIN_PORT is the same as RECEIVER_PORT"),
        ({"RECEIVER_ADMIN_PORT": "8081"}, "RECEIVER_ADMIN_PORT is the same as WORKER_PORT"),
        ({"SLACK_TRANSPORT": "http", "SLACK_SIGNING_SECRET": "x", "WORKER_PORT": "3000"},
         "WORKER_PORT is the same as SLACK_HTTP_PORT"),
        ({"RECEIVER_HOST": "127.0.0.1", "WORKER_PORT": "8080"}, "RECEIVER_PORT is the same as WORKER_PORT"),
        ({"RECEIVER_HOST": "10.0.0.7,127.0.0.1", "WORKER_PORT": "8080"}, "RECEIVER_PORT is the same as WORKER_PORT"),
        ({"RECEIVER_HOST": "10.0.0.7", "ADMIN_HOST": "::", "WORKER_PORT": "8080"}, "RECEIVER_PORT is the same as"),
        ({"RECEIVER_HOST": "[::]"}, "RECEIVER_HOST must be an address to listen on"),
        ({"ADMIN_HOST": "127.0.0.1,"}, "ADMIN_HOST must be an address to listen on"),
    ],
)  # fmt: skip
def test_two_servers_on_one_port_are_named(environ: Environ, given: dict[str, str], said: str) -> None:
    """The second of them could never listen, and would be started again for ever."""
    environ(**given)
    (line,) = problems(Settings)
    assert line.startswith(said)


@pytest.mark.parametrize(
    "given",
    [
        {"WORKER_PORT": "0", "RECEIVER_PORT": "0", "RECEIVER_ADMIN_PORT": "0"},
        {"WORKER_PORT": "3000"},
        {"RECEIVER_HOST": "10.0.0.7", "RECEIVER_PORT": "8081"},
        {"RECEIVER_HOST": "10.0.0.7, fd00::7", "ADMIN_HOST": "localhost,::1", "RECEIVER_PORT": "8081"},
    ],
)
def test_ports_that_do_not_collide(environ: Environ, given: dict[str, str]) -> None:
    """Any that the system chooses, that of a server which is off, and the same on another address."""
    environ(**given)
    load(Settings)


def test_secrets_come_from_files(environ: Environ, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A file named like a setting counts where the environment and `.env` say nothing; its last line end does not."""
    environ(SLACK_BOT_TOKEN=None)
    folder = tmp_path / "secrets"
    folder.mkdir()
    (folder / "slack_bot_token").write_text("xoxb-from-a-file\n", encoding="utf-8")
    (folder / "slack_app_token").write_text("xapp-from-a-file\n", encoding="utf-8")
    (folder / "slack_signing_secret").write_text("\n", encoding="utf-8")
    monkeypatch.setenv("SECRETS_DIR", str(folder))
    settings = load(WorkerSettings)
    assert settings.slack_bot_token.get_secret_value() == "xoxb-from-a-file"
    assert settings.slack_app_token is not None
    assert settings.slack_app_token.get_secret_value() == "xapp-canary-app"
    assert settings.slack_signing_secret is None


def test_a_folder_of_secrets_that_is_not_there_is_said(environ: Environ, monkeypatch: pytest.MonkeyPatch) -> None:
    """A wrong `SECRETS_DIR` is named at once, before every secret is said to be missing."""
    environ()
    monkeypatch.setenv("SECRETS_DIR", "/nowhere/at/all")
    assert problems(WorkerSettings) == ["SECRETS_DIR is not a folder: /nowhere/at/all"]


def test_everything_missing_is_named_at_once(environ: Environ) -> None:
    """Each missing setting is one line that also says what the setting is."""
    environ(**dict.fromkeys(GOOD))
    found = problems(Settings)
    assert {line.split()[0] for line in found} == set(GOOD)
    assert all(" is not set. " in line for line in found)


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("SLACK_BOT_TOKEN", "xoxp-canary", "must start with xoxb-"),
        ("SLACK_APP_TOKEN", "xoxb-canary", "must start with xapp-"),
        ("SLACK_APP_TOKEN", "xapp-can ary", "characters that no token has"),
        ("PAGERDUTY_API_TOKEN", "canary\u00e9", "characters"),
        ("PAGERDUTY_API_TOKEN", "", "is not set"),
        ("PAGERDUTY_WEBHOOK_SECRETS", "canary,,", "empty secret"),
        ("PAGERDUTY_WEBHOOK_SECRETS", ",", "empty secret"),
        ("PAGERDUTY_API_URL", "http://canary.example.com", "must use https:// for another machine"),
        ("PAGERDUTY_API_URL", "http://127.0.0.1.example.com", "must use https:// for another machine"),
        ("PAGERDUTY_API_URL", "ftp://canary", "must be an https:// address"),
        ("SLACK_API_URL", "http://canary.example.com/api/", "must use https:// for another machine"),
        ("SLACK_COMMAND", "canary", "must be a slash command"),
        ("REDIS_URL", "http://canary", "redis://"),
        ("REDIS_URL", "redis://", "redis://"),
        ("REDIS_URL", "redis://canary:99999", "ort"),
        ("REDIS_URL", "redis+sentinel://canary:26379", "must be like redis+sentinel://"),
        ("REDIS_URL", "redis+sentinel:///canary", "must be like redis+sentinel://"),
        ("REDIS_URL", "redis+sentinel://canary:x,b:1/name", "must be like redis+sentinel://"),
        ("REDIS_URL", "rediss+sentinel://canary/name/x", "must be like redis+sentinel://"),
        ("REDIS_URL", "redis+cluster://canary:x", "must be like redis+cluster://"),
        ("REDIS_URL", "redis+cluster://canary/name", "must be like redis+cluster://"),
        ("REDIS_URL", "rediss+cluster://", "must be like redis+cluster://"),
        ("RECEIVER_PORT", "canary", "must be a number. "),
        ("WORKER_PORT", "65536", "must be a port up to 65535. "),
        ("WORKER_PORT", "-1", "must be a port up to 65535. "),
        ("LOG_LEVEL", "canary", "'debug', 'info', 'warning' or 'error'"),
        ("LOG_FORMAT", "canary", "'json' or 'console'"),
    ],
)
def test_a_wrong_value_is_named_and_never_shown(environ: Environ, name: str, value: str, said: str) -> None:
    """One wrong value gives one line: the setting and what is wrong with it, but not the value."""
    environ(**{name: value})
    (line,) = problems(Settings)
    assert line.startswith(f"{name} ")
    assert said in line
    assert "canary" not in line


def test_everything_wrong_is_named_at_once(environ: Environ) -> None:
    """Somebody who mends what the message says is done after one round."""
    environ(SLACK_BOT_TOKEN="xoxp-1", PAGERDUTY_API_TOKEN=None, LOG_LEVEL="loud", WORKER_PORT="x")
    assert {line.split()[0] for line in problems(WorkerSettings)} == {
        "SLACK_BOT_TOKEN",
        "PAGERDUTY_API_TOKEN",
        "LOG_LEVEL",
        "WORKER_PORT",
    }


@pytest.mark.parametrize("url", ["http://127.0.0.1:9001", "http://localhost:9001/", "http://[::1]:9001"])
def test_plain_http_is_for_this_machine(environ: Environ, url: str) -> None:
    """A sandbox on this machine is reached without TLS; a slash at the end makes no difference."""
    environ(PAGERDUTY_API_URL=url, SLACK_API_URL=f"{url.rstrip('/')}/api")
    settings = load(WorkerSettings)
    assert settings.pagerduty_api_url == url.rstrip("/")
    assert settings.slack_api_url == f"{url.rstrip('/')}/api/"


def test_port_is_honoured_unless_receiver_port_says_otherwise(environ: Environ) -> None:
    """`PORT` of a platform is taken; the more specific name wins."""
    environ(PORT="5000")
    assert load(ReceiverSettings).receiver_port == 5000
    environ(PORT="5000", RECEIVER_PORT="6000")
    assert load(ReceiverSettings).receiver_port == 6000


def test_dotenv_is_read_and_the_environment_wins(environ: Environ) -> None:
    """Lines of `.env` count, foreign ones are left alone, an empty variable does not hide a line."""
    environ(REDIS_URL="", LOG_FORMAT="console")
    Path(".env").write_text("REDIS_URL=unix:///run/valkey.sock\nLOG_FORMAT=json\nSOMETHING_ELSE=1\n", encoding="utf-8")
    settings = load(Settings)
    assert settings.redis_url.get_secret_value() == "unix:///run/valkey.sock"
    assert settings.log_format == "console"


def test_an_unreadable_dotenv_is_said(environ: Environ) -> None:
    """A `.env` that is no text is named instead of a traceback."""
    environ()
    Path(".env").write_bytes(b"\xff\xfe\x00")
    (line,) = problems(Settings)
    assert line == ".env is not UTF-8 (line 1): save it with the encoding UTF-8"


def test_service_links_of_kubernetes_are_no_settings(environ: Environ) -> None:
    """Where there is a service `receiver` or `worker`, every pod gets its address in a variable like a setting's."""
    environ(RECEIVER_PORT="tcp://10.0.0.7:80", WORKER_PORT="tcp://10.0.0.8:8081")
    found = load(Settings)
    assert (8080, 8081) == (found.receiver_port, found.worker_port)


def test_given_values_win(environ: Environ) -> None:
    """`pagebridge up` hands over the address of its own Valkey."""
    environ()
    assert load(Settings, redis_url="unix:///x/valkey.sock").redis_url.get_secret_value() == "unix:///x/valkey.sock"


def test_no_secret_is_in_the_settings_text(environ: Environ) -> None:
    """Printing the settings gives none of the secrets away."""
    environ()
    assert "canary" not in repr(load(Settings)) + str(load(Settings))


def test_secrets_are_listed_for_the_log(environ: Environ) -> None:
    """The log learns every secret; of the addresses of Redis and a proxy the passwords, as written and as meant."""
    sentinel = (
        "redis+sentinel://user:canary%2Fredis@a,[::1]:5/name?sentinel_username=u&sentinel_password=canary%2Fsentinel"
    )
    environ(HTTPS_PROXY="http://user:canary%2Fproxy@127.0.0.1:3128", REDIS_URL=sentinel)
    assert set(load(Settings).secrets()) == {
        "xoxb-canary-bot",
        "xapp-canary-app",
        "u+canarypagerduty",
        "canary-one",
        "canary-two",
        "canary%2Fredis",
        "canary/redis",
        "canary%2Fsentinel",
        "canary/sentinel",
        "canary%2Fproxy",
        "canary/proxy",
    }


def test_a_collector_of_traces_is_an_address(environ: Environ) -> None:
    """Plain http too, for it stands beside the bridge; its headers are secrets, each value of them by itself."""
    environ(
        OTEL_EXPORTER_OTLP_ENDPOINT="http://collector:4318/", OTEL_EXPORTER_OTLP_HEADERS="a=canary%20one,b=canarytwo"
    )
    settings = load(ReceiverSettings)
    assert ("http://collector:4318", "a=canary%20one,b=canarytwo") == settings.otlp
    assert {"canary one", "canarytwo"} <= set(settings.secrets())
    environ(OTEL_EXPORTER_OTLP_ENDPOINT="collector:4318")
    [said] = problems(ReceiverSettings)
    assert said.startswith("OTEL_EXPORTER_OTLP_ENDPOINT must be an address such as http://collector:4318.")


def test_traces_without_their_packages_are_named(environ: Environ, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is to be installed is said before anything starts."""
    monkeypatch.setattr("shared.config.setting_types.find_spec", lambda _name: None)
    environ(OTEL_EXPORTER_OTLP_ENDPOINT="http://collector:4318")
    [said] = problems(WorkerSettings)
    assert "needs the packages of the extra `otel`: install pagebridge[otel]" in said
