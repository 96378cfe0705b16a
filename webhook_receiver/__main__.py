"""
The process: settings, logging, serve, drain.

Exit codes: 0 after SIGTERM or SIGINT, 1 when it cannot listen, 2 when the configuration is wrong or the store has
another layout. SIGHUP reads the
webhook secrets (from `.env`; the environment of a process does not change) and `bridge.toml` again.
"""

import asyncio
import signal
import sys

from shared.importing import importing

with importing():
    import structlog

    from shared.config.bridge_config import BridgeConfig
    from shared.config.bridge_file import load_bridge_config
    from shared.config.errors import Misconfigured
    from shared.config.settings import ReceiverSettings, load
    from shared.errors import WrongLayout
    from shared.observability import log as logging
    from shared.observability.tracing import tracing
    from webhook_receiver.receiver import Receiver

log = structlog.get_logger()

EXIT_OK, EXIT_NOT_LISTENING, EXIT_MISCONFIGURED = 0, 1, 2


def main() -> int:
    """Run a receiver, and return the exit code."""
    try:
        settings = load(ReceiverSettings)
        tracing.start("pagebridge-receiver", *settings.otlp)
        logging.configure(settings.log_level, settings.log_format, settings.secrets())
        config = load_bridge_config(settings.bridge_config)
    except Misconfigured as error:
        sys.stderr.write(f"The receiver cannot start.\n{error}\n")
        return EXIT_MISCONFIGURED
    code = EXIT_OK
    try:
        asyncio.run(_serve(settings, config))
    except* OSError as errors:
        hint = "see RECEIVER_HOST, RECEIVER_PORT, ADMIN_HOST, RECEIVER_ADMIN_PORT"
        log.error("receiver.not_listening", why=str(errors.exceptions[0]), hint=hint)
        code = EXIT_NOT_LISTENING
    except* WrongLayout as errors:
        log.critical("receiver.wrong_layout", why=str(errors.exceptions[0]))
        code = EXIT_MISCONFIGURED
    else:
        log.info("receiver.stopped")
    return code


async def _serve(settings: ReceiverSettings, config: BridgeConfig) -> None:
    receiver = Receiver(settings, config)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, receiver.stop)
    loop.add_signal_handler(signal.SIGHUP, _reload, receiver)
    await receiver.run()


def _reload(receiver: Receiver) -> None:
    """Work by what the files say now; if anything in them is wrong, by what was in force."""
    try:
        settings = load(ReceiverSettings)
        config = load_bridge_config(settings.bridge_config)
    except Misconfigured as error:
        log.error("config.kept", why=str(error))
        return
    logging.configure(settings.log_level, settings.log_format, settings.secrets())
    receiver.apply_config(settings.pagerduty_webhook_secrets, config)
    log.info("config.loaded", keys_accepted=len(settings.pagerduty_webhook_secrets))


if __name__ == "__main__":
    sys.exit(main())
