"""The log: every way by which a secret could reach it, tried with canaries."""

import base64
import html
import io
import json
import logging
import re
import subprocess
import sys
from collections.abc import Iterator
from urllib.parse import quote, quote_plus

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st

from shared.observability.log import _HARMLESS_TEXT, _SECRET_TEXT, Redaction, configure, reference

CANARIES = {
    "bot token": "xoxb-1234567890-canarycanary",
    "rotated token": "xoxe.xoxb-1-canarycanary",
    "app token": "xapp-1-A123-456-canarycanary",
    "authorization": "Authorization: Token token=canarycanary",
    "bearer": "Bearer canarycanary",
    "headers": repr({"Authorization": "Bearer canarycanary", "X-PagerDuty-Signature": "v1=canarycanary"}),
    "signatures": f"v1={'c0ffee' * 10},v1={'c0ffee' * 10}",
    "response_url": "https://hooks.slack.com/actions/T1/2/canarycanary",
    "response_url in JSON": json.dumps({"response_url": "http://127.0.0.1:9/canarycanary"}),
    "JSON in JSON": json.dumps(json.dumps({"trigger_id": "canarycanary"})),
    "trigger_id": "13345224609.738474920.8088930838d88f008e0c0ffee",
    "ticket": "wss://wss.example.com/link/?ticket=canarycanary&app_id=1",
    "redis": "redis://user:canarycanary@example.com/0",
    "response_url of a government": "https://hooks.slack-gov.com/actions/T1/2/canarycanary",
    "response_url with a port": "HTTPS://Hooks.Slack.com:443/actions/T1/2/canarycanary",
    "response_url in escaped JSON": r"https:\/\/hooks.slack.com\/actions\/T1\/2\/canarycanary",
    "token alone in an address": "https://canarycanary@example.com/x",
    "password with an at": "redis://user:canary@canary@example.com/0",
    "address in escaped JSON": r"redis:\/\/user:canarycanary@example.com\/0",
    "address in an address": "?to=redis%3A%2F%2Fuser%3Acanarycanary%40example.com",
    "cookies": "Cookie: a=canary; b=canary",
    "digest": 'Authorization: Digest username="canary", response="canary"',
    "several words": '{"password": "canary canary"}',
    "list": '{"passwd": ["canary", "canary"]}',
    "object": "{'api_key': {'value': 'canary', 'more': 'canary'}}",
    "known": "in the middle of canary-known-canary words",
}
PASSWORD = "canary/+pass word?>"
QUOTED = "canary\"pass\\word/\u00e9&<'\U0001f511>"
ENCODED = {
    "percent": quote(PASSWORD, safe=""),
    "percent in small letters": quote(PASSWORD, safe="").lower(),
    "percent twice": quote(quote(PASSWORD, safe=""), safe=""),
    "percent for all": "".join(f"%{ord(char):02x}" for char in PASSWORD),
    "a form": quote_plus(PASSWORD),
    "hex": PASSWORD.encode().hex(),
    **{
        f"base64 {kind} after {before!r} before {after!r}": encode(f"{before}{PASSWORD}{after}".encode()).decode()
        for kind, encode in (("for addresses", base64.urlsafe_b64encode), ("of old", base64.b64encode))
        for before in ("", ":", "u:", "us:")
        for after in ("", "\n", ":x")
    },
}
CONFIGURE = "from shared.observability.log import configure; configure('info', 'json', ['canarycanary']);"
CANARY = re.compile("canary|c0ffee")


@pytest.fixture(params=["json", "console"])
def written(request: pytest.FixtureRequest) -> Iterator[io.StringIO]:
    """Configure logging into memory, and leave it as it was."""
    handlers, level, hook = logging.root.handlers, logging.root.level, sys.excepthook
    stream = io.StringIO()
    configure("debug", request.param, ["canary-known-canary"], stream)
    yield stream
    logging.root.handlers, sys.excepthook = handlers, hook
    logging.root.setLevel(level)
    structlog.reset_defaults()


