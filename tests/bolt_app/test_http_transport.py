"""The port for Slack's requests: what is not signed by Slack, or not fresh, gets no further."""

import asyncio
import gzip
import hashlib
import hmac
import io
import json
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

import aiohttp
import pytest
from slack_bolt.async_app import AsyncAck, AsyncApp
from slack_bolt.authorization import AuthorizeResult

from bolt_app.slack_transport.http import LIMITS, MOST_BODY, PATH, HttpMode
from shared.http.server import ClientLimits
from tests.metric_samples import sample
from tests.stories.harness import until

SECRET = "a-signing-secret"
COMMAND = b"command=%2Fpd&text=help&user_id=U0ALICE&team_id=T0ACME"
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
QUICK = ClientLimits(header=0.2, body=0.2, answer=3.0, idle=0.2, drain=3.0)


def signed(body: bytes, *, ago: float = 0, secret: str = SECRET, at: str = "") -> dict[str, str]:
    """Sign a body as Slack does, as sent some seconds `ago`."""
    sent = at or str(int(time.time() - ago))
    digest = hmac.new(secret.encode(), b"v0:" + sent.encode() + b":" + body, hashlib.sha256).hexdigest()
    return {**FORM, "X-Slack-Request-Timestamp": sent, "X-Slack-Signature": f"v0={digest}"}


@dataclass
class Listening:
    """A port for Slack, in front of an app that takes `/pd`; `taken` is what came through."""

    http: HttpMode
    session: aiohttp.ClientSession
    taken: list[str] = field(default_factory=list)

    async def post(self, body: bytes = COMMAND, headers: dict[str, str] | None = None) -> tuple[int, str]:
        """Post a body, signed and fresh unless said otherwise, and return status and text of the answer."""
        headers = signed(body) if headers is None else headers
        async with self.session.post(self.url(PATH), data=io.BytesIO(body), headers=headers) as answer:
            assert answer.headers["Server"] == "pagebridge"
            return answer.status, await answer.text()

    def url(self, path: str) -> str:
        """Give the address of a path."""
        return f"http://127.0.0.1:{self.http.port}{path}"


@asynccontextmanager
async def listening(limits: ClientLimits = LIMITS) -> AsyncIterator[Listening]:
    """Open the port."""

    async def authorize() -> AuthorizeResult:
        return AuthorizeResult(enterprise_id=None, team_id="T0ACME", bot_token="xoxb-1")

    async def typed(ack: AsyncAck, body: dict[str, Any]) -> None:
        found.taken.append(body["text"])
        await ack("seen")

    app = AsyncApp(authorize=authorize, request_verification_enabled=False)
    app.command("/pd")(typed)
    async with aiohttp.ClientSession() as session, asyncio.TaskGroup() as group:
        found = Listening(HttpMode(app, SECRET, ("127.0.0.1", 0), limits), session)
        stopping = asyncio.Event()
        running = group.create_task(found.http.run(stopping))
        await until(lambda: found.http.port > 0, "the port")
        yield found
        stopping.set()
        await running
        await found.http.close()


@pytest.fixture
async def port() -> AsyncIterator[Listening]:
    """Open the port with the limits of production."""
    async with listening() as found:
        yield found


async def test_what_slack_signed_reaches_the_listeners(port: Listening) -> None:
    """The answer is the listener's ack, also to what was sent almost five minutes ago."""
    assert (200, "seen") == await port.post()
    assert (200, "seen") == await port.post(headers=signed(COMMAND, ago=297))
    assert ["help", "help"] == port.taken


# Made when they are sent: while other tests run they would grow old.
FORGED: dict[str, Callable[[], dict[str, str]]] = {
    "none": lambda: FORM,
    "other secret": lambda: signed(COMMAND, secret="another"),
    "other body": lambda: signed(COMMAND + b"&x=1"),
    "old": lambda: signed(COMMAND, ago=302),
    "early": lambda: signed(COMMAND, ago=-302),
    "no time": lambda: signed(COMMAND, at="soon"),
    "huge time": lambda: signed(COMMAND, at="1" * 5000),
    "no ascii": lambda: {**signed(COMMAND), "X-Slack-Signature": "v0=caf\u00e9"},
    "empty": lambda: {**signed(COMMAND), "X-Slack-Signature": ""},
    "other time": lambda: {**signed(COMMAND), "X-Slack-Request-Timestamp": str(int(time.time()) + 1)},
}


