"""The simulated PagerDuty as a whole: an account that programs can reach over HTTP, and that sends them webhooks."""

import asyncio
import contextlib
import secrets
from collections.abc import Iterable
from typing import Any, Literal, Self

from aiohttp.web import Application, RouteDef

from pagebridge_sandbox.pagerduty import ids, lifecycle
from pagebridge_sandbox.pagerduty.account import Account
from pagebridge_sandbox.pagerduty.calls import Call, matches
from pagebridge_sandbox.pagerduty.clock import Clock
from pagebridge_sandbox.pagerduty.deliveries import DeliveryQueue
from pagebridge_sandbox.pagerduty.faults import ActiveFault, Fault
from pagebridge_sandbox.pagerduty.incident_parts import AlertReport
from pagebridge_sandbox.pagerduty.incidents import Actor, IncidentView
from pagebridge_sandbox.pagerduty.listener import Listener
from pagebridge_sandbox.pagerduty.oauth import TOKEN_LIFETIME, OAuthApp, OAuthServer
from pagebridge_sandbox.pagerduty.options import Options
from pagebridge_sandbox.pagerduty.people import Automation, WebUser
from pagebridge_sandbox.pagerduty.request_pipeline import RequestPipeline
from pagebridge_sandbox.pagerduty.responses import Json, not_found
from pagebridge_sandbox.pagerduty.rest import (
    directory_reads,
    incident_actions,
    incident_reads,
    incident_writes,
    notes,
)
from pagebridge_sandbox.pagerduty.rest.api import Api
from pagebridge_sandbox.pagerduty.rest.webhook_subscriptions import WebhookSubscriptions
from pagebridge_sandbox.pagerduty.setup import AccountSetup
from pagebridge_sandbox.pagerduty.timers import AccountTimers
from pagebridge_sandbox.pagerduty.webhooks import Webhooks

ROUTE_MODULES = (directory_reads, incident_reads, incident_writes, incident_actions, notes)
ROUTES = {pattern: operation for topic in ROUTE_MODULES for pattern, operation in topic.ROUTES.items()}
TOKEN_LENGTH = 20