@pytest.mark.parametrize("secret", CANARIES.values(), ids=CANARIES.keys())
def test_no_secret_gets_out(written: io.StringIO, secret: str) -> None:
    """A secret is hidden as an event, as a value at any depth, as bytes, in an error, and in a library's line."""
    log = structlog.get_logger()
    log.info("thing.seen", text=secret, deep=[{"x": (secret, {secret})}], raw=secret.encode(), thing=Exception(secret))
    event = f"thing.seen {secret}"
    log.info(event, **{secret: 1})
    try:
        fail_with(secret)
    except ValueError:
        log.exception("work.failed")
    logging.getLogger("slack_sdk.web.async_client").debug("sending %s", {"body": secret})
    lines = written.getvalue()
    assert lines.count("thing.seen") == 2
    assert "work.failed" in lines
    assert "sending" in lines
    assert not CANARY.search(lines)


@pytest.mark.parametrize("secret", ENCODED.values(), ids=ENCODED)
def test_a_known_secret_is_hidden_in_other_forms(secret: str) -> None:
    """Addresses, forms and headers encode what they carry."""
    hidden = Redaction([PASSWORD]).text(f"GET /{secret} failed")
    assert "[hidden]" in hidden
    assert len(hidden) <= len("GET /[hidden] failed") + 8


@pytest.mark.parametrize(
    "written",
    [
        json.dumps(QUOTED),
        json.dumps(json.dumps({"x": QUOTED})),
        json.dumps(QUOTED, ensure_ascii=False).replace("/", r"\/"),
        repr(QUOTED),
        repr(QUOTED.encode()),
        repr(repr(QUOTED)),
        html.escape(QUOTED),
        html.escape(QUOTED).encode("ascii", "xmlcharrefreplace").decode(),
    ],
)
def test_a_known_secret_is_hidden_however_it_is_quoted(written: str) -> None:
    """As JSON, Python and pages for a browser write what is no letter, also one within the other."""
    hidden = Redaction([QUOTED]).text(f"got {written} back")
    assert not CANARY.search(hidden)
    assert "word" not in hidden  # not even the end of it


@given(st.text(st.characters(codec="utf-8"), min_size=6, max_size=40), st.text(max_size=7), st.text(max_size=7))
def test_any_known_secret_is_hidden_in_base64(secret: str, before: str, after: str) -> None:
    """Wherever it begins among the octets."""
    octets = f"{before}{secret}{after}".encode(errors="replace")
    assert "[hidden]" in Redaction([secret]).text(base64.b64encode(octets).decode())


@pytest.mark.parametrize(
    "text",
    [
        "api_key=canarycanary",
        "X-Api-Key: canarycanary",
        "?apikey=canarycanary&x=1",
        "passwd=canarycanary",
        "pwd: 'canarycanary'",
        '{"passphrase": "canarycanary"}',
        "private key: canarycanary",
        "routing_key%3Dcanarycanary",
        "api_key%22%3A%22canarycanary",
        "credentials=canarycanary",
        "client_secret_key=canarycanary",
        "session_id: canarycanary",
        "auth=canarycanary",
        "api.key => canarycanary",
        r"password\u003dcanarycanary",
    ],
)
def test_what_follows_the_name_of_a_secret_is_hidden(text: str) -> None:
    """However the name is spelled, and also in an address."""
    assert "canary" not in Redaction().text(text)


@given(st.from_regex(_HARMLESS_TEXT, fullmatch=True))
def test_numbers_and_ids_look_like_no_secret(text: str) -> None:
    """The pattern for secrets matches no text that redaction skips as harmless."""
    assert _SECRET_TEXT.search(text) is None


