"""A receiver, put together and run."""

import asyncio
from collections.abc import Sequence
from contextlib import AsyncExitStack

import structlog
from pydantic import SecretStr

from shared.config.bridge_config import BridgeConfig
from shared.config.settings import ReceiverSettings
from shared.http.server import serving, serving_in_public
from shared.store.redis import connect
from webhook_receiver.app import PATH, DeliveryHandler, admin_app, public_app
from webhook_receiver.event_stream import EventStream, Limits
from webhook_receiver.sign_in_page import SignInPage

log = structlog.get_logger()


class Receiver:
    """
    A receiver process. Port 0 in the settings takes any that is free; `port` and `admin_port` say which.

    `run` raises `OSError` when it cannot listen, `WrongLayout` for a store of another layout, and returns when `stop`
    was called and every delivery in hand has had its answer. A Redis that is down does not end it: deliveries are
    answered with 503 until it is back.
    """

    def __init__(self, settings: ReceiverSettings, config: BridgeConfig, limits: Limits | None = None) -> None:
        self.ready = asyncio.Event()
        self.port = settings.receiver_port
        self.admin_port = settings.receiver_admin_port
        self._settings = settings
        self._config = config
        self._limits = limits or Limits()
        self._stopping = asyncio.Event()
        self._intake: DeliveryHandler | None = None
        self._events: EventStream | None = None
        self._sign_ins: SignInPage | None = None

    def stop(self) -> None:
        """Ask the receiver to finish what it has in hand, and end."""
        self._stopping.set()

    def apply_config(self, secrets: Sequence[SecretStr], config: BridgeConfig) -> None:
        """Take deliveries signed with any of these secrets from now on, and the rest as `config` says."""
        if self._intake is not None and self._events is not None and self._sign_ins is not None:
            self._intake.secrets = _plain(secrets)
            self._events.want(config.durability)
            self._sign_ins.on = _links(config)

    async def run(self) -> None:
        """Serve until `stop`."""
        settings = self._settings
        async with AsyncExitStack() as stack:
            client = connect(settings.redis_url.get_secret_value(), one_writer=True)
            stack.push_async_callback(client.aclose)
            events = self._events = EventStream(client, self._config.durability, self._limits)
            intake = self._intake = DeliveryHandler(_plain(settings.pagerduty_webhook_secrets), events)
            sign_ins = self._sign_ins = SignInPage(client, self._limits.store, on=_links(self._config))
            app = public_app(intake, events, sign_ins)
            where = settings.receiver_host, settings.receiver_port
            public = serving_in_public(app, *where, self._limits, {PATH: intake.handle})
            admin = serving(admin_app(events), settings.receiver_admin_port, settings.admin_host)
            # Where the admin port answers, the receiver listens in public; it answers until the last delivery is done.
            opened = await stack.enter_async_context(AsyncExitStack())
            self.port = await opened.enter_async_context(public)
            self.admin_port = await stack.enter_async_context(admin)
            stack.push_async_callback(opened.pop_all().aclose)
            await events.probe()
            self.ready.set()
            log.info("receiver.listening", host=settings.receiver_host, port=self.port, admin_port=self.admin_port)
            async with asyncio.TaskGroup() as group:
                watching = group.create_task(events.watch())
                await self._stopping.wait()
                watching.cancel()
            log.info("receiver.draining", seconds=self._limits.drain)


def _links(config: BridgeConfig) -> bool:
    return config.identity.linking == "oauth"


def _plain(secrets: Sequence[SecretStr]) -> tuple[str, ...]:
    return tuple(secret.get_secret_value() for secret in secrets)