class PagerDutySimulator(AccountSetup):
    """
    A PagerDuty on this machine, to be used with `async with`.

    `port` 0 takes a free one. `retry_delay` is the pause before a webhook is tried again, which PagerDuty does not
    publish, `webhook_timeout` how long its receiver may take, both in seconds. `rate_limit` is how many calls a minute
    the key may make, `operation_limit` how many of each operation that has a limit of its own: creating incidents,
    updating several, and reading who is on call.
    """

    def __init__(
        self,
        *,
        port: int = 0,
        retry_delay: float = 1.0,
        webhook_timeout: float = 5.0,
        rate_limit: int = 960,
        operation_limit: int | None = None,
    ) -> None:
        self.clock: Clock = Clock()
        self._deliveries = DeliveryQueue(self.clock, retry_delay, webhook_timeout)
        webhooks = Webhooks(self.clock, self._deliveries)
        super().__init__(Account(self.clock, webhooks.publish), webhooks)
        self._timers = AccountTimers(self._account)
        self.clock.timers = self._timers
        self.token = "u+" + secrets.token_hex(TOKEN_LENGTH // 2 - 1)
        subscription_routes = WebhookSubscriptions(webhooks, self.clock).routes
        self._api = Api(self._account, ROUTES | subscription_routes, self.token, rate_limit, operation_limit)
        self._pipeline = RequestPipeline(self._account, self._api)
        self._listener = Listener(self._application(), port)

    async def __aenter__(self) -> Self:
        """Begin to listen."""
        async with contextlib.AsyncExitStack() as stack:
            group = await stack.enter_async_context(asyncio.TaskGroup())
            stack.push_async_callback(self._deliveries.close)
            await self._deliveries.start(group)
            stack.push_async_callback(self._listener.close)
            await self._listener.start(group)
            stack.callback(self._pipeline.close)
            stack.callback(self.webhooks.close)
            stack.callback(self._timers.stop)
            self._timers.start()
            self._account.references.api_url = self.url
            self._stack = stack.pop_all()
        return self

    async def __aexit__(self, *_exc: object) -> None:
        """End every connection, and stop to listen and to deliver."""
        await self._stack.aclose()

    @property
    def url(self) -> str:
        """The base URL of the REST API, without a slash at the end."""
        return self._listener.url

    @property
    def oauth(self) -> OAuthServer:
        """The apps with scoped OAuth, and their tokens."""
        return self._api.oauth

    def add_oauth_app(
        self,
        scopes: Iterable[str],
        *,
        account: str = "us.acme",
        token_lifetime: float = TOKEN_LIFETIME,
        redirect_uris: Iterable[str] = (),
    ) -> OAuthApp:
        """
        Register an app that may be given these scopes; its tokens are valid for `token_lifetime` seconds.

        People who sign in are sent back to one of `redirect_uris`.
        """
        secret, addresses = secrets.token_hex(TOKEN_LENGTH), frozenset(redirect_uris)
        app = OAuthApp(ids.object_id(), secret, account, frozenset(scopes), token_lifetime, addresses)
        return self.oauth.apps.setdefault(app.client_id, app)

    @property
    def options(self) -> Options:
        """The rules that can be chosen."""
        return self._account.options

    @property
    def lenient_repeats(self) -> bool:
        """Whether acknowledging or resolving twice is answered with the unchanged incident instead of 400."""
        return self.options.lenient_repeats

    @lenient_repeats.setter
    def lenient_repeats(self, value: bool) -> None:
        self.options.lenient_repeats = value

    @property
    def enforce_roles(self) -> bool:
        """Whether a user acts only as far as their roles allow."""
        return self.options.enforce_roles

    @enforce_roles.setter
    def enforce_roles(self, value: bool) -> None:
        self.options.enforce_roles = value

    def trigger(
        self,
        service_id: str,
        title: str,
        urgency: str = "high",
        priority: str | None = None,
        *,
        incident_key: str | None = None,
        client: dict[str, str] | None = None,
        alert: dict[str, Any] | None = None,
    ) -> IncidentView:
        """
        Let monitoring open an incident through the Events API.

        `priority` is a name. `client` (`name` and `url`) is what the monitoring says about itself, `alert` what
        it reports besides the title: `source`, `links` (each `href` and `text`), `details`, `severity`.
        """
        directory = self._account.directory
        priorities = {each.name: each.id for each in reversed(directory.priorities.values())}
        if priority is not None and priority not in priorities:
            raise not_found("Priority Not Found")
        service = directory.service(service_id)
        report = AlertReport(**{"client": client, **(alert or {})})
        draft = lifecycle.IncidentDraft(
            service, title, urgency, priorities.get(priority or ""), incident_key, report=report
        )
        return self.incident(lifecycle.trigger(self._account, draft, Actor.integration(service, client)).id)

    def incident(self, incident_id: str | int) -> IncidentView:
        """Return how an incident stands at this moment, by id or number."""
        return self._api.incident_renderer.view(self._account.incident(incident_id))

    @property
    def incidents(self) -> list[IncidentView]:
        """How every incident stands, the oldest first."""
        return [self.incident(incident_id) for incident_id in self._account.incidents]

    def notes(self, incident_id: str | int) -> list[Json]:
        """Return the notes of an incident as the REST API shows them, oldest first."""
        return [self._api.directory_renderer.note(note) for note in self._account.incident(incident_id).notes]

    def log_entries(self, incident_id: str | int) -> list[Json]:
        """Return the log of an incident as the REST API shows it, but oldest first."""
        incident = self._account.incident(incident_id)
        return [self._api.incident_renderer.log_entry(entry, incident) for entry in incident.log]

    def web(self, user_id: str) -> WebUser:
        """Sit down in front of a person's PagerDuty."""
        return WebUser(self._account, self._account.directory.user(user_id))

    @property
    def automation(self) -> Automation:
        """PagerDuty itself, acting by timers and rules."""
        return Automation(self._account)

    @property
    def calls(self) -> list[Call]:
        """Every call to the REST API so far, oldest first."""
        return self._pipeline.log

    def calls_to(self, method: str, path: str) -> list[Call]:
        """Return the calls of one method (`*` is any) to the paths of a pattern: `*` is one segment, `**` anything."""
        return [call for call in self.calls if method in ("*", call.method) and matches(path, call.path)]

    @property
    def faults(self) -> list[ActiveFault]:
        """The faults in force."""
        return list(self._pipeline.faults.active)

    def add_fault(self, fault: Fault) -> ActiveFault:
        """Put a fault in force; its `remove()` ends it."""
        return self._pipeline.faults.add(fault)

    @property
    def is_down(self) -> bool:
        """Whether it has stopped answering."""
        return self._pipeline.is_down

    def stop_answering(self, how: Literal["refuse", "reset"] = "refuse") -> None:
        """
        Go down, while webhooks go on.

        With `refuse` nothing listens and open connections are cut, so calls fail before they are sent. With `reset` the
        connection is cut once a call has been read, which has no effect; control endpoints still answer.
        """
        self._pipeline.is_down = True
        if how == "refuse":
            self._listener.suspend()

    def answer_again(self) -> None:
        """Come back, at the same address."""
        self._pipeline.is_down = False
        self._listener.resume()

    def _control_routes(self) -> list[RouteDef]:
        """Return further routes, for the control endpoints."""
        return []

    def _application(self) -> Application:
        application = Application()
        application.add_routes(self._control_routes())
        application.router.add_route("*", "/{path:.*}", self._pipeline.handle)
        return application
