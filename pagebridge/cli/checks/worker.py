"""Checks of the worker on this machine: whether it is ready, and takes a request signed as Slack's."""

import asyncio
import json
import secrets
import time
from collections.abc import Callable
from functools import partial
from http import HTTPStatus
from urllib.parse import urlsplit

import aiohttp
from slack_sdk.signature import SignatureVerifier

from pagebridge.cli.checks.findings import Check, Verdict, failed, passed, skipped, warned
from pagebridge.cli.clients import PAGE_TIMEOUT, Worker
from shared.config.settings import SlackSettings
from shared.http.hosts import from_here
from shared.http.proxy import proxy_for, why_unreachable
from shared.model.event import SECOND

PATH = "/slack/events"
CONNECT = 1.0
"""Seconds for finding out whether a port of this machine is in use."""
ACCEPTED = "a request that is signed with SLACK_SIGNING_SECRET is accepted"
OTHERS = (
    *("Redis", "Slack", "Slack bot token", "Slack scopes", "Slack app token"),
    *("PagerDuty token", "webhook subscription", "webhook events", "webhook enabled"),
)
"""The sides that the doctor checks itself: a worker that reports the same adds nothing."""


def checks(
    worker: Worker, settings: SlackSettings, slack_url: str = "", slack_ms: Callable[[], int | None] = lambda: None
) -> list[Check]:
    """
    List the checks. `slack_url` is where Slack sends its requests, if not to this machine; with HTTP only.

    `slack_ms` is Slack's time in milliseconds since 1970, by which it dates them; None if unknown.
    """
    found = [Check("worker", lambda: ready(worker), needs=OTHERS)]
    if settings.socket_token is None and settings.slack_signing_secret:
        secret = settings.slack_signing_secret.get_secret_value()
        here = f"http://{from_here(settings.slack_http_host)}:{settings.slack_http_port}{PATH}"
        found.append(
            Check("Slack over HTTP", partial(accepted, slack_url or here, secret, slack_ms, local=not slack_url))
        )
    return found


async def ready(worker: Worker) -> Verdict:
    """Take over what the worker itself says is wrong."""
    found = await worker.health()
    if found is None and await is_in_use(worker.hosts, worker.port):
        return in_use(worker.port, "WORKER_PORT")
    if found is None:
        return skipped("not running on this machine", "`pagebridge up` starts it")
    problems = found.get("problems")
    if isinstance(problems, list) and problems:
        # Ready all the same, it does everything, and something else stands in.
        return (warned if found.get("ready") else failed)(" ".join(map(str, problems)), "its log has more")
    return passed("ready") if found.get("ready") else failed("not ready", "its log says why")


async def accepted(url: str, secret: str, slack_ms: Callable[[], int | None], *, local: bool) -> Verdict:
    """Send a request as Slack does when it checks an address, signed with our secret, and look at the answer."""
    challenge, known = secrets.token_hex(8), slack_ms()
    try:
        status, answer = await _sent(url, secret, challenge, time.time() if known is None else known / SECOND)
    except (aiohttp.ClientError, OSError) as error:
        there = urlsplit(url)
        if local and await is_in_use(there.hostname or "", there.port or 0):
            return in_use(there.port or 0, "SLACK_HTTP_PORT")
        if local:
            what = f"no worker on this machine takes Slack's requests at {url}"
            return skipped(what, "run this where the worker runs, or give Slack's own address with --slack-url")
        return failed(
            f"{url} can't be reached: {why_unreachable(url, error)}", "check DNS, proxy, firewall and SLACK_HTTP_PORT"
        )
    if status == HTTPStatus.UNAUTHORIZED:
        by = "this machine's clock" if known is None else "Slack's clock"
        what = f"{url} rejects a request that is signed with SLACK_SIGNING_SECRET and dated by {by}"
        return failed(
            what, "restart the worker with that secret; if it has it, its /readyz says how far its clock is off"
        )
    if status != HTTPStatus.OK or challenge not in answer:
        return failed(f"{url} answered {status}, not as a worker does", f"lead Slack's requests to a worker's {PATH}")
    return passed(ACCEPTED)


async def is_in_use(hosts: str, port: int) -> bool:
    """True if a program listens on a port of this machine."""
    try:
        async with asyncio.timeout(CONNECT):
            _, writer = await asyncio.open_connection(from_here(hosts).strip("[]"), port)
    except (OSError, TimeoutError):
        return False
    writer.close()
    return True


def in_use(port: int, setting: str) -> Verdict:
    """Return that a port is held by a program that does not answer as a worker does."""
    what = f"port {port} is in use by a program that doesn't answer as a worker does"
    return failed(what, f"choose another {setting}, or end that program")


async def _sent(url: str, secret: str, challenge: str, now: float) -> tuple[int, str]:
    body = json.dumps({"type": "url_verification", "challenge": challenge})
    at = str(int(now))
    headers = {
        "Content-Type": "application/json",
        "X-Slack-Request-Timestamp": at,
        "X-Slack-Signature": str(SignatureVerifier(secret).generate_signature(timestamp=at, body=body)),
    }
    async with (
        aiohttp.ClientSession(timeout=PAGE_TIMEOUT, trust_env=False) as http,
        http.post(url, data=body, headers=headers, proxy=proxy_for(url)) as answer,
    ):
        return answer.status, await answer.text()
