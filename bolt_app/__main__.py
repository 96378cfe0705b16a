"""The worker: `python -m bolt_app`. Settings, logging, one worker, a clean end on SIGTERM, exit codes that tell."""

import asyncio
import os
import signal
import sys
from collections.abc import Coroutine

from shared.importing import importing

with importing():
    import structlog

    from bolt_app.startup_checks import NotReady
    from bolt_app.worker import Worker
    from shared.config.bridge_config import BridgeConfig
    from shared.config.bridge_file import load_bridge_config
    from shared.config.errors import Misconfigured
    from shared.config.settings import WorkerSettings, load
    from shared.durations import Durations
    from shared.errors import BridgeError, WrongLayout
    from shared.observability.log import configure
    from shared.observability.tracing import tracing

log = structlog.get_logger()

EXIT_OK, EXIT_FAILED, EXIT_MISCONFIGURED = 0, 1, 2
"""Exit codes: told to stop and did; something broke, start again; the settings must be fixed first."""


async def serve(settings: WorkerSettings, config: BridgeConfig, durations: Durations) -> None:
    """Run one worker until a signal ends it."""
    worker = Worker(settings, config, durations)
    loop = asyncio.get_running_loop()
    for name in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(name, worker.stop)
    loop.add_signal_handler(signal.SIGHUP, worker.reload)
    await worker.run()


def main(durations: Durations | None = None) -> int:
    """Start the worker, and return its exit code."""
    try:
        settings = load(WorkerSettings)
        tracing.start("pagebridge-worker", *settings.otlp)
        configure(settings.log_level, settings.log_format, settings.secrets())
        config = load_bridge_config(settings.bridge_config)
    except Misconfigured as error:
        sys.stderr.write(f"The worker cannot start.\n{error}\n")
        return EXIT_MISCONFIGURED
    # Bolt reads this variable by itself, and warns at every start that it does not use it.
    os.environ.pop("SLACK_BOT_TOKEN", None)
    return _run_to_exit_code(serve(settings, config, durations or Durations()))


def _run_to_exit_code(work: Coroutine[None, None, None]) -> int:
    code = EXIT_OK
    try:
        asyncio.run(work)
    except* (NotReady, WrongLayout) as errors:
        log.critical("worker.not_ready", why=_flatten_errors(errors))
        code = EXIT_MISCONFIGURED
    except* (BridgeError, OSError) as errors:
        log.critical("worker.ended", why=_flatten_errors(errors))
        code = EXIT_FAILED
    else:
        log.info("worker.stopped")
    return code


def _flatten_errors(errors: ExceptionGroup[Exception]) -> list[str]:
    """Return the messages of all errors, flattened out of nested exception groups."""
    found: list[str] = []
    for error in errors.exceptions:
        found += _flatten_errors(error) if isinstance(error, ExceptionGroup) else [str(error)]
    return found


if __name__ == "__main__":
    sys.exit(main())
