"""The real receiver and worker, as processes of their own, with settings that lead to nothing but this machine."""

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import aiohttp

from pagebridge.local.child_process import Child
from pagebridge.local.embedded_valkey import EmbeddedValkey
from pagebridge_sandbox.loopback import HOST, free_ports, without_proxies
from pagebridge_sandbox.pagerduty import PagerDutySandbox
from pagebridge_sandbox.slack import SlackSandbox

SECRET = "the-demo-signs-with-this"  # noqa: S105 - known to this machine only, for the length of the demo
RECEIVER_URL = "https://receiver.invalid"
"""Stands in `bridge.toml` for the receiver's address, which is not known before."""
EXPECTED_ERRORS = (
    {"event": "command.failed"},
    {"event": "readiness.lost", "what": "pagerduty"},
    {"event": "readiness.lost", "what": "teams"},
)
"""
What the worker calls an error and the story means.

Something could not be done for a person, who was told so. Or PagerDuty, which the story takes down, was still away at
two looks in a row, as may be on a slow machine.
"""
STOP_TIMEOUT = 20.0
"""Seconds that a process has to finish what it has in hand. Longer than the processes' own."""
HTTP_TIMEOUT = aiohttp.ClientTimeout(total=5.0)
OK = 200


class ProcessFailed(Exception):
    """Raised when a process has ended that should be running, or is not well in another way."""


class Process:
    """One of our processes: the port that tells how it is, and the file that has its log. It runs from the start."""

    def __init__(self, name: str, module: str, port: int, log: Path, environment: Mapping[str, str]) -> None:
        self.name = name
        self.port = port
        self.log = log
        self._module = module
        self._environment = environment
        self.child = self._started()

    @property
    def running(self) -> bool:
        """Whether it has not ended."""
        return self.child.code is None

    def require_running(self) -> None:
        """Raise `ProcessFailed` if it does not run any more."""
        if not self.running:
            raise ProcessFailed(f"the {self.name} has ended with exit code {self.child.code}")

    def restart(self) -> None:
        """Start it again once it has ended; its log goes on."""
        if not self.running:
            self.child = self._started()

    def _started(self) -> Child:
        return start_module(self._module, self._environment, self.log)

    def error_lines(self) -> list[str]:
        """Return the lines of its log that stand for an error; one that is no JSON is what Python said at its end."""
        return [line for line in self.log.read_text(encoding="utf-8").splitlines() if is_error(line)]


class Bridge:
    """Receiver and worker."""

    def __init__(self, receiver: Process, worker: Process, session: aiohttp.ClientSession) -> None:
        self.receiver = receiver
        self.worker = worker
        self._processes = (receiver, worker)
        self._session = session

    def require_running(self) -> None:
        """Raise `ProcessFailed` if one of the processes has ended."""
        for process in self._processes:
            process.require_running()

    async def is_ready(self) -> bool:
        """Return true if both processes report that they are ready."""
        return all([await self._is_process_ready(process) for process in self._processes])

    async def metrics(self, *names: str) -> str:
        """
        Read metrics of the worker, as Prometheus would: those of these names, or all.

        Raises `ProcessFailed` if it does not give them.
        """
        url, chosen = f"http://{HOST}:{self.worker.port}/metrics", [("name[]", name) for name in names]
        try:
            async with self._session.get(url, params=chosen) as answer:
                return await answer.text()
        except (aiohttp.ClientError, TimeoutError):
            self.require_running()
            raise ProcessFailed("the worker runs, but does not tell its figures any more") from None

    async def stop(self) -> None:
        """Stop both. Raises `ProcessFailed` if one does not end cleanly, or has logged an error."""
        codes = await asyncio.gather(*(process.child.stop(STOP_TIMEOUT) for process in self._processes))
        for process, code in zip(self._processes, codes, strict=True):
            if code != 0:
                raise ProcessFailed(f"the {process.name} was told to stop and ended with exit code {code}, not 0")
            if error_lines := process.error_lines():
                raise ProcessFailed("\n".join([f"the {process.name} logged what it calls an error:", *error_lines]))

    async def _is_process_ready(self, process: Process) -> bool:
        try:
            async with self._session.get(f"http://{HOST}:{process.port}/readyz") as answer:
                return answer.status == OK
        except (aiohttp.ClientError, TimeoutError):
            return False


@asynccontextmanager
async def run_bridge(
    directory: Path,
    valkey: EmbeddedValkey,
    pagerduty: PagerDutySandbox,
    slack: SlackSandbox,
    *,
    routing: str,
    worker_module: str = "bolt_app",
) -> AsyncIterator[Bridge]:
    """
    Start both processes, and end them when left. Their logs and settings are in `directory`.

    `routing` is what `bridge.toml` holds, and `worker_module` what is run as the worker.
    """
    config = directory / "bridge.toml"
    webhooks, admin, worker = free_ports(3)
    receiver = f"http://{HOST}:{webhooks}"
    config.write_text(routing.replace(RECEIVER_URL, receiver), encoding="utf-8")
    pagerduty.subscribe(f"{receiver}/webhooks/pagerduty", secrets=[SECRET])
    sign_in = pagerduty.add_oauth_app(["users.read"], redirect_uris=[f"{receiver}/oauth/pagerduty/callback"])
    settings = {
        "RECEIVER_HOST": HOST,
        "RECEIVER_PORT": str(webhooks),
        "RECEIVER_ADMIN_PORT": str(admin),
        "WORKER_PORT": str(worker),
        "PAGERDUTY_WEBHOOK_SECRETS": SECRET,
        "PAGERDUTY_API_TOKEN": pagerduty.token,
        "PAGERDUTY_API_URL": pagerduty.url,
        "PAGERDUTY_IDENTITY_URL": pagerduty.url,
        "PAGERDUTY_LINK_CLIENT_ID": sign_in.client_id,
        "PAGERDUTY_LINK_CLIENT_SECRET": sign_in.secret,
        "SLACK_BOT_TOKEN": slack.bot_token,
        "SLACK_APP_TOKEN": slack.app_token,
        "SLACK_API_URL": slack.api_url,
        "SLACK_COMMAND": "/pd",
        "REDIS_URL": valkey.url,
        "BRIDGE_CONFIG": str(config),
        "LOG_LEVEL": "info",
        "LOG_FORMAT": "json",
    }
    environment = without_proxies(os.environ) | settings
    async with AsyncExitStack() as stack:
        session = await stack.enter_async_context(aiohttp.ClientSession(timeout=HTTP_TIMEOUT, trust_env=False))
        receiver_process = Process("receiver", "webhook_receiver", webhooks, directory / "receiver.log", environment)
        stack.push_async_callback(_end, receiver_process)
        worker_process = Process("worker", worker_module, worker, directory / "worker.log", environment)
        stack.push_async_callback(_end, worker_process)
        yield Bridge(receiver_process, worker_process, session)


def start_module(module: str, environment: Mapping[str, str], output: Path) -> Child:
    """Start `python -m <module>`, which prints into `output`."""
    return Child((sys.executable, "-m", module), environment=environment, output=output)


def is_error(line: str) -> bool:
    """Return true if a line of a process's log stands for an error that the story does not mean."""
    try:
        entry = json.loads(line)
    except ValueError:
        return True
    expected = any(each.items() <= entry.items() for each in EXPECTED_ERRORS)
    return entry.get("level") in ("error", "critical") and not expected


async def _end(process: Process) -> None:
    await process.child.stop(STOP_TIMEOUT)