def test_a_known_secret_that_looks_like_an_id_is_hidden() -> None:
    """Each time, also in a text of nothing but ids, be it short or long."""
    redaction = Redaction(["c0ffee-1234"])
    for text in ("c0ffee-1234", "c0ffee-1234", "0123-abcd " * 50 + "c0ffee-1234"):
        assert text.replace("c0ffee-1234", "[hidden]") == redaction.text(text)


def fail_with(secret: str) -> None:
    """Fail with a secret in the error's text."""
    raise ValueError(secret)


@pytest.mark.parametrize(
    "key",
    [
        *(
            "api_key",
            "X-Api-Key",
            "apiKey",
            "passwd",
            "db_pwd",
            "passphrase",
            "credentials",
            "private_key",
            "integration_key",
            "authorization_header",
            "set-cookie",
            "password_hash",
            "secretKey",
            "session",
            "auth",
        ),
        *(
            "token",
            "slack_bot_token",
            "X-PagerDuty-Signature",
            "Authorization",
            "response_url",
            "trigger_id",
            "secrets",
        ),
    ],
)
def test_a_key_that_names_a_secret_hides_its_value(written: io.StringIO, key: str) -> None:
    """What stands under such a key is hidden whatever it looks like, also deeper in."""
    structlog.get_logger().info("thing.seen", **{key: "plain"}, payload={key: ["plain"]})
    assert "plain" not in written.getvalue()


def test_harmless_values_stay(written: io.StringIO) -> None:
    """Ids, numbers, times and addresses without a password are what the log is for."""
    structlog.get_logger().info(
        "card.posted", incident="Q1INCIDENT", ts="1700000000.000100", count=3, url="redis://example.com/0", ok=None
    )
    for value in ("Q1INCIDENT", "1700000000.000100", "3", "redis://example.com/0"):
        assert value in written.getvalue()


def test_a_line_that_cannot_be_made_is_reported_without_its_contents() -> None:
    """A broken log call says where it is, and nothing of what it was given."""
    said = run(CONFIGURE + "import logging; logging.getLogger('library').warning('%d', 'canarycanary')")
    assert said == "log.failed at <string>:1: TypeError\n"


def test_json_lines_carry_event_level_time_and_context() -> None:
    """A JSON line is one object with the event, its level, logger and time, the context, and the facts as keys."""
    program = CONFIGURE + (
        "import structlog; structlog.contextvars.bind_contextvars(incident='Q1');"
        "structlog.get_logger('bolt_app').debug('too.low');"
        "structlog.get_logger('bolt_app').info('incident.folded', revision=3)"
    )
    line = json.loads(run(program))
    assert line.pop("timestamp").endswith("Z")
    assert line == {
        "event": "incident.folded",
        "level": "info",
        "logger": "bolt_app",
        "incident": "Q1",
        "revision": 3,
    }


def test_an_error_that_nobody_catches_is_logged_without_secrets() -> None:
    """The last traceback of a process goes the same way as every other line."""
    line = json.loads(run(CONFIGURE + "raise RuntimeError('canarycanary')", code=1))
    assert line["event"] == "process.failed"
    assert "RuntimeError: [hidden]" in line["exception"]


def test_requests_of_libraries_are_logged_for_debugging_only() -> None:
    """A line per request with somebody's e-mail address in it is not for every day."""
    request = "import logging; logging.getLogger('httpx2').info('GET /users?query=alice')"
    assert run(CONFIGURE + request) == ""
    assert "alice" in run(CONFIGURE.replace("info", "debug") + request)


def run(program: str, code: int = 0) -> str:
    """Run a small program, and return what it logs."""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)  # noqa: S603
    assert done.returncode == code
    return done.stderr


def test_a_reference_is_short_and_each_is_another() -> None:
    """Eight letters and digits that somebody can read out, practically never the same twice."""
    made = {reference() for _ in range(100)}
    assert len(made) == 100
    assert all(re.fullmatch(r"[A-Z2-7]{8}", one) for one in made)