@pytest.mark.parametrize("forged", FORGED)
async def test_everything_else_is_refused(port: Listening, forged: str) -> None:
    """401 without a word; no listener hears of it."""
    assert (401, "") == await port.post(headers=FORGED[forged]())
    assert [] == port.taken


REFUSED: dict[str, str] = {
    "none": "",
    "no time": "",
    "other secret": "none is signed with SLACK_SIGNING_SECRET",
    "other body": "none is signed with SLACK_SIGNING_SECRET",
    "old": "s behind this worker's",
    "early": "s ahead of this worker's",
}


@pytest.mark.parametrize("forged", REFUSED)
async def test_why_slacks_requests_are_refused_is_known(port: Listening, forged: str) -> None:
    """A wrong secret and a wrong time are told apart, and counted; what bears no signature at all is nobody's."""
    why = {"": "unsigned", "n": "signature", "s": "time"}[REFUSED[forged][:1]]
    before = refusals(why)

    assert (401, "") == await port.post(headers=FORGED[forged]())

    assert before + 1 == refusals(why)
    assert REFUSED[forged] in port.http.refused
    assert bool(REFUSED[forged]) == bool(port.http.refused)

    assert 200 == (await port.post())[0]
    assert "" == port.http.refused


async def test_what_a_stranger_signs_makes_no_problem_where_slack_is_heard(port: Listening) -> None:
    """The secret is right then; such a request is counted, and no worker is called broken for it."""
    await port.post()
    await port.post(headers=FORGED["other secret"]())
    assert "" == port.http.refused

    await port.post(headers=FORGED["old"]())
    await port.post(headers=FORGED["other secret"]())
    assert "s behind this worker's" in port.http.refused


async def test_a_refusal_is_forgotten_after_a_while(port: Listening) -> None:
    """Nobody presses at night: what was refused ten minutes ago says nothing about now."""
    await port.post(headers=FORGED["old"]())
    assert port.http.refused
    port.http._now = lambda: time.monotonic() + 601

    assert "" == port.http.refused


def refusals(why: str) -> float:
    """Count the requests that were refused for it."""
    return sample("pagebridge_slack_requests_refused_total", {"why": why}) or 0.0


@pytest.mark.parametrize("body", [b"ssl_check=1&token=x", b'{"type": "url_verification", "challenge": "x"}', b"\xff"])
async def test_nothing_is_answered_before_the_signature_is_verified(port: Listening, body: bytes) -> None:
    """What Bolt would answer to anybody is for Slack alone here."""
    assert (401, "") == await port.post(body, FORM)


async def test_the_challenge_is_answered(port: Listening) -> None:
    """Slack tries an address before it keeps it."""
    body = json.dumps({"type": "url_verification", "challenge": "3eZbrw1a"}).encode()
    status, text = await port.post(body, {**signed(body), "Content-Type": "application/json"})
    assert (200, {"challenge": "3eZbrw1a"}) == (status, json.loads(text))


