"""The worker: `python -m bolt_app`. Settings, logging, one worker, a clean end on SIGTERM, exit codes that tell."""

import asyncio
import os
import signal
import sys

import structlog

from bolt_app.preflight import NotReady
from bolt_app.worker import Worker
from shared.bridge_config import load_bridge_config
from shared.errors import BridgeError
from shared.log import configure
from shared.settings import WorkerSettings, load

log = structlog.get_logger()

DONE, FAILED, MISCONFIGURED = 0, 1, 2
"""Exit codes: told to stop and did; something broke, start again; the settings must be mended first."""


async def serve(settings: WorkerSettings) -> None:
    """Run one worker until a signal ends it."""
    worker = Worker(settings, load_bridge_config(settings.bridge_config))
    loop = asyncio.get_running_loop()
    for name in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(name, worker.stop)
    loop.add_signal_handler(signal.SIGHUP, worker.reload)
    await worker.run()


def main() -> int:
    """Start the worker, and return its exit code."""
    try:
        settings = load(WorkerSettings)
    except BridgeError as error:
        sys.stderr.write(f"{error}\n")
        return MISCONFIGURED
    # Bolt reads this variable by itself, and warns at every start that it does not use it.
    os.environ.pop("SLACK_BOT_TOKEN", None)
    configure(settings.log_level, settings.log_format, settings.secrets())
    return _ended(settings)


def _ended(settings: WorkerSettings) -> int:
    code = DONE
    try:
        asyncio.run(serve(settings))
    except* NotReady as errors:
        log.critical("worker.not_ready", why=[str(error) for error in errors.exceptions])
        code = MISCONFIGURED
    except* (BridgeError, OSError) as errors:
        log.critical("worker.ended", why=[str(error) for error in errors.exceptions])
        code = FAILED
    return code


if __name__ == "__main__":
    sys.exit(main())