JSON = "application/json; charset=utf-8"
ODD: dict[str, tuple[bytes, str]] = {
    "no JSON": (b"{", JSON),
    "no object": (b'["block_actions"]', JSON),
    "null": (b"null", JSON),
    "nested deeply": (b"[" * 100_000, JSON),
    "an empty payload": (b"payload=", FORM["Content-Type"]),
    "a payload that is a number": (b"payload=5", FORM["Content-Type"]),
    "a number with 5,000 digits": (b'payload={"n":' + b"9" * 5000 + b"}", FORM["Content-Type"]),
    "a team that is a number": (b'payload={"type":"shortcut","callback_id":"x","team":5}', FORM["Content-Type"]),
    "half a surrogate pair for a person": (
        b'payload={"type":"block_actions","user":{"id":"U\\ud800"},"actions":[{"action_id":"x"}]}',
        FORM["Content-Type"],
    ),
    "no action": (b'payload={"type":"block_actions","actions":[]}', FORM["Content-Type"]),
    "an action without a name": (b'payload={"type":"block_actions","actions":[{}]}', FORM["Content-Type"]),
    "no view": (b'payload={"type":"view_submission","view":null}', FORM["Content-Type"]),
    "a view of no type": (b'payload={"type":"view_closed","view":{"callback_id":"x"}}', FORM["Content-Type"]),
    "no field that is searched": (b'payload={"type":"block_suggestion"}', FORM["Content-Type"]),
    "a shortcut without a name": (b'payload={"type":"message_action","callback_id":7}', FORM["Content-Type"]),
    "a type that is a list": (b'payload={"type":[]}', FORM["Content-Type"]),
    "no event": (b'{"type":"event_callback","event":5}', JSON),
    "an event of nobody": (b'{"type":"event_callback","event":{"type":"user_change","user":5}}', JSON),
}


@pytest.mark.parametrize("odd", ODD)
async def test_what_is_signed_and_makes_no_sense_is_a_400(port: Listening, odd: str) -> None:
    """It is not taken for a fault of ours, which Slack would tell people."""
    body, kind = ODD[odd]
    assert (400, "") == await port.post(body, {**signed(body), "Content-Type": kind})


async def test_a_line_may_name_a_payload(port: Listening) -> None:
    """A person may type any word, also the one by which Slack's other payloads are known."""
    assert (200, "seen") == await port.post(COMMAND.replace(b"help", b"note+payload%3D5+is+too+big"))
    assert ["note payload=5 is too big"] == port.taken


async def test_headers_that_nobody_signed_do_not_steer_bolt(port: Listening) -> None:
    """Bolt skips a listener for whoever sends its own header; a replay with that header added does not."""
    assert (200, "seen") == await port.post(headers={**signed(COMMAND), "X-Slack-Bolt-Lazy-Only": "1"})
    assert ["help"] == port.taken


async def test_what_is_too_long_is_refused(port: Listening) -> None:
    """413, before anything is verified."""
    assert 413 == (await port.post(b"x" * (MOST_BODY + 1)))[0]
    assert [] == port.taken


async def test_nothing_is_unpacked(port: Listening) -> None:
    """The signature is over the bytes on the wire: what they say counts, not how they are labelled."""
    packed = gzip.compress(COMMAND * 10_000)
    assert (200, "seen") == await port.post(headers={**signed(COMMAND), "Content-Encoding": "gzip"})
    assert 401 == (await port.post(packed, {**signed(packed), "Content-Encoding": "gzip"}))[0]
    assert ["help"] == port.taken


async def test_only_posts_are_taken(port: Listening) -> None:
    """There is nothing to read, and no other path."""
    async with port.session.get(port.url(PATH)) as answer:
        assert 405 == answer.status
    async with port.session.get(port.url("/metrics")) as answer:
        assert 404 == answer.status
    async with port.session.get(port.url("/healthz")) as answer:
        assert (200, "") == (answer.status, await answer.text())


async def test_a_proxy_may_leave_its_prefix(port: Listening) -> None:
    """The addresses in the app's settings have it, so a request with it is one of Slack's."""
    async with port.session.post(port.url("/pagebridge" + PATH), data=COMMAND, headers=signed(COMMAND)) as answer:
        assert (200, "seen") == (answer.status, await answer.text())


async def test_a_silent_client_is_cut_off() -> None:
    """Whoever opens a connection and says nothing loses it, as at the receiver's port."""
    async with listening(QUICK) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port.http.port)
        async with asyncio.timeout(5):
            with suppress(ConnectionResetError):
                assert b"" == await reader.read()
        writer.close()
